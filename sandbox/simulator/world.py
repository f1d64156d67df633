# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulator's memory: what the watches have seen, and what the control API has set. Every method locks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sandbox.simulator.behaviours import Readiness
from sandbox.simulator.life import PodLife, Tally, new_life
from sandbox.simulator.records import IngressRecord, Key, NodeRecord, PodRecord, ServiceRecord
from sandbox.simulator.settings import Load, Override, Overrides

# Pods that are gone stay in the ledger; a sandbox left running for days must not grow without end.
_GONE_KEPT = 20_000


@dataclass
class EntryTally:
    """Requests of one entry point since the ledger was cleared."""

    served: int = 0
    unserved: int = 0
    by_hash: dict[str, int] = field(default_factory=dict)


class World:
    """Pods, nodes, Services, Ingresses, load and overrides; ``revision`` grows with each change that may move traffic.

    ``traffic_seconds``: how much traffic has passed, in seconds; the clock of the pods' meters.
    """

    def __init__(self, load: Load | None = None, clock: Callable[[], float] = time.time) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.revision = 0
        self.traffic_seconds = 0.0
        self.clock = clock
        self.load = load or Load()
        self.overrides = Overrides()
        self.pods: dict[Key, PodLife] = {}
        self.nodes: dict[str, NodeRecord] = {}
        self.services: dict[Key, ServiceRecord] = {}
        self.ingresses: dict[Key, IngressRecord] = {}
        self.gone: dict[str, PodLife] = {}
        self.entries: dict[tuple[str, str, str], EntryTally] = {}

    def touch(self) -> None:
        """Says that something changed."""
        with self.lock:
            self.revision += 1
            self.changed.notify_all()

    def wait(self, seen: int, timeout: float) -> bool:
        """Waits until the revision is no longer ``seen``; False when ``timeout`` seconds passed first."""
        with self.lock:
            return self.changed.wait_for(lambda: self.revision != seen, timeout)

    def put_pod(self, record: PodRecord) -> None:
        with self.lock:
            now = self.clock()
            life = self.pods.get(record.key)
            if life is not None and life.record.uid != record.uid:
                self._bury(record.key)
                life = None
            if life is None:
                life = new_life(record, self.overrides.behaviour_for(record), now=now)
                self.pods[record.key] = life
            else:
                self._update(life, record, now)
            self.touch()

    def drop_pod(self, record: PodRecord) -> None:
        with self.lock:
            life = self.pods.get(record.key)
            if life is not None and life.record.uid == record.uid:
                self._bury(record.key)
                self.touch()

    def replace_pods(self, records: Iterable[PodRecord]) -> None:
        """Takes a complete list, after which watch events follow."""
        with self.lock:
            listed = {record.key: record for record in records}
            for key in [key for key in self.pods if key not in listed]:
                self._bury(key)
            for record in listed.values():
                self.put_pod(record)
            self.touch()

    # Nodes move no traffic: a change of one is no change of the routes.

    def put_node(self, record: NodeRecord) -> None:
        with self.lock:
            self.nodes[record.name] = record

    def drop_node(self, record: NodeRecord) -> None:
        with self.lock:
            self.nodes.pop(record.name, None)

    def replace_nodes(self, records: Iterable[NodeRecord]) -> None:
        with self.lock:
            self.nodes = {record.name: record for record in records}

    def put_service(self, record: ServiceRecord) -> None:
        with self.lock:
            if self.services.get(record.key) != record:
                self.services[record.key] = record
                self.touch()

    def drop_service(self, record: ServiceRecord) -> None:
        with self.lock:
            if self.services.pop(record.key, None):
                self.touch()

    def replace_services(self, records: Iterable[ServiceRecord]) -> None:
        with self.lock:
            self.services = {record.key: record for record in records}
            self.touch()

    def put_ingress(self, record: IngressRecord) -> None:
        with self.lock:
            if self.ingresses.get(record.key) != record:
                self.ingresses[record.key] = record
                self.touch()

    def drop_ingress(self, record: IngressRecord) -> None:
        with self.lock:
            if self.ingresses.pop(record.key, None):
                self.touch()

    def replace_ingresses(self, records: Iterable[IngressRecord]) -> None:
        with self.lock:
            self.ingresses = {record.key: record for record in records}
            self.touch()

    def put_override(self, override: Override) -> None:
        with self.lock:
            self.overrides.put(override)
            self._apply_overrides()

    def drop_override(self, scope: tuple[str, str, str, str, str] | None) -> int:
        """Removes one override, or all with None; returns how many went."""
        with self.lock:
            count = self.overrides.drop(scope)
            self._apply_overrides()
            return count

    def reset(self) -> None:
        """Clears the ledger, not what the pods' own metrics show."""
        with self.lock:
            self.gone.clear()
            for entry in self.entries.values():
                # In place: the engine holds these objects between changes of the cluster.
                entry.served = entry.unserved = 0
                entry.by_hash.clear()
            for life in self.pods.values():
                life.tally = Tally()

    def lives(self) -> list[PodLife]:
        """Pods that are gone (oldest first), then those there are."""
        with self.lock:
            return [*self.gone.values(), *self.pods.values()]

    def _update(self, life: PodLife, record: PodRecord, now: float) -> None:
        if record.ready and not life.record.ready:
            life.ready_since = now
        if record.phase == "Running" and life.record.phase != "Running":
            life.counters.started = now
        changed_image = record.image != life.record.image
        life.record = record
        if changed_image:
            self._change_behaviour(life)

    def _bury(self, key: Key) -> None:
        life = self.pods.pop(key)
        life.gone = True
        life.last_seen = self.clock()
        self.gone[life.record.uid] = life
        while len(self.gone) > _GONE_KEPT:
            del self.gone[next(iter(self.gone))]

    def _apply_overrides(self) -> None:
        for life in self.pods.values():
            self._change_behaviour(life)
        self.touch()

    def _change_behaviour(self, life: PodLife) -> None:
        new = self.overrides.behaviour_for(life.record)
        if new == life.behaviour:
            return
        if new.readiness is Readiness.NORMAL and life.behaviour.readiness is not Readiness.NORMAL:
            life.restore = True
            if life.crash is not None and not life.crash.running:
                life.restart(self.clock())
        life.crash = None
        life.behaviour = new
