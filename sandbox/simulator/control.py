# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the control API can be asked, apart from HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict

from sandbox.simulator.commands import read_load, read_override, read_scope
from sandbox.simulator.engine import Engine
from sandbox.simulator.exposition import CONTENT_TYPE, PodCollector, RouterCollector, render
from sandbox.simulator.life import PodLife
from sandbox.simulator.records import Json
from sandbox.simulator.world import World

_JSON = "application/json"


class Answer:
    """Status, body and content type of an answer; a body that is not bytes is sent as JSON."""

    def __init__(self, status: int, body: Json | bytes, content_type: str = _JSON) -> None:
        self.status = status
        self.content_type = content_type
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode() + b"\n"


class Control:
    """What can be asked; each method returns the JSON of the answer, or raises ValueError for a bad request."""

    def __init__(self, world: World, engine: Engine, synced: Callable[[], bool]) -> None:
        self.world = world
        self.engine = engine
        self.synced = synced

    def metrics_of(self, namespace: str, name: str) -> Answer:
        """A pod's metrics; 404 for an unknown pod, 503 while its process does not run."""
        life = self.world.pods.get((namespace, name))
        if life is None:
            return Answer(404, {"error": f"there is no pod {namespace}/{name}"})
        if not life.running:
            return Answer(503, {"error": f"pod {namespace}/{name} does not run"})
        return Answer(200, render(PodCollector(life)), CONTENT_TYPE)

    def router_metrics(self) -> Answer:
        with self.world.lock:
            return Answer(200, render(RouterCollector(self.world.entries)), CONTENT_TYPE)

    def counts(self, namespace: str, app: str) -> list[Json]:
        """The ledger: every pod seen since the last reset, gone ones first."""
        with self.world.lock:
            now = self.world.clock()
            return [
                _ledger_row(life, now)
                for life in self.world.lives()
                if namespace in ("", life.record.namespace) and app in ("", life.record.app)
            ]

    def entry_points(self) -> list[Json]:
        """Entry points there are, or that had requests since the last reset (those that are gone have rps 0)."""
        with self.world.lock:
            current = self.engine.current()
            return [
                {
                    "namespace": key[0],
                    "kind": key[1],
                    "name": key[2],
                    "rps": current.get(key, 0.0),
                    "served": tally.served,
                    "unserved": tally.unserved,
                    "by_hash": dict(tally.by_hash),
                }
                for key, tally in sorted(self.world.entries.items())
                if key in current or tally.served or tally.unserved
            ]

    def load(self) -> Json:
        with self.world.lock:
            load = self.world.load
            return {
                "ingress_rps": load.ingress_rps,
                "service_rps": load.service_rps,
                "header_share": load.header_share,
                "rules": [asdict(rule) for rule in load.rules],
            }

    def put_load(self, body: Mapping[str, Json]) -> Json:
        rule, share, drop = read_load(body)
        with self.world.lock:
            if share is not None:
                self.world.load.header_share = share
            if rule is not None:
                (self.world.load.drop if drop else self.world.load.put)(rule)
            self.world.touch()
            return self.load()

    def behaviours(self) -> Json:
        """The overrides in force."""
        with self.world.lock:
            return [
                {**{field: value for field, value in item.place().items() if value}, "behaviour": item.behaviour.name}
                for item in self.world.overrides.items
            ]

    def put_behaviour(self, body: Mapping[str, Json]) -> Json:
        self.world.put_override(read_override(body))
        return self.behaviours()

    def drop_behaviour(self, body: Mapping[str, Json]) -> Json:
        self.world.drop_override(read_scope(body))
        return self.behaviours()

    def reset(self) -> Json:
        self.world.reset()
        return {"reset": True}


def _ledger_row(life: PodLife, now: float) -> Json:
    record = life.record
    return {
        "namespace": record.namespace,
        "app": record.app,
        "pod": record.name,
        "uid": record.uid,
        "hash": record.hash,
        "image": record.image,
        "behaviour": life.behaviour.name,
        **asdict(life.tally),
        "first_seen": round(life.first_seen, 3),
        "last_seen": round(life.last_seen if life.gone else now, 3),
        "gone": life.gone,
    }
