# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The cluster as the tests see it: plain requests, nothing of what is tested."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from kubernetes import client, config

Obj = dict[str, Any]

# Kind -> address of its collection below the API server, without the namespace.
KINDS = {
    "ConfigMap": ("api/v1", "configmaps"),
    "Secret": ("api/v1", "secrets"),
    "Service": ("api/v1", "services"),
    "ServiceAccount": ("api/v1", "serviceaccounts"),
    "Pod": ("api/v1", "pods"),
    "Deployment": ("apis/apps/v1", "deployments"),
    "ReplicaSet": ("apis/apps/v1", "replicasets"),
    "StatefulSet": ("apis/apps/v1", "statefulsets"),
    "PersistentVolumeClaim": ("api/v1", "persistentvolumeclaims"),
    "Job": ("apis/batch/v1", "jobs"),
    "Event": ("api/v1", "events"),
    "ResourceQuota": ("api/v1", "resourcequotas"),
    "LimitRange": ("api/v1", "limitranges"),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
    "Ingress": ("apis/networking.k8s.io/v1", "ingresses"),
    "Route": ("apis/route.openshift.io/v1", "routes"),
    "EndpointSlice": ("apis/discovery.k8s.io/v1", "endpointslices"),
    "HorizontalPodAutoscaler": ("apis/autoscaling/v2", "horizontalpodautoscalers"),
    "Role": ("apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "Rollout": ("apis/argoproj.io/v1alpha1", "rollouts"),
    "AnalysisTemplate": ("apis/argoproj.io/v1alpha1", "analysistemplates"),
    "AnalysisRun": ("apis/argoproj.io/v1alpha1", "analysisruns"),
    "Experiment": ("apis/argoproj.io/v1alpha1", "experiments"),
}
# What an apply or a verb may touch; pods, endpoints and events come and go by themselves, and a quota counts them;
# Routes are of OpenShift, and claims belong to their StatefulSets.
_OF_OTHERS = ("Pod", "EndpointSlice", "Event", "ResourceQuota", "Route", "PersistentVolumeClaim")
LOOKED_AT = [kind for kind in KINDS if kind not in _OF_OTHERS]
PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}
_POLL_SECONDS = 0.05


