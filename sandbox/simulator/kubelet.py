# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for the kubelet where a behaviour changes a pod's status: crash loops, pods that never turn ready."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sandbox.simulator.behaviours import Readiness, behaviour_of
from sandbox.simulator.life import PodLife
from sandbox.simulator.records import Json, PodRecord
from sandbox.simulator.status import Wanted, next_crash_state, shows, status_patch, wanted_status
from sandbox.simulator.world import World

PatchStatus = Callable[[PodRecord, dict[str, Json]], bool]
"""Sends a patch of a pod's ``/status``; False when it was refused or did not arrive."""

# How often crash loops are looked at when nothing else happens (seconds).
_PERIOD = 0.1
# How long a patch has to come back as a watch event before it is sent once more (seconds).
_PATIENCE = 2.0


class Kubelet:
    """Keeps the status of the pods whose behaviour asks for it; leaves all others alone."""

    def __init__(self, world: World, patch: PatchStatus) -> None:
        self._world = world
        self._patch = patch
        self._sent: dict[str, tuple[Wanted, float]] = {}

    def run(self, stop: threading.Event) -> None:
        """Works until ``stop`` is set."""
        seen = -1
        while not stop.is_set():
            self._world.wait(seen, _PERIOD)
            seen = self._world.revision
            if self.step():
                # Something was sent: its echo is a change, so do not spin on a refusal.
                time.sleep(0.005)

    def step(self) -> int:
        """Brings every pod one step further; returns how many patches it sent."""
        work = self._plan()
        for life, wanted in work:
            now = self._world.clock()
            self._sent[life.record.uid] = (wanted, now)
            self._patch(life.record, status_patch(life.record, wanted, now))
        return len(work)

    def _plan(self) -> list[tuple[PodLife, Wanted]]:
        world = self._world
        work: list[tuple[PodLife, Wanted]] = []
        with world.lock:
            now = world.clock()
            special = [life for life in world.pods.values() if life.restore or _is_special(life)]
            for life in special:
                if self._advance(life, now):
                    world.touch()
                wanted = wanted_status(life)
                if wanted is None:
                    continue
                if shows(life.record, wanted):
                    life.restore = False
                    self._sent.pop(life.record.uid, None)
                    continue
                before = self._sent.get(life.record.uid)
                if before is None or before[0] != wanted or now - before[1] > _PATIENCE:
                    work.append((life, wanted))
            if len(self._sent) > len(special):
                alive = {life.record.uid for life in special}
                self._sent = {uid: item for uid, item in self._sent.items() if uid in alive}
        return work

    def _advance(self, life: PodLife, now: float) -> bool:
        if life.behaviour.readiness is not Readiness.CRASH or life.record.terminating:
            return False
        before = life.crash
        life.crash = next_crash_state(before, life.record, life.ready_since, now)
        if life.crash is None or (before is not None and before.running == life.crash.running):
            return False
        if life.crash.running and before is not None:
            life.restart(now)
        return before is not None or not life.crash.running


def _is_special(life: PodLife) -> bool:
    tagged = behaviour_of(life.record.image)
    return not (life.behaviour.readiness is tagged.readiness is Readiness.NORMAL)
