# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a new cluster must contain before it is of use: definitions, nodes, the controller's namespace, metrics APIs."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, cast

import yaml

from sandbox.aggregation import CUSTOM_API, RESOURCE_API
from sandbox.launcher.api import ClusterApi
from sandbox.launcher.certificates import METRICS_NAMESPACE, METRICS_SERVICE
from sandbox.launcher.parts import ARGO_NAMESPACE
from sandbox.launcher.ports import HOST
from sandbox.simulator.volumes import PROVISIONER, STORAGE_CLASS
from tools.errors import ToolError

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{ARGO_NAMESPACE}/leases/argo-rollouts-controller-lock"
PROBE = f"/apis/argoproj.io/v1alpha1/namespaces/{ARGO_NAMESPACE}/rollouts/sandbox-probe"
API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
POLL_SECONDS = 0.05


Obj: TypeAlias = dict[str, Any]


class Condition(TypedDict):
    """A condition in the status of a Kubernetes object."""

    type: str
    status: str


class _Status(TypedDict, total=False):
    conditions: list[Condition]
    observedGeneration: object


class _Object(TypedDict, total=False):
    status: _Status


class _List(TypedDict):
    items: list[_Object]


def has_condition(found: object, name: str) -> bool:
    """Tell whether an object's status has the condition ``name`` with status True."""
    status = cast("_Object", found).get("status") or {}
    return any(one["type"] == name and one["status"] == "True" for one in status.get("conditions") or [])


def wait_until(done: Callable[[], bool], *, what: str, timeout: float, alive: Callable[[], None]) -> None:
    """Ask ``done`` until it says True, calling ``alive`` between, which may raise.

    Raises ToolError after ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    while not done():
        alive()
        if time.monotonic() > deadline:
            raise ToolError(f"{what} took longer than {timeout:.0f} s")
        time.sleep(POLL_SECONDS)


def crd_names(folder: Path) -> dict[str, Path]:
    """Return the manifests of custom resource definitions in a folder by the definition's name."""
    found = {}
    for file in sorted(folder.glob("*.yaml")):
        # The same safe loader, in C where that is built: the definitions are 2 MB.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        manifest = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - safe, see above
        if isinstance(manifest, dict) and manifest.get("kind") == "CustomResourceDefinition":
            found[str(manifest["metadata"]["name"])] = file
    return found


def apply_crds(api: ClusterApi, folder: Path) -> list[str]:
    """Apply Argo Rollouts' definitions and return their names."""
    names = crd_names(folder)
    if not names:
        raise ToolError(f"no custom resource definitions in {folder}", hint="Remove that folder and build again.")
    for name, file in names.items():
        api.apply(f"{CRDS}/{name}", file.read_bytes())
    return list(names)


def established(api: ClusterApi, names: list[str]) -> bool:
    """Tell whether the API server serves all these definitions."""
    return all(
        (found := api.get(f"{CRDS}/{name}")) is not None and has_condition(found, "Established") for name in names
    )


def rollouts_served(api: ClusterApi) -> bool:
    """Tell whether the definition that matters most is there and served."""
    return established(api, ["rollouts.argoproj.io"])


def ready_nodes(api: ClusterApi) -> int:
    """Return how many nodes are Ready."""
    found = cast("_List", api.get("/api/v1/nodes"))
    return sum(has_condition(node, "Ready") for node in found["items"])


def ensure_namespace(api: ClusterApi) -> None:
    """Make the Rollouts controller's namespace; it keeps its lease there."""
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ARGO_NAMESPACE}}
    api.apply(f"/api/v1/namespaces/{ARGO_NAMESPACE}", json.dumps(manifest).encode())


def ensure_storage(api: ClusterApi) -> None:
    """Make the class that every claim without one of its own gets; the simulator makes its volumes."""
    manifest = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }
    api.apply(f"/apis/storage.k8s.io/v1/storageclasses/{STORAGE_CLASS}", json.dumps(manifest).encode())


def drop_lease(api: ClusterApi) -> None:
    """Remove the lease of a Rollouts controller known to be dead, so that the next one need not wait for its end."""
    api.delete(LEASE)


def apply_probe(api: ClusterApi) -> None:
    """Make a Rollout without pods: only a controller that really works will write its status."""
    labels = {"app": "sandbox-probe"}
    container = {"name": "none", "image": "none"}
    manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "sandbox-probe", "namespace": ARGO_NAMESPACE},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "strategy": {"canary": {}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    api.apply(PROBE, json.dumps(manifest).encode())


def probe_observed(api: ClusterApi) -> bool:
    """Tell whether the controller has taken notice of the probe."""
    found = cast("_Object", api.get(PROBE) or {})
    return bool((found.get("status") or {}).get("observedGeneration"))


def remove_probe(api: ClusterApi) -> None:
    """Remove the probe."""
    api.delete(PROBE)


def register_metrics(api: ClusterApi, port: int, authority: bytes) -> None:
    """Tell the API server that the metrics APIs are on this port, with a certificate of this authority."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": METRICS_SERVICE, "namespace": METRICS_NAMESPACE},
        # An EndpointSlice may not name a loopback address; what a name resolves to is nobody's business.
        "spec": {"type": "ExternalName", "externalName": HOST},
    }
    api.apply(f"/api/v1/namespaces/{METRICS_NAMESPACE}/services/{METRICS_SERVICE}", json.dumps(service).encode())
    for served in (RESOURCE_API, CUSTOM_API):
        manifest = _api_service(served, port, authority)
        api.apply(f"{API_SERVICES}/{manifest['metadata']['name']}", json.dumps(manifest).encode())


def _api_service(served: str, port: int, authority: bytes) -> Obj:
    group, _, version = served.partition("/")
    # One that did not answer is looked at again after up to half a minute, but at once when it has changed.
    changed = {"sandbox.tradesense.io/registration": secrets.token_hex(4)}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}", "annotations": changed},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "service": {"namespace": METRICS_NAMESPACE, "name": METRICS_SERVICE, "port": port},
            "caBundle": base64.b64encode(authority).decode(),
        },
    }
