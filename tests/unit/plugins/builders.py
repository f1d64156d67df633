# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Objects as the API server holds them and Argo Rollouts 1.10 writes them, to build tests from.

Everything is decoded JSON. Settings given by a test are laid over the usual ones, mapping by mapping; None removes a key.
"""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

NAMESPACE = "tradesense-production"
NAME = "tradesense-trading-service"
# Pod-template hashes: what was promoted first, what is stable, what comes.
FIRST, OLD, NEW = "7b6f8c5d4f", "5d8f7b9c4d", "6c96ffff68"
IMAGE = "tradesense/trading-service"
ROLLOUT_HASH, DEPLOYMENT_HASH = "rollouts-pod-template-hash", "pod-template-hash"

STEPS: list[Obj] = [
    {"setWeight": 10},
    {"pause": {}},
    {"setWeight": 30},
    {"analysis": {"templates": [{"templateName": "error-rate"}, {"templateName": "latency"}]}},
    {"pause": {"duration": 300}},
    {"setWeight": 60},
    {"pause": {}},
]


def laid_over(base: Any, given: Any) -> Any:
    """Return `given` laid over `base`, as a merge patch does."""
    if not isinstance(base, dict) or not isinstance(given, dict):
        return copy.deepcopy(given)
    merged = copy.deepcopy(base)
    for key, value in given.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = laid_over(merged.get(key), value)
    return merged


def template(version: str = "v2.7.0", given: Obj | None = None) -> Obj:
    """Return a pod template of the trading service."""
    usual: Obj = {
        "metadata": {"labels": {"app": NAME, "component": "backend", "version": version}},
        "spec": {
            "containers": [
                {
                    "name": "trading-service",
                    "image": f"{IMAGE}:{version}",
                    "ports": [{"name": "http", "containerPort": 8000}],
                    "env": [{"name": "LOG_LEVEL", "value": "INFO"}, {"name": "WORKERS", "value": "4"}],
                    "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}},
                }
            ]
        },
    }
    return laid_over(usual, given or {})  # type: ignore[no-any-return]


def metadata(name: str, given: Obj | None = None) -> Obj:
    """Return metadata; the uid follows from the name."""
    usual = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "resourceVersion": "1000", "generation": 1}
    return laid_over(usual, given or {})  # type: ignore[no-any-return]


def owned_by(name: str, kind: str = "Rollout") -> list[Obj]:
    """Return the owner reference of what a controller made."""
    return [
        {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "name": name, "uid": f"uid-{name}", "controller": True}
    ]


def rollout(strategy: Obj, *, name: str = NAME, spec: Obj | None = None, status: Obj | None = None, **meta: Any) -> Obj:
    """Return a Rollout."""
    usual: Obj = {
        "replicas": 10,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": {"app": name}},
        "template": template(),
        "strategy": strategy,
    }
    revision = {"annotations": {"rollout.argoproj.io/revision": "7"}, "generation": 12}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": metadata(name, laid_over(revision, meta)),
        "spec": laid_over(usual, spec or {}),
        "status": status or {},
    }


def deployment(name: str = NAME, *, spec: Obj | None = None, status: Obj | None = None, **meta: Any) -> Obj:
    """Return a Deployment with all pods up."""
    usual = {"replicas": 3, "selector": {"matchLabels": {"app": name}}, "template": template()}
    counts = {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    revision = {"annotations": {"deployment.kubernetes.io/revision": "7"}, "generation": 5}
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, laid_over(revision, meta)),
        "spec": laid_over(usual, spec or {}),
        "status": laid_over({"observedGeneration": 5, **counts, "conditions": [progressing]}, status or {}),
    }


def replica_set(
    pod_hash: str,
    revision: int,
    replicas: int,
    *,
    version: str = "v2.7.0",
    owner: str = NAME,
    label: str = ROLLOUT_HASH,
    given: Obj | None = None,
) -> Obj:
    """Return a ReplicaSet with all of its pods available."""
    annotation = "rollout.argoproj.io/revision" if label == ROLLOUT_HASH else "deployment.kubernetes.io/revision"
    labels = {"app": owner, label: pod_hash}
    usual = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata(
            f"{owner}-{pod_hash}",
            {"labels": labels, "annotations": {annotation: str(revision)}, "ownerReferences": owned_by(owner)},
        ),
        "spec": {"replicas": replicas, "template": template(version, {"metadata": {"labels": labels}})},
        "status": {
            "observedGeneration": 1,
            "replicas": replicas,
            "readyReplicas": replicas,
            "availableReplicas": replicas,
        },
    }
    return laid_over(usual, given or {})  # type: ignore[no-any-return]


def pod(name: str, pod_hash: str = NEW, *, owner: str = NAME, given: Obj | None = None) -> Obj:
    """Return a pod of a ReplicaSet that runs and is ready."""
    usual = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(
            f"{owner}-{pod_hash}-{name}",
            {
                "labels": {"app": owner, ROLLOUT_HASH: pod_hash},
                "ownerReferences": owned_by(f"{owner}-{pod_hash}", "ReplicaSet"),
                "creationTimestamp": "2026-11-23T10:00:00Z",
            },
        ),
        "spec": {"containers": [{"name": "app"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
            "containerStatuses": [container("app")],
        },
    }
    return laid_over(usual, given or {})  # type: ignore[no-any-return]


def container(name: str, state: Obj | None = None, **given: Any) -> Obj:
    """Return the status of a container: it runs and is ready, unless it is in another state."""
    usual = {"name": name, "ready": state is None, "restartCount": 0, "state": state or {"running": {}}}
    return {**usual, **given}


def service(name: str, selected: str = "", *, spec: Obj | None = None, **meta: Any) -> Obj:
    """Return a Service; `selected` is the pod-template hash the controller put into its selector."""
    selector = {"app": NAME, **({ROLLOUT_HASH: selected} if selected else {})}
    usual = {"selector": selector, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, meta),
        "spec": laid_over(usual, spec or {}),
    }


def canary_ingress(weight: int, *, name: str = f"{NAME}-{NAME}-stable-canary") -> Obj:
    """Return the Ingress the controller makes for the canary."""
    annotations = {
        "nginx.ingress.kubernetes.io/canary": "true",
        "nginx.ingress.kubernetes.io/canary-weight": str(weight),
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name, {"annotations": annotations, "ownerReferences": owned_by(NAME)}),
        "spec": {"ingressClassName": "nginx", "rules": []},
    }


def endpoint_slice(of: str, ready: dict[str, int], unready: dict[str, int] | None = None, *, owner: str = NAME) -> Obj:
    """Return an EndpointSlice of a Service: numbers of pods by pod-template hash."""
    endpoints = [
        {
            "addresses": [f"10.0.{int(state)}.{number}"],
            "conditions": {"ready": state, "serving": state, "terminating": False},
            "targetRef": {"kind": "Pod", "name": f"{owner}-{name}-abc{number}"},
        }
        for state, pods in ((True, ready), (False, unready or {}))
        for name, count in pods.items()
        for number in range(count)
    ]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata(f"{of}-x2x4z", {"labels": {"kubernetes.io/service-name": of}}),
        "addressType": "IPv4",
        "endpoints": endpoints,
    }


def analysis_run(
    name: str, phase: str, *, pod_hash: str = NEW, kind: str = "Step", metrics: list[Obj] | None = None, **meta: Any
) -> Obj:
    """Return an AnalysisRun; `metrics` come from `metric`."""
    found = metrics or []
    labels = {"rollout-type": kind, ROLLOUT_HASH: pod_hash}
    usual = {"labels": labels, "ownerReferences": owned_by(NAME), "creationTimestamp": "2026-11-23T10:00:00Z"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": metadata(name, laid_over(usual, meta)),
        "spec": {"metrics": [item["spec"] for item in found]},
        "status": {"phase": phase, "metricResults": [item["result"] for item in found]},
    }


def metric(name: str, condition: str, *measured: tuple[str, str]) -> Obj:
    """Return a metric's spec and its result; each measurement is a phase and a value."""
    measurements = [
        {
            "phase": phase,
            "value": value,
            "startedAt": f"2026-11-23T10:00:{index:02}Z",
            "finishedAt": f"2026-11-23T10:00:{index:02}Z",
        }
        for index, (phase, value) in enumerate(measured)
    ]
    last = measured[-1][0] if measured else "Pending"
    return {
        "spec": {"name": name, "successCondition": condition},
        "result": {"name": name, "phase": last, "measurements": measurements},
    }


def managed(manager: str, operation: str, fields: Obj, subresource: str = "") -> Obj:
    """Return an entry of managedFields."""
    entry = {
        "manager": manager,
        "operation": operation,
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return {**entry, **({"subresource": subresource} if subresource else {})}
