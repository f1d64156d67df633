# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A service on its way from a Deployment to a Rollout: a small world that takes requests and has controllers.

The controllers do what was seen of the real ones (tests/integration/test_playbook_migrate.py): they work one pod at a time.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ansible_collections.tradesense.delivery.plugins.module_utils._migration import forward
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.moves import (
    Apply,
    Delete,
    Move,
    Patch,
    Wait,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.situation import Situation
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.wanted import Wanted, wanted_of
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    DEPLOYMENT_HASH,
    NAME,
    NAMESPACE,
    NEW,
    OLD,
    ROLLOUT_HASH,
    deployment,
    endpoint_slice,
    laid_over,
    metadata,
    rollout,
    service,
)

HOST, PODS = "trading.example.test", 3
STABLE, CANARY_SERVICE, ACTIVE, PREVIEW = (f"{NAME}-{name}" for name in ("stable", "canary", "active", "preview"))
OLD_INGRESS = f"{NAME}-ingress"
_STRATEGIES: dict[str, Obj] = {
    "canary": {
        "canary": {
            "stableService": STABLE,
            "canaryService": CANARY_SERVICE,
            "trafficRouting": {"nginx": {"stableIngress": STABLE}},
            "steps": [{"setWeight": 10}, {"analysis": {"templates": [{"templateName": "error-rate"}]}}],
        }
    },
    "blue_green": {"blueGreen": {"activeService": ACTIVE, "previewService": PREVIEW}},
}
MAIN = {"canary": STABLE, "blue_green": ACTIVE}
STRATEGIES = list(MAIN)


def finished(situation: Situation) -> Iterator[Move]:
    """Go all the way."""
    yield from forward.to_rollout(situation, "progressively")
    yield from forward.finish(situation)


def ingress(
    name: str, backend: str, *, host: str = HOST, port: int = 80, paths: tuple[str, ...] = ("/",), **meta: Any
) -> Obj:
    """Return an Ingress."""
    target = {"service": {"name": backend, "port": {"number": port}}}
    rules = [
        {"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": target} for path in paths]}}
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name, meta),
        "spec": {"ingressClassName": "nginx", "rules": rules},
    }


def scaler(kind: str = "Deployment", name: str = "by-hand", **meta: Any) -> Obj:
    """Return a HorizontalPodAutoscaler of the service."""
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": NAME}, "maxReplicas": 9}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(name, meta),
        "spec": spec,
    }


def manifests(strategy: str, *, replicas: int = PODS) -> list[Obj]:
    """Return what the service is to be."""
    made = rollout(_STRATEGIES[strategy], spec={"replicas": replicas})
    made["metadata"] = {"name": NAME}
    del made["status"]
    names = [STABLE, CANARY_SERVICE] if strategy == "canary" else [ACTIVE, PREVIEW]
    services = [service(name) for name in names]
    front = ingress(STABLE if strategy == "canary" else OLD_INGRESS, MAIN[strategy])
    for item in (*services, front):
        item["metadata"] = {"name": item["metadata"]["name"]}
    return [*services, front, made]


