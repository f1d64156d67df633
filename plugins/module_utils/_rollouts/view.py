# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From the objects of a namespace to views of its workloads. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .._analysis_runs.run import Run, run_of
from .._types import Obj
from .experiments import experiment_of, hash_tested, tag_of
from .model import BLUE_GREEN, CANARY, ROLLING, Image, Pod, Replicas, Traffic, View
from .phase import phase_of
from .pods import pod_of
from .traffic import canary_ingresses, main_service, traffic_of
from .weights import step_of, weight_of

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
    pods: list[Obj] = field(default_factory=list)


def views_of(objects: Objects, names: list[str] | None = None) -> dict[str, View]:
    """Return the workloads by name: all Rollouts and Deployments, or those named.

    A Deployment that a Rollout refers to by ``workloadRef`` is part of that Rollout, not a workload of its own unless it is
    named; where a Rollout and a Deployment share a name, the Rollout is meant.
    """
    deployments = {item["metadata"]["name"]: item for item in objects.deployments}
    around = _Around(objects)
    wanted = None if names is None else set(names)
    views: dict[str, View] = {}
    referenced = set()
    for rollout in objects.rollouts:
        name = rollout["metadata"]["name"]
        reference = (rollout.get("spec") or {}).get("workloadRef") or {}
        if reference.get("kind") == "Deployment":
            referenced.add(reference.get("name"))
        if wanted is None or name in wanted:
            template_owner = deployments.get(reference["name"]) if reference.get("kind") == "Deployment" else None
            views[name] = _rollout_view(rollout, template_owner, around)
    for name, deployment in deployments.items():
        if name not in views and (name not in referenced if wanted is None else name in wanted):
            views[name] = _deployment_view(deployment, around)
    return dict(sorted(views.items()))


class _Around:
    """What surrounds workloads, sorted once by whom it belongs to: looking through all of it for each would be quadratic."""

    def __init__(self, objects: Objects) -> None:
        self._replica_sets = _by_owner(objects.replica_sets)
        self._runs = _by_owner(objects.analysis_runs)
        self._pods = _by_owner(objects.pods)
        self._experiment_sets = _by_experiment(objects.replica_sets)
        self._experiment_runs = _by_experiment(objects.analysis_runs)
        self._services = _by_name(objects.services)
        self._ingresses = _by_name(objects.ingresses)
        self._slices: dict[str, list[Obj]] = {}
        for item in objects.endpoint_slices:
            self._slices.setdefault(_label(item, "kubernetes.io/service-name"), []).append(item)

    def hashes(self, workload: Obj, label: str) -> dict[str, Obj]:
        """Return pod-template hash -> ReplicaSet of a workload."""
        return {_label(item, label): item for item in self._replica_sets.get(_uid(workload), [])}

    def runs(self, workload: Obj, hashes: dict[str, Obj]) -> tuple[Run, ...]:
        """Return the analysis runs of a workload and of its experiments, oldest first."""
        found = [(_age(item), run_of(item)) for item in self._runs.get(_uid(workload), [])]
        for experiment, items in self._experiment_runs.items():
            tested = hash_tested(workload["metadata"]["name"], experiment, hashes)
            if tested:
                found += [(_age(item), replace(run_of(item), kind="Experiment", hash=tested)) for item in items]
        return tuple(pair[1] for pair in sorted(found, key=lambda pair: pair[0]))

    def experiment_sets(self, workload: Obj, hashes: dict[str, Obj]) -> list[Obj]:
        """Return the ReplicaSets with pods of a workload's experiments."""
        name = workload["metadata"]["name"]
        return [
            item
            for experiment, items in self._experiment_sets.items()
            for item in items
            if (item.get("status") or {}).get("replicas") and hash_tested(name, experiment, hashes)
        ]

    def pods(self, hashes: dict[str, Obj]) -> dict[str, tuple[Pod, ...]]:
        """Return pod-template hash -> pods of its ReplicaSet, oldest first."""
        found = {name: sorted(self._pods.get(_uid(item), []), key=_age) for name, item in hashes.items()}
        return {name: tuple(pod_of(pod) for pod in pods) for name, pods in found.items() if pods}

    def traffic(self, rollout: Obj, hashes: dict[str, Obj]) -> Traffic:
        """Return where the requests for a Rollout go."""
        service = main_service(rollout)
        return traffic_of(
            rollout,
            [self._services[service]] if service in self._services else [],
            [self._ingresses[name] for name in canary_ingresses(rollout) if name in self._ingresses],
            self._slices.get(service, []),
            list(hashes),
        )


def _rollout_view(rollout: Obj, referenced: Obj | None, around: _Around) -> View:
    spec, status = rollout.get("spec") or {}, rollout.get("status") or {}
    strategy = BLUE_GREEN if "blueGreen" in (spec.get("strategy") or {}) else CANARY
    hashes = around.hashes(rollout, ROLLOUT_HASH)
    current, stable = str(status.get("currentPodHash") or ""), str(status.get("stableRS") or "")
    conditions = status.get("pauseConditions") or []
    roles = _roles(strategy, status)
    return View(
        name=rollout["metadata"]["name"],
        namespace=rollout["metadata"]["namespace"],
        kind="Rollout",
        strategy=strategy,
        phase=phase_of(rollout, referenced, hashes.get(current)),
        raw=rollout,
        template_owner=referenced or rollout,
        hashes=hashes,
        roles=roles,
        pods=around.pods(hashes),
        revision=revision_of(rollout),
        stable_revision=revision_of(hashes.get(stable)),
        current_hash=current,
        stable_hash=stable,
        aborted=bool(status.get("abort")),
        paused=bool(spec.get("paused") or conditions),
        pause_reasons=tuple(str(entry.get("reason", "")) for entry in conditions)
        + (("ManualPause",) if spec.get("paused") else ()),
        step=step_of(rollout) if strategy == CANARY else None,
        weight=weight_of(rollout, hashes.get(current)) if strategy == CANARY else None,
        images=_images(hashes, roles, around.experiment_sets(rollout, hashes)),
        replicas=_replicas(spec, status),
        runs=around.runs(rollout, hashes),
        traffic=around.traffic(rollout, hashes),
    )