class Refused(Exception):
    """The API server answered with an error; `code` is its HTTP status."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


class Cluster:
    """The API server of a kubeconfig (default: the one that KUBECONFIG names), with the rights of that file."""

    def __init__(self, kubeconfig: Path | None = None) -> None:
        configuration = client.Configuration()
        config.load_kube_config(str(kubeconfig) if kubeconfig else None, client_configuration=configuration)
        self.host = str(configuration.host).rstrip("/")
        self.ca_cert = str(configuration.ssl_ca_cert)
        self._session = requests.Session()
        # Neither a proxy nor other certificates of this machine's environment.
        self._session.trust_env = False
        self._session.verify = self.ca_cert
        self.client_cert = (str(configuration.cert_file), str(configuration.key_file))
        self._session.cert = self.client_cert

    def space(self, name: str) -> Space:
        """Return a namespace of this cluster; it need not exist yet."""
        return Space(self, name)

    def request(self, method: str, path: str, body: Any = None, **params: Any) -> Obj:
        """Send one request; `content_type` among the parameters says what the body is.

        Raises:
            Refused: the answer is an error.
        """
        headers = {"Content-Type": params.pop("content_type", "application/json")}
        data = None if body is None else json.dumps(body)
        answer = self._session.request(
            method, f"{self.host}/{path}", data=data, params=params, headers=headers, timeout=30
        )
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.text)
        decoded: Obj = answer.json()
        return decoded

    def text(self, path: str) -> str:
        """Return what an address answers that speaks no JSON."""
        return self._session.get(f"{self.host}/{path}", timeout=30).text

    def stream(self, path: str, **params: Any) -> requests.Response:
        """Open a watch."""
        return self._session.get(f"{self.host}/{path}", params={"watch": "true", **params}, stream=True, timeout=600)


class Space:
    """One namespace: every test has its own."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def make(self) -> Space:
        """Create the namespace."""
        metadata = {"name": self.name, "labels": {"tradesense-test": "true"}}
        self.cluster.request("POST", "api/v1/namespaces", {"metadata": metadata})
        return self

    def remove(self) -> None:
        """Delete the namespace, without waiting until it is gone."""
        try:
            self.cluster.request("DELETE", f"api/v1/namespaces/{self.name}")
        except Refused as refused:
            if refused.code not in (404, 409):
                raise

    def path(self, kind: str, name: str = "", subresource: str = "") -> str:
        """Return the address of a kind's collection, of an object or of its subresource."""
        group, plural = KINDS[kind]
        return "/".join(part for part in (group, "namespaces", self.name, plural, name, subresource) if part)

    def create(self, *manifests: Obj, manager: str = "somebody-else") -> None:
        """Create objects, as another manager than the collection."""
        for manifest in manifests:
            self.cluster.request("POST", self.path(manifest["kind"]), manifest, fieldManager=manager)

    def apply(self, *manifests: Obj, manager: str = "tradesense-delivery", **params: Any) -> None:
        """Apply objects server-side, as an earlier run of the collection did (or as another manager)."""
        for manifest in manifests:
            name, query = manifest["metadata"]["name"], {"fieldManager": manager, **params}
            self.patch(manifest["kind"], name, manifest, how="apply", **query)

    def get(self, kind: str, name: str) -> Obj:
        """Return an object."""
        return self.cluster.request("GET", self.path(kind, name))

    def find(self, kind: str, name: str) -> Obj | None:
        """Return an object, None when it does not exist."""
        try:
            return self.get(kind, name)
        except Refused as refused:
            if refused.code == 404:
                return None
            raise

    def list(self, kind: str) -> list[Obj]:
        """Return all objects of a kind."""
        return [{"kind": kind, **item} for item in self.cluster.request("GET", self.path(kind)).get("items") or []]

    def patch(
        self, kind: str, name: str, body: Any, *, how: str = "merge", subresource: str = "", **params: Any
    ) -> Obj:
        """Patch an object; `params` are the query's, e.g. fieldManager."""
        path = self.path(kind, name, subresource)
        return self.cluster.request("PATCH", path, body, content_type=PATCHES[how], **params)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object."""
        self.cluster.request("DELETE", self.path(kind, name))

    def everything(self) -> dict[str, Obj]:
        """Return all objects that something applied could touch, by `Kind/name`."""
        found = {f"{kind}/{item['metadata']['name']}": item for kind in LOOKED_AT for item in self.list(kind)}
        # Kubernetes puts these into every namespace at a moment of its own.
        for name in ("ConfigMap/kube-root-ca.crt", "ServiceAccount/default"):
            found.pop(name, None)
        return found

    def until(self, done: Callable[[], Any], what: str, seconds: float = 30, *, pause: float = _POLL_SECONDS) -> Any:
        """Ask `done` until it returns something true, and return that; `pause` is how long it rests in between.

        Raises:
            AssertionError: it did not within so many seconds.
        """
        deadline = time.monotonic() + seconds
        while True:
            outcome = done()
            if outcome:
                return outcome
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:g} s in namespace {self.name}: {what}")
            time.sleep(pause)


def versions(objects: dict[str, Obj]) -> dict[str, str]:
    """Return the resourceVersion of each object."""
    return {name: item["metadata"]["resourceVersion"] for name, item in objects.items()}


def write_kubeconfig(path: Path, host: str, ca_cert: str, user: Obj) -> Path:
    """Write a kubeconfig for one cluster and one user; JSON is YAML too."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [
            {"name": "test", "cluster": {"server": host, **({"certificate-authority": ca_cert} if ca_cert else {})}}
        ],
        "users": [{"name": "test", "user": user}],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
