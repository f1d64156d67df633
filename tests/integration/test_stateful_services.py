# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Stateful services in a cluster: provisioned once, never disturbed, changed when somebody says so."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.environment import INVENTORY, Environment
from tests.integration.support.secrets import SECRETS

PRIMARY, REPLICA, REDIS, MONITORING = (
    f"tradesense-{name}" for name in ("postgres-primary", "postgres-replica", "redis-cluster", "monitoring-stack")
)


def stateful_catalog() -> Obj:
    """Return the stateful services of the inventory's catalog."""
    path = INVENTORY / "group_vars" / "all" / "catalog.yml"
    whole: Obj = yaml.safe_load(path.read_text(encoding="utf-8"))["tradesense_services"]
    return {name: copy.deepcopy(entry) for name, entry in whole.items() if entry["strategy"] == "stateful"}


def given(**more: Any) -> dict[str, Any]:
    """Return the variables of a provision run with the stateful services alone."""
    variables = {"tradesense_services": stateful_catalog(), "tradesense_service_overrides": {}}
    return {**variables, "tradesense_secret_values": SECRETS, "workloads_wait": True, **more}


def ready(space: Space, name: str) -> int:
    """Return how many pods of a StatefulSet are ready."""
    return int((space.get("StatefulSet", name).get("status") or {}).get("readyReplicas", 0))


def pods(space: Space) -> dict[str, str]:
    """Return the pods with their uids."""
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in space.list("Pod")}


def test_stateful_services_from_the_first_run_to_an_update(environment: Environment) -> None:
    """Each with its volumes and Services; a second run and a changed template leave the pods alone."""
    environment.run("provision", **given())
    space, monitoring = environment.space, environment.monitoring
    assert [ready(space, name) for name in (PRIMARY, REPLICA, REDIS)] == [1, 2, 6]
    assert ready(monitoring, MONITORING) == 1
    claims = {item["metadata"]["name"]: item["status"]["phase"] for item in space.list("PersistentVolumeClaim")}
    assert len(claims) == 9
    assert set(claims.values()) == {"Bound"}
    services = {item["metadata"]["name"] for item in [*space.list("Service"), *monitoring.list("Service")]}
    assert services >= {"postgres-primary", "postgres-replica", "redis-cluster", "prometheus", "alertmanager"}

    before = pods(space)
    again = environment.run("provision", **given())
    assert again.changed == 0
    assert pods(space) == before

    newer = stateful_catalog()
    newer["redis-cluster"]["resources"] = {"limits": {"memory": "2Gi"}}
    pending = environment.run("provision", **given(tradesense_services=newer))
    assert f"StatefulSet {REDIS} in namespace {space.name}" in pending["Say what was done"].msg
    assert pods(space) == before

    environment.run("provision", **given(tradesense_services=newer, provision_update_stateful="redis-cluster"))
    after = pods(space)
    assert {name for name in before if after[name] != before[name]} == {f"{REDIS}-{number}" for number in range(6)}
    (container, _keeper) = space.get("StatefulSet", REDIS)["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "2Gi"
    assert environment.run("provision", **given(tradesense_services=newer)).changed == 0

    larger = stateful_catalog()
    larger["redis-cluster"]["stateful"]["storage"] = "20Gi"
    refused = environment.run("provision", code=2, **given(tradesense_services=larger))
    msg = refused["Apply the workloads"].msg
    assert f"StatefulSet {REDIS} in namespace {space.name}: spec.volumeClaimTemplates (data from 10Gi to 20Gi)" in msg
    assert "cannot change while the StatefulSet exists; nothing was sent" in msg

    unknown = environment.run("provision", code=2, **given(provision_update_stateful="redis-cluser"))
    assert "workloads_update_stateful names redis-cluser" in unknown["Check which stateful services may be updated"].msg
