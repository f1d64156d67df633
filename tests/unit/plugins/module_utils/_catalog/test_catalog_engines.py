# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the engines of stateful services bring along, and what they cannot work with."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.engines import mebibytes
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.normalise import normalise
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError


def entry(engine: str, **more: Any) -> dict[str, Any]:
    """Return the shortest entry of a stateful service, and more keys."""
    return {"image": "some/image", "version": "1", "strategy": "stateful", "stateful": {"engine": engine}, **more}


PRIMARY = {"database": entry("postgres_primary")}


@pytest.mark.parametrize(
    ("engine", "replicas", "user", "ports"),
    [
        ("postgres_primary", 1, 999, {"postgres": 5432}),
        ("redis_cluster", 6, 999, {"redis": 6379, "bus": 16379}),
        ("prometheus", 1, 65534, {"http": 9090, "alertmanager": 9093}),
    ],
)
def test_a_short_entry_is_enough(engine: str, replicas: int, user: int, ports: dict[str, int]) -> None:
    found = normalise({"data": entry(engine)})["data"]
    assert found["stateful"] is not None
    assert found["stateful"]["ports"] == ports
    assert found["replicas"] == replicas
    assert (found["security"]["user"], found["security"]["fs_group"]) == (user, user)
    assert found["ports"]["http"] == next(iter(ports.values()))
    assert (found["empty_dirs"], found["scrape"]["enabled"]) == ({}, False)
    assert found["termination_grace_seconds"] >= 60
    assert (found["name"], found["service_name"]) == ("tradesense-data", "data")


def test_what_an_entry_says_itself_takes_precedence() -> None:
    given = entry("redis_cluster", replicas=8, security={"user": 1000}, termination_grace_seconds=5)
    found = normalise({"data": given})["data"]
    assert (found["replicas"], found["termination_grace_seconds"]) == (8, 5)
    assert (found["security"]["user"], found["security"]["group"]) == (1000, 999)


def test_sizes_are_there_in_mebibytes() -> None:
    given = entry("redis_cluster", resources={"limits": {"memory": "1.5Gi"}})
    given["stateful"]["storage"] = "2G"
    found = normalise({"data": given})["data"]["stateful"]
    assert found is not None
    assert (found["storage_mebibytes"], found["memory_mebibytes"]) == (1907, 1536)


@pytest.mark.parametrize(
    ("quantity", "expected"), [("1Gi", 1024), ("512Mi", 512), ("1Ti", 2**20), ("1048576", 1), ("500k", 0), ("", 0)]
)
def test_quantities_are_read_as_kubernetes_does(quantity: str, expected: int) -> None:
    assert mebibytes(quantity) == expected


def test_replicas_copy_the_primary_by_its_service() -> None:
    catalog = {"copy": entry("postgres_replica"), "database": entry("postgres_primary", service_name="main-database")}
    found = normalise(catalog)
    assert found["copy"]["stateful"] is not None
    assert found["copy"]["stateful"]["primary"] == "main-database"
    assert found["database"]["stateful"] is not None
    assert found["database"]["stateful"]["primary"] is None


@pytest.mark.parametrize(
    ("catalog", "message"),
    [
        ({"data": entry("postgres_primary", replicas=2)}, "data.replicas: 2 is not accepted: there is one primary"),
        (
            {"data": entry("prometheus", replicas=2)},
            "data.replicas: 2 is not accepted: each pod would know a part only",
        ),
        (
            {"data": entry("redis_cluster", replicas=3)},
            "data.replicas: 3 is not accepted: a cluster needs three primaries",
        ),
        (
            {"data": entry("redis_cluster", replicas=7)},
            "data.replicas: 7 is not accepted: a cluster needs three primaries",
        ),
        (
            {"data": entry("redis_cluster", resources={"limits": {"memory": "64Mi"}})},
            "data.resources.limits.memory: 64Mi is too little for redis_cluster; give 128Mi or more",
        ),
        (
            {"data": {**entry("prometheus"), "stateful": {"engine": "prometheus", "storage": "100Mi"}}},
            "data.stateful.storage: 100Mi is too little for prometheus; give 256Mi or more",
        ),
        (
            {"copy": entry("postgres_replica")},
            "copies the one service with engine postgres_primary, and the catalog has 0",
        ),
        ({**PRIMARY, "other": PRIMARY["database"], "copy": entry("postgres_replica")}, "and the catalog has 2"),
        (
            {"data": {**entry("redis_cluster"), "stateful": {"engine": ["redis_cluster"]}}},
            "data.stateful.engine: a list",
        ),
        ({"data": {**entry("redis_cluster"), "stateful": "redis_cluster"}}, "data.stateful: 'redis_cluster' is not"),
    ],
)
def test_what_an_engine_cannot_work_with_is_refused(catalog: dict[str, Any], message: str) -> None:
    with pytest.raises(DeliveryError) as error:
        normalise(catalog)
    assert message in error.value.sentence()


def test_a_wrong_size_is_told_once() -> None:
    given = {**entry("redis_cluster"), "stateful": {"engine": "redis_cluster", "storage": "much"}}
    with pytest.raises(DeliveryError) as error:
        normalise({"data": given})
    assert error.value.sentence().count("data.stateful.storage") == 1
