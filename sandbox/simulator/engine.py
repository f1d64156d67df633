# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The clock of the simulator: draws the requests of each stretch of time and hands them to the pods."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from random import Random

from sandbox.simulator.draws import poisson
from sandbox.simulator.life import PodLife
from sandbox.simulator.routing import EntryPoint, PodIndex, entry_points
from sandbox.simulator.traffic import Route, route_of, split
from sandbox.simulator.world import EntryTally, World

# After a change of the cluster the routes are made anew at once, but not more often than this (seconds).
_SETTLE = 0.02
# A process that was stopped for a while must not make up for it in one burst (seconds).
_LONGEST_STEP = 5.0


@dataclass(frozen=True)
class _Entry:
    point: EntryPoint
    rps: float
    routes: tuple[Route[PodLife], ...]
    tally: EntryTally


class Engine:
    """Moves the world's traffic on; ``step`` may be called by a test, ``run`` calls it in real time."""

    def __init__(self, world: World, rng: Random, tick: float = 0.25) -> None:
        self._world = world
        self._rng = rng
        self._tick = tick
        self._entries: list[_Entry] = []
        self._risky: list[PodLife] = []
        self._seen = -1

    def run(self, stop: threading.Event) -> None:
        """Ticks until ``stop`` is set.

        A change of the cluster ends the stretch early, so that requests are split by the routes that were in
        force while they came in.
        """
        last = time.monotonic()
        while not stop.is_set():
            changed = self._world.wait(self._seen, self._tick - (time.monotonic() - last))
            if changed:
                time.sleep(max(0.0, _SETTLE - (time.monotonic() - last)))
            now = time.monotonic()
            self.step(min(now - last, _LONGEST_STEP))
            last = now

    def step(self, seconds: float) -> None:
        """Lets ``seconds`` of traffic pass by the routes known so far, then takes in what has changed."""
        with self._world.lock:
            now = self._world.clock()
            rng = self._rng
            begin = self._world.traffic_seconds
            self._world.traffic_seconds = end = begin + seconds
            for entry in self._entries:
                for life, count in self._serve(entry, poisson(rng, entry.rps * seconds), now):
                    life.meter.add(begin, end, count)
            for life in self._risky:
                if life.running:
                    life.check_risks(rng, seconds)
            if self._seen != self._world.revision:
                self._seen = self._world.revision
                self._reroute()

    def current(self) -> dict[tuple[str, str, str], float]:
        """The entry points there are now (namespace, kind, name) and their requests a second."""
        with self._world.lock:
            return {(e.point.namespace, e.point.kind, e.point.name): e.rps for e in self._entries}

    def _serve(self, entry: _Entry, requests: int, now: float) -> list[tuple[PodLife, int]]:
        if not requests:
            return []
        shares, unserved = split(self._rng, requests, entry.routes)
        entry.tally.unserved += unserved
        entry.tally.served += requests - unserved
        hashes = entry.tally.by_hash
        for life, count in shares:
            life.take(self._rng, count, now)
            key = life.record.hash
            hashes[key] = hashes.get(key, 0) + count
        return shares

    def _reroute(self) -> None:
        world = self._world
        alive = {life.record.uid: life for life in world.pods.values()}
        index = PodIndex(life.record for life in alive.values() if life.running)

        def pods(namespace: str, service: str) -> list[PodLife]:
            return [alive[pod.uid] for pod in index.behind(world.services.get((namespace, service)))]

        self._entries = []
        for point in entry_points(world.ingresses.values(), world.services.values()):
            routes = tuple(
                route_of(
                    branch,
                    pods(point.namespace, branch.service),
                    pods(point.namespace, branch.canary) if branch.canary else [],
                    world.load.header_share,
                )
                for branch in point.branches
            )
            key = (point.namespace, point.kind, point.name)
            tally = world.entries.setdefault(key, EntryTally())
            self._entries.append(_Entry(point, world.load.rps(*key), routes, tally))
        self._risky = [life for life in alive.values() if life.trading]