def _deployment_view(deployment: Obj, around: _Around) -> View:
    spec = deployment.get("spec") or {}
    hashes = around.hashes(deployment, DEPLOYMENT_HASH)
    newest = max(hashes, key=lambda name: revision_of(hashes[name]), default="")
    phase = phase_of(deployment)
    # While pods are exchanged, the previous revision with pods is what one would go back to.
    older = [name for name in hashes if name != newest and int((hashes[name].get("spec") or {}).get("replicas") or 0)]
    stable = (
        max(older, key=lambda name: revision_of(hashes[name]), default=newest) if phase.name != "Healthy" else newest
    )
    roles = {newest: ["current"], stable: ["stable"]} if stable != newest else {stable: ["stable"]}
    return View(
        name=deployment["metadata"]["name"],
        namespace=deployment["metadata"]["namespace"],
        kind="Deployment",
        strategy=ROLLING,
        phase=phase,
        raw=deployment,
        template_owner=deployment,
        hashes=hashes,
        roles=roles,
        pods=around.pods(hashes),
        revision=revision_of(deployment),
        stable_revision=revision_of(hashes.get(stable)),
        current_hash=newest,
        stable_hash=stable,
        paused=bool(spec.get("paused")),
        pause_reasons=("ManualPause",) if spec.get("paused") else (),
        images=_images(hashes, roles),
        replicas=_replicas(spec, deployment.get("status") or {}),
    )


def _replicas(spec: Obj, status: Obj) -> Replicas:
    return Replicas(
        desired=int(spec.get("replicas", 1)),
        current=int(status.get("replicas") or 0),
        updated=int(status.get("updatedReplicas") or 0),
        ready=int(status.get("readyReplicas") or 0),
        available=int(status.get("availableReplicas") or 0),
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


def _roles(strategy: str, status: Obj) -> dict[str, list[str]]:
    """Return pod-template hash -> what it is now."""
    current, stable = str(status.get("currentPodHash") or ""), str(status.get("stableRS") or "")
    roles: dict[str, list[str]] = {stable: ["stable"]} if stable else {}
    if strategy == CANARY:
        if current and current != stable:
            roles[current] = ["canary"]
        return roles
    blue_green = status.get("blueGreen") or {}
    active, preview = (str(blue_green.get(key) or "") for key in ("activeSelector", "previewSelector"))
    if active:
        roles.setdefault(active, []).append("active")
    # At rest both Services select the same, and there is nothing to preview.
    if preview and preview != active:
        roles.setdefault(preview, []).append("preview")
    return roles


def _images(
    hashes: dict[str, Obj], roles: dict[str, list[str]], experiment_sets: list[Obj] | None = None
) -> tuple[Image, ...]:
    ordered = sorted(hashes, key=lambda name: revision_of(hashes[name]), reverse=True)
    tagged = [
        (hashes[name], roles.get(name, []))
        for name in ordered
        # What has a role is told without pods too: it is what comes, or what there would be again.
        if name in roles or int((hashes[name].get("spec") or {}).get("replicas") or 0)
    ]
    tagged += [(item, [tag_of(item)]) for item in experiment_sets or []]
    found: dict[tuple[str, str], list[str]] = {}
    for replica_set, tags in tagged:
        for container in containers_of((replica_set.get("spec") or {}).get("template") or {}):
            known = found.setdefault((str(container.get("name", "")), str(container.get("image", ""))), [])
            known += [tag for tag in tags if tag not in known]
    return tuple(Image(name, image, tags) for (name, image), tags in found.items())


def _age(item: Obj) -> tuple[str, str]:
    """Sort the oldest first."""
    return str(item["metadata"].get("creationTimestamp") or ""), str(item["metadata"]["name"])


def _by_name(items: list[Obj]) -> dict[str, Obj]:
    return {str(item["metadata"]["name"]): item for item in items}


def _by_owner(items: list[Obj]) -> dict[str, list[Obj]]:
    found: dict[str, list[Obj]] = {}
    for item in items:
        for owner in item["metadata"].get("ownerReferences") or []:
            if owner.get("controller"):
                found.setdefault(owner.get("uid", ""), []).append(item)
    return found


def _by_experiment(items: list[Obj]) -> dict[str, list[Obj]]:
    found: dict[str, list[Obj]] = {}
    for item in items:
        if experiment_of(item):
            found.setdefault(experiment_of(item), []).append(item)
    return found


def _uid(item: Obj) -> str:
    return str(item["metadata"].get("uid") or "")


def _label(item: Obj, name: str) -> str:
    return str((item["metadata"].get("labels") or {}).get(name) or "")
