# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From the objects of a namespace to views of its workloads. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._types import Obj
from .analysis import run_of
from .model import BLUE_GREEN, CANARY, ROLLING, Image, Replicas, Run, Step, View, Weight
from .phase import phase_of
from .traffic import traffic_of

ROLLOUT_HASH, DEPLOYMENT_HASH = "rollouts-pod-template-hash", "pod-template-hash"


@dataclass
class Objects:
    """The objects of one namespace that views are made of; kinds that a verb does not need may stay empty."""

    rollouts: list[Obj] = field(default_factory=list)
    deployments: list[Obj] = field(default_factory=list)
    replica_sets: list[Obj] = field(default_factory=list)
    analysis_runs: list[Obj] = field(default_factory=list)
    services: list[Obj] = field(default_factory=list)
    ingresses: list[Obj] = field(default_factory=list)
    endpoint_slices: list[Obj] = field(default_factory=list)


def views_of(objects: Objects, names: list[str] | None = None) -> dict[str, View]:
    """Return the workloads by name: all Rollouts and Deployments, or those named.

    A Deployment that a Rollout refers to by ``workloadRef`` is part of that Rollout, not a workload of its own unless it is
    named; where a Rollout and a Deployment share a name, the Rollout is meant.
    """
    deployments = {item["metadata"]["name"]: item for item in objects.deployments}
    owned = _by_owner(objects.replica_sets)
    runs = _by_owner(objects.analysis_runs)
    views: dict[str, View] = {}
    referenced = set()
    for rollout in objects.rollouts:
        name = rollout["metadata"]["name"]
        reference = (rollout.get("spec") or {}).get("workloadRef") or {}
        if reference.get("kind") == "Deployment":
            referenced.add(reference.get("name"))
        if names is None or name in names:
            template_owner = deployments.get(reference["name"]) if reference.get("kind") == "Deployment" else None
            views[name] = _rollout_view(
                rollout, template_owner, owned.get(_uid(rollout), []), runs.get(_uid(rollout), []), objects
            )
    for name, deployment in deployments.items():
        if name not in views and (name not in referenced if names is None else name in names):
            views[name] = _deployment_view(deployment, owned.get(_uid(deployment), []))
    return dict(sorted(views.items()))


def _rollout_view(
    rollout: Obj, referenced: Obj | None, replica_sets: list[Obj], analysis_runs: list[Obj], objects: Objects
) -> View:
    spec, status = rollout.get("spec") or {}, rollout.get("status") or {}
    strategy = BLUE_GREEN if "blueGreen" in (spec.get("strategy") or {}) else CANARY
    hashes = {_label(item, ROLLOUT_HASH): item for item in replica_sets}
    current, stable = str(status.get("currentPodHash") or ""), str(status.get("stableRS") or "")
    conditions = status.get("pauseConditions") or []
    return View(
        name=rollout["metadata"]["name"],
        namespace=rollout["metadata"]["namespace"],
        kind="Rollout",
        strategy=strategy,
        phase=phase_of(rollout, referenced),
        raw=rollout,
        template_owner=referenced or rollout,
        hashes=hashes,
        revision=revision_of(rollout),
        stable_revision=revision_of(hashes.get(stable)),
        current_hash=current,
        stable_hash=stable,
        aborted=bool(status.get("abort")),
        paused=bool(spec.get("paused") or conditions),
        pause_reasons=tuple(str(entry.get("reason", "")) for entry in conditions)
        + (("ManualPause",) if spec.get("paused") else ()),
        step=_step(spec, status) if strategy == CANARY else None,
        weight=_weight(spec, status, hashes.get(current)) if strategy == CANARY else None,
        images=_images(hashes, _tags(strategy, status)),
        replicas=Replicas(
            desired=int(spec.get("replicas", 1)),
            current=int(status.get("replicas") or 0),
            updated=int(status.get("updatedReplicas") or 0),
            ready=int(status.get("readyReplicas") or 0),
            available=int(status.get("availableReplicas") or 0),
        ),
        runs=_runs(analysis_runs),
        traffic=traffic_of(rollout, objects.services, objects.ingresses, objects.endpoint_slices, list(hashes)),
    )