class World:
    """The objects of a namespace, and controllers that work when they are waited for."""

    def __init__(self, strategy: str, *more: Obj, replicas: int = PODS) -> None:
        self.wanted: Wanted = wanted_of(manifests(strategy, replicas=replicas), NAMESPACE)
        self.objects: dict[tuple[str, str], Obj] = {}
        for item in (deployment(), service(NAME), ingress(OLD_INGRESS, NAME), *more):
            self._put(item)
        self.templates = frozenset({"error-rate"})
        self.quotas: list[Obj] = []
        self._connect()

    def get(self, kind: str, name: str = NAME) -> Obj:
        """Return an object."""
        return self.objects[kind, name]

    def situation(self) -> Situation:
        """Return where the migration stands."""
        of = {
            kind: {name: item for (found, name), item in self.objects.items() if found == kind}
            for kind, _ in self.objects
        }
        return Situation(
            wanted=self.wanted,
            deployment=self.objects.get(("Deployment", NAME)),
            rollout=self.objects.get(("Rollout", NAME)),
            services=of.get("Service", {}),
            ingresses=of.get("Ingress", {}),
            slices=list(of.get("EndpointSlice", {}).values()),
            scalers=list(of.get("HorizontalPodAutoscaler", {}).values()),
            quotas=self.quotas,
            templates=self.templates,
        )

    def run(self, left: Callable[[Situation], Iterator[Move]], *, stop_after: int = 99) -> list[str]:
        """Do what is left, at most so many requests; return the requests in words. Users are served at each moment."""
        done: list[str] = []
        for _ in range(200):
            move = next(left(self.situation()), None)
            if move is None or len(done) == stop_after:
                return done
            if isinstance(move, Wait):
                self.work()
            else:
                self.take(move)
                done.append(move.text)
            assert self.served() >= PODS, done
        raise AssertionError(f"no end after {done}, and still {move}")

    def take(self, move: Move) -> None:
        """Carry a request out."""
        if isinstance(move, Apply):
            for manifest in move.manifests:
                self._apply(manifest)
        elif isinstance(move, Delete):
            del self.objects[move.kind.name, move.target["metadata"]["name"]]
        elif isinstance(move, Patch):
            assert move.target is not None, move.text
            key = move.kind.name, move.target["metadata"]["name"]
            live = self.objects[key]
            self.objects[key] = (
                laid_over(live, move.body) if isinstance(move.body, dict) else _json_patched(live, move.body)
            )
            self.objects[key]["metadata"]["generation"] += move.kind.name in ("Rollout", "Deployment")
        else:
            raise AssertionError(f"{move} cannot be carried out")
        self._connect()

    def work(self) -> None:
        """Let each controller do the next thing."""
        for controller in (self._rollouts, self._deployments):
            controller()
            self._connect()

    def served(self) -> int:
        """Return how many ready pods take the requests of the host: the router looks at the oldest Ingress."""
        for (kind, _), item in self.objects.items():
            if kind == "Ingress":
                for rule in item["spec"]["rules"]:
                    for path in rule["http"]["paths"]:
                        if (rule["host"], path["path"]) == (HOST, "/"):
                            return self.situation().ready(path["backend"]["service"]["name"])
        return 0

    def _apply(self, manifest: Obj) -> None:
        key = manifest["kind"], manifest["metadata"]["name"]
        live = self.objects.get(key)
        made = copy.deepcopy(manifest)
        made["metadata"] = metadata(key[1], made["metadata"])
        if live is None:
            made.setdefault("status", {})
        else:
            # Only what we own and do not send any more is removed: here, the note of the migration.
            made["spec"] = live["spec"]
            annotations = {**(live["metadata"].get("annotations") or {})}
            annotations.pop("delivery.tradesense.io/migration", None)
            made["metadata"] = {**live["metadata"], "annotations": annotations}
            made["status"] = live.get("status", {})
        self._put(made)

    def _put(self, item: Obj) -> None:
        self.objects[item["kind"], item["metadata"]["name"]] = item

    def _rollouts(self) -> None:
        live = self.objects.get(("Rollout", NAME))
        if live is None:
            return
        wanted, status = int(live["spec"]["replicas"]), live["status"]
        ready = min(int(status.get("availableReplicas") or 0) + 1, wanted)
        healthy = ready == wanted
        live["metadata"].setdefault("annotations", {}).setdefault("rollout.argoproj.io/revision", "1")
        reference = live["spec"].get("workloadRef")
        old = self.objects.get(("Deployment", NAME))
        status.update(
            availableReplicas=ready,
            observedGeneration=str(live["metadata"]["generation"]),
            currentPodHash=NEW,
            phase="Healthy" if healthy else "Progressing",
            **({"workloadObservedGeneration": str(old["metadata"]["generation"])} if reference and old else {}),
        )
        if healthy:
            status["stableRS"] = NEW
            self.objects["Service", self.wanted.main]["spec"]["selector"][ROLLOUT_HASH] = NEW
        scale_down = (reference or {}).get("scaleDown")
        if old and (scale_down == "progressively" or (scale_down == "onsuccess" and healthy)):
            left = wanted - ready
            if (
                old["spec"]["replicas"] != left
                and live["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1"
            ):
                old["spec"]["replicas"] = left
                old["metadata"]["generation"] += 1

    def _deployments(self) -> None:
        live = self.objects.get(("Deployment", NAME))
        if live:
            number = live["spec"]["replicas"]
            counts = {
                "replicas": number,
                "updatedReplicas": number,
                "readyReplicas": number,
                "availableReplicas": number,
            }
            live["status"].update(counts, observedGeneration=live["metadata"]["generation"])

    def _connect(self) -> None:
        """Let each Service lead to the pods that it selects."""
        pods = {OLD: (DEPLOYMENT_HASH, "Deployment"), NEW: (ROLLOUT_HASH, "Rollout")}
        for key in [key for key in self.objects if key[0] == "EndpointSlice"]:
            del self.objects[key]
        for name in [name for kind, name in self.objects if kind == "Service"]:
            selector = self.objects["Service", name]["spec"]["selector"]
            ready = {}
            for pod_hash, (label, kind) in pods.items():
                owner = self.objects.get((kind, NAME))
                if owner and selector.items() <= {"app": NAME, label: pod_hash}.items():
                    ready[pod_hash] = int((owner.get("status") or {}).get("availableReplicas") or 0)
            self._put(endpoint_slice(name, ready))


def _json_patched(item: Obj, operations: Sequence[Obj]) -> Obj:
    made = copy.deepcopy(item)
    for operation in operations:
        *path, last = operation["path"].strip("/").split("/")
        place = made
        for part in path:
            place = place[part]
        if operation["op"] == "test":
            assert place[last] == operation["value"], operation
        elif operation["op"] == "remove":
            del place[last]
        else:
            place[last] = operation["value"]
    return made
