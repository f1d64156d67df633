# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The namespaces of the three environments, and what limits them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.roles.rendered import ENVIRONMENTS, objects

POD_SECURITY = {
    f"pod-security.kubernetes.io/{mode}{what}": value
    for mode in ("enforce", "warn", "audit")
    for what, value in (("", "restricted"), ("-version", "v1.34"))
}
OURS = {"app.kubernetes.io/part-of": "tradesense", "app.kubernetes.io/managed-by": "tradesense-delivery"}


def hard(environment: str, *extra: str) -> Any:
    """Return the environment's quota."""
    return objects(environment, *extra)["ResourceQuota", "tradesense-quota"]["spec"]["hard"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_namespaces_have_their_labels(environment: str) -> None:
    found = objects(environment)
    assert found["Namespace", f"tradesense-{environment}"]["metadata"]["labels"] == {
        "environment": environment,
        "app.kubernetes.io/name": "tradesense",
        "app.kubernetes.io/component": "namespace",
        **POD_SECURITY,
        **OURS,
    }
    assert found["Namespace", "tradesense-monitoring"]["metadata"]["labels"] == {
        "environment": "shared",
        "app.kubernetes.io/name": "tradesense",
        "app.kubernetes.io/component": "monitoring",
        **POD_SECURITY,
        **OURS,
    }


def test_the_monitoring_namespace_is_the_same_from_every_inventory() -> None:
    shared = [
        {key: item for key, item in objects(environment).items() if _place(item) == "tradesense-monitoring"}
        for environment in ENVIRONMENTS
    ]
    for kind, name in (
        ("Namespace", "tradesense-monitoring"),
        ("ResourceQuota", "tradesense-monitoring-quota"),
        ("LimitRange", "tradesense-monitoring-limits"),
        ("NetworkPolicy", "tradesense-monitoring-deny-all"),
        ("NetworkPolicy", "tradesense-monitoring-dns"),
        ("NetworkPolicy", "tradesense-monitoring-stack"),
    ):
        first, *others = (found[kind, name] for found in shared)
        assert others == [first, first], name
    for found, environment in zip(shared, ENVIRONMENTS, strict=True):
        assert ("NetworkPolicy", f"tradesense-monitoring-stack-tradesense-{environment}") in found


def test_the_quota_of_production_is_twice_what_the_catalog_asks_for() -> None:
    # 10 trading-service, 20 api-gateway (by its autoscaler), 6 services and 2 frontends with 3, one with 2, 9 stateful.
    pods = 10 + 20 + 6 * 3 + 2 * 3 + 2 + 1 + 2 + 6
    assert hard("production")["pods"] == str(2 * pods)
    cpu = 10 * 500 + 20 * 250 + 6 * 3 * 250 + (2 * 3 + 2) * 50 + 9 * 250
    assert hard("production")["requests.cpu"] == f"{2 * cpu}m"
    assert hard("production")["limits.cpu"] == "71"
    assert hard("production")["persistentvolumeclaims"] == str(2 * 9)
    assert hard("production")["requests.storage"] == f"{2 * (100 + 2 * 100 + 6 * 10)}Gi"
    assert int(hard("development")["pods"]) < int(hard("staging")["pods"]) < int(hard("production")["pods"])


def test_an_environment_changes_what_it_likes() -> None:
    extra = (
        'namespaces_quota={"pods": "300", "limits.cpu": null}',
        "namespaces_limit_range=[]",
        "namespaces_monitoring_quota={}",
        'namespaces_pod_security_level=""',
        'namespaces_labels={"team": "platform"}',
    )
    found = objects("production", *extra)
    quota = hard("production", *extra)
    assert quota["pods"] == "300"
    assert "limits.cpu" not in quota
    assert quota["limits.memory"] == hard("production")["limits.memory"]
    assert not [name for kind, name in found if kind == "LimitRange"]
    assert [name for kind, name in found if kind == "ResourceQuota"] == ["tradesense-quota"]
    labels = found["Namespace", "tradesense-production"]["metadata"]["labels"]
    assert labels["team"] == "platform"
    assert not [label for label in labels if label.startswith("pod-security")]


def _place(manifest: Any) -> str:
    metadata = manifest["metadata"]
    return str(metadata["name"] if manifest["kind"] == "Namespace" else metadata.get("namespace"))
