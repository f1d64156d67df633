# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Service accounts that may do exactly what a test lets them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import requests

from tests.integration.support.cluster import Cluster, Obj, Space, write_kubeconfig


def rule(group: str, resources: list[str], *verbs: str, names: list[str] | None = None) -> Obj:
    """Return a rule of a role; `names` are the objects it is about, all by default."""
    made: Obj = {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
    return {**made, "resourceNames": names} if names else made


def kubeconfig_of(space: Space, name: str, rules: Sequence[Obj], folder: Path) -> Path:
    """Make a service account with these rights in its namespace and none elsewhere; return its kubeconfig.

    The API server knows the rights when it returns.
    """
    metadata = {"metadata": {"name": name}}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": space.name}
    space.create(
        {"kind": "ServiceAccount", **metadata},
        {"kind": "Role", **metadata, "rules": list(rules)},
        {"kind": "RoleBinding", **metadata, "subjects": [subject], "roleRef": reference},
    )
    token = token_of(space, name)
    space.until(lambda: _may(space, token, rules[0]), f"the rights of account {name}")
    return kubeconfig_with(token, space.cluster, folder / name)


def token_of(space: Space, name: str) -> str:
    """Return a token of a service account of this namespace, as `kubectl create token` does."""
    request: Obj = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    return str(space.cluster.request("POST", space.path("ServiceAccount", name, "token"), request)["status"]["token"])


def kubeconfig_with(token: str, cluster: Cluster, path: Path) -> Path:
    """Write a kubeconfig with a token and nothing else, and return its path."""
    return write_kubeconfig(path, cluster.host, cluster.ca_cert, {"token": token})


def _may(space: Space, token: str, rule: Obj) -> bool:
    attributes = {
        "namespace": space.name,
        "verb": rule["verbs"][0],
        "group": rule["apiGroups"][0],
        "resource": rule["resources"][0],
        "name": next(iter(rule.get("resourceNames") or []), ""),
    }
    answer = requests.post(
        f"{space.cluster.host}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        json={"spec": {"resourceAttributes": attributes}},
        headers={"Authorization": f"Bearer {token}"},
        verify=space.cluster.ca_cert,
        timeout=10,
    )
    return bool(answer.json()["status"]["allowed"])