def _deployment_view(deployment: Obj, replica_sets: list[Obj]) -> View:
    spec, status = deployment.get("spec") or {}, deployment.get("status") or {}
    hashes = {_label(item, DEPLOYMENT_HASH): item for item in replica_sets}
    newest = max(hashes, key=lambda name: revision_of(hashes[name]), default="")
    phase = phase_of(deployment)
    # While pods are exchanged, the previous revision with pods is what one would go back to.
    older = [name for name in hashes if name != newest and int((hashes[name].get("spec") or {}).get("replicas") or 0)]
    stable = (
        max(older, key=lambda name: revision_of(hashes[name]), default=newest) if phase.name != "Healthy" else newest
    )
    return View(
        name=deployment["metadata"]["name"],
        namespace=deployment["metadata"]["namespace"],
        kind="Deployment",
        strategy=ROLLING,
        phase=phase,
        raw=deployment,
        template_owner=deployment,
        hashes=hashes,
        revision=revision_of(deployment),
        stable_revision=revision_of(hashes.get(stable)),
        current_hash=newest,
        stable_hash=stable,
        paused=bool(spec.get("paused")),
        pause_reasons=("ManualPause",) if spec.get("paused") else (),
        images=_images(hashes, {newest: ["current"], stable: ["stable"]} if stable != newest else {stable: ["stable"]}),
        replicas=Replicas(
            desired=int(spec.get("replicas", 1)),
            current=int(status.get("replicas") or 0),
            updated=int(status.get("updatedReplicas") or 0),
            ready=int(status.get("readyReplicas") or 0),
            available=int(status.get("availableReplicas") or 0),
        ),
    )


def revision_of(item: Obj | None) -> int:
    """Return the revision an object carries in its annotation, 0 when it has none."""
    annotations = ((item or {}).get("metadata") or {}).get("annotations") or {}
    for name in ("rollout.argoproj.io/revision", "deployment.kubernetes.io/revision"):
        if str(annotations.get(name, "")).isdigit():
            return int(annotations[name])
    return 0


def containers_of(template: Obj) -> list[Obj]:
    """Return the containers of a pod template, init containers first."""
    spec = template.get("spec") or {}
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def _step(spec: Obj, status: Obj) -> Step | None:
    steps = spec["strategy"]["canary"].get("steps") or []
    if not steps:
        return None
    index = status.get("currentStepIndex")
    return Step(index=len(steps) if index is None else int(index), total=len(steps))


def _weight(spec: Obj, status: Obj, current: Obj | None) -> Weight:
    wanted = 0 if status.get("abort") else _set_weight(spec, status)
    weights = (status.get("canary") or {}).get("weights") or {}
    if spec["strategy"]["canary"].get("trafficRouting") and weights:
        return Weight(wanted, int((weights.get("canary") or {}).get("weight") or 0))
    if status.get("currentPodHash") == status.get("stableRS"):
        return Weight(wanted, 100 if not spec["strategy"]["canary"].get("trafficRouting") else 0)
    available = int(status.get("availableReplicas") or 0)
    new = int(((current or {}).get("status") or {}).get("availableReplicas") or 0)
    return Weight(wanted, new * 100 // available if available else 0)


def _set_weight(spec: Obj, status: Obj) -> int:
    steps = spec["strategy"]["canary"].get("steps") or []
    index = status.get("currentStepIndex")
    if not steps or index is None or int(index) >= len(steps):
        return 100
    for step in reversed(steps[: int(index) + 1]):
        if "setWeight" in step:
            return int(step["setWeight"])
    return 0


def _tags(strategy: str, status: Obj) -> dict[str, list[str]]:
    current, stable = str(status.get("currentPodHash") or ""), str(status.get("stableRS") or "")
    tags: dict[str, list[str]] = {stable: ["stable"]}
    if strategy == CANARY:
        if current != stable:
            tags[current] = ["canary"]
        return tags
    blue_green = status.get("blueGreen") or {}
    for tag, key in (("active", "activeSelector"), ("preview", "previewSelector")):
        name = str(blue_green.get(key) or "")
        if name and not (tag == "preview" and name == stable):
            tags.setdefault(name, []).append(tag)
    return tags


def _images(hashes: dict[str, Obj], tags: dict[str, list[str]]) -> tuple[Image, ...]:
    found: dict[tuple[str, str], list[str]] = {}
    ordered = sorted(hashes, key=lambda name: revision_of(hashes[name]), reverse=True)
    for name in ordered:
        spec = hashes[name].get("spec") or {}
        if not int(spec.get("replicas") or 0) and name not in tags:
            continue
        for container in containers_of(spec.get("template") or {}):
            key = (str(container.get("name", "")), str(container.get("image", "")))
            found.setdefault(key, [])
            found[key] += [tag for tag in tags.get(name, []) if tag not in found[key]]
    return tuple(Image(name, image, labels) for (name, image), labels in found.items())


def _runs(analysis_runs: list[Obj]) -> tuple[Run, ...]:
    ordered = sorted(
        analysis_runs, key=lambda item: (item["metadata"].get("creationTimestamp", ""), item["metadata"]["name"])
    )
    return tuple(run_of(item) for item in ordered)


def _by_owner(items: list[Obj]) -> dict[str, list[Obj]]:
    found: dict[str, list[Obj]] = {}
    for item in items:
        for owner in item["metadata"].get("ownerReferences") or []:
            if owner.get("controller"):
                found.setdefault(owner.get("uid", ""), []).append(item)
    return found


def _uid(item: Obj) -> str:
    return str(item["metadata"].get("uid") or "")


def _label(item: Obj, name: str) -> str:
    return str((item["metadata"].get("labels") or {}).get(name) or "")
