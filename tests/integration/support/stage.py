# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a workload stands, read from the cluster itself, and how to get it there without what is tested."""

from __future__ import annotations

import datetime
from typing import Any

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import image

HASH = "rollouts-pod-template-hash"


def status(space: Space, name: str) -> Obj:
    """Return the status of a Rollout."""
    return dict(space.get("Rollout", name).get("status") or {})


def is_in(item: Obj, phase: str) -> bool:
    """Return whether a Rollout is in a phase, and its controller has seen its newest spec."""
    state = item.get("status") or {}
    seen = str(state.get("observedGeneration")) == str(item["metadata"]["generation"])
    return seen and state.get("phase") == phase


def reach(space: Space, name: str, phase: str, *, step: int | None = None) -> Obj:
    """Wait until a Rollout is in a phase (and a step); return it."""

    def arrived() -> Obj | None:
        item = space.get("Rollout", name)
        there = step is None or (item.get("status") or {}).get("currentStepIndex") == step
        return item if is_in(item, phase) and there else None

    found: Obj = space.until(arrived, f"Rollout {name} {phase}{f' in step {step}' if step is not None else ''}")
    return found


def start(space: Space, *manifests: Obj) -> None:
    """Bring objects up as the collection does, and wait until the Rollouts are Healthy with their first revision."""
    space.apply(*manifests)
    for manifest in manifests:
        if manifest["kind"] == "Rollout":
            reach(space, manifest["metadata"]["name"], "Healthy")


def release(space: Space, name: str, tag: str) -> str:
    """Give a Rollout another image and wait until its controller works on it; return the new hash."""
    before = status(space, name)["currentPodHash"]
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image(tag)}]
    space.patch("Rollout", name, change, how="json", fieldManager="somebody-else")
    return taken(space, name, before)


def next_second(space: Space, name: str) -> None:
    """Wait until what is made from now on is younger than the stable ReplicaSet: its time of creation is in whole seconds.

    Argo's rollback window takes revisions of the same second for equally old, and so for no way back.
    """
    stable = status(space, name)["stableRS"]
    [found] = [item for item in space.list("ReplicaSet") if item["metadata"]["labels"].get(HASH) == stable]
    made = datetime.datetime.fromisoformat(found["metadata"]["creationTimestamp"])
    space.until(lambda: datetime.datetime.now(datetime.UTC) - made > datetime.timedelta(seconds=1), "the next second")


def in_first_pause(space: Space, *manifests: Obj) -> None:
    """Bring Rollouts up, release a second version of each, and wait until each pauses in step 1."""
    start(space, *manifests)
    names = [manifest["metadata"]["name"] for manifest in manifests if manifest["kind"] == "Rollout"]
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image("v2")}]
    for name in names:
        space.patch("Rollout", name, change, how="json", fieldManager="somebody-else")
    for name in names:
        reach(space, name, "Paused", step=1)


def taken(space: Space, name: str, before: str) -> str:
    """Wait until a Rollout works on another hash than `before`; return it."""

    def newer() -> str:
        found = str(status(space, name).get("currentPodHash") or "")
        return "" if found == before else found

    return str(space.until(newer, f"Rollout {name} on another revision than {before}"))


def promote_fully(space: Space, name: str) -> None:
    """Promote what is in flight, past everything."""
    space.patch("Rollout", name, {"status": {"promoteFull": True}}, subresource="status")
    promoted(space, name)


def promoted(space: Space, name: str) -> None:
    """Wait until what is in flight is the stable revision."""

    def done() -> bool:
        item = space.get("Rollout", name)
        return is_in(item, "Healthy") and item["status"]["currentPodHash"] == item["status"]["stableRS"]

    space.until(done, f"Rollout {name} promoted")


def abort(space: Space, name: str) -> None:
    """Abort what is in flight."""
    space.patch("Rollout", name, {"status": {"abort": True}}, subresource="status")
    space.until(lambda: status(space, name).get("abortedAt"), f"Rollout {name} aborted")


def unready(space: Space, revision: str, *, most: int | None = None) -> None:
    """Let all pods of a revision (or so many) be not ready; the sandbox leaves what it did not write itself."""
    condition = {"type": "Ready", "status": "False", "reason": "Test"}
    pods = [pod for pod in space.list("Pod") if pod["metadata"]["labels"].get(HASH) == revision]
    for pod in pods[:most]:
        others = [item for item in pod["status"]["conditions"] if item["type"] != "Ready"]
        conditions = {"status": {"conditions": [*others, condition]}}
        space.patch("Pod", pod["metadata"]["name"], conditions, subresource="status")


def selected(space: Space, service: str) -> str:
    """Return the hash that a Service selects, empty when it selects none."""
    return str((space.get("Service", service)["spec"].get("selector") or {}).get(HASH) or "")


def canary_weight(space: Space, ingress: str) -> int:
    """Return the percent that the router sends to the canary."""
    annotations: dict[str, Any] = space.get("Ingress", ingress)["metadata"]["annotations"]
    return int(annotations["nginx.ingress.kubernetes.io/canary-weight"])


def serving(space: Space, service: str) -> int:
    """Return the number of ready endpoints of a Service."""
    slices = [
        item
        for item in space.list("EndpointSlice")
        if item["metadata"].get("labels", {}).get("kubernetes.io/service-name") == service
    ]
    endpoints = [endpoint for item in slices for endpoint in item.get("endpoints") or []]
    return sum(endpoint.get("conditions", {}).get("ready") is not False for endpoint in endpoints)


def replica_sets(space: Space, app: str) -> dict[str, int]:
    """Return the wanted pods of each revision of a workload, by its pod-template hash."""
    found = {}
    for item in space.list("ReplicaSet"):
        labels = item["metadata"]["labels"]
        if labels.get("app") == app:
            found[str(labels.get(HASH) or labels.get("pod-template-hash"))] = int(item["spec"].get("replicas") or 0)
    return found
