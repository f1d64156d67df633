# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a catalog asks for, as a quota."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.quantities import amount, cores, size
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.quota import quota

from tests.unit.plugins.catalogs import PLAIN, PRIMARY, catalog


def resources(cpu: str, memory: str) -> dict[str, object]:
    """Return resources of which limits are twice the requests of a core and a gibibyte."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": "2", "memory": "2Gi"}}


def test_the_sum_of_all_pods_times_the_factor() -> None:
    entries = catalog(
        web={**PLAIN, "replicas": 3, "resources": resources("250m", "512Mi")},
        main={
            **PRIMARY,
            "resources": resources("1", "1Gi"),
            "stateful": {"engine": "postgres_primary", "storage": "5Gi"},
        },
    )
    assert quota(entries.values(), 1) == {
        "pods": "4",
        "requests.cpu": "1750m",
        "requests.memory": "2560Mi",
        "limits.cpu": "8",
        "limits.memory": "8Gi",
        "persistentvolumeclaims": "1",
        "requests.storage": "5Gi",
    }
    assert quota(entries.values(), 2)["requests.cpu"] == "3500m"
    assert quota(entries.values(), 2)["requests.memory"] == "5Gi"


@pytest.mark.parametrize(("replicas", "pods"), [(3, "12"), (20, "20")])
def test_an_autoscaled_service_counts_with_the_most_it_may_have(replicas: int, pods: str) -> None:
    autoscaling = {"min_replicas": 2, "max_replicas": 12}
    entries = catalog(web={**PLAIN, "replicas": replicas, "autoscaling": autoscaling})
    assert quota(entries.values(), 1)["pods"] == pods


def test_without_a_factor_or_a_pod_there_is_no_quota() -> None:
    assert quota(catalog(web=PLAIN).values(), 0) == {}
    assert quota([], 2) == {}
    assert quota(catalog(web={**PLAIN, "replicas": 0}).values(), 2) == {}


@pytest.mark.parametrize(
    ("quantity", "number"),
    [("250m", "0.25"), ("1.5", "1.5"), ("2k", "2000"), ("512Mi", "536870912"), ("1.5Gi", "1610612736"), ("1G", "1e9")],
)
def test_quantities_are_read(quantity: str, number: str) -> None:
    assert amount(quantity) == Decimal(number)


@pytest.mark.parametrize(("number", "quantity"), [("0", "0"), ("0.25", "250m"), ("12", "12"), ("12000", "12k")])
def test_cores_are_written_as_the_server_stores_them(number: str, quantity: str) -> None:
    assert cores(Decimal(number)) == quantity


@pytest.mark.parametrize(
    ("number", "quantity"),
    [(0, "0"), (1000, "1000"), (1536 * 2**20, "1536Mi"), (2**40 * 3, "3Ti"), (2**50, "1024Ti")],
)
def test_sizes_are_written_as_the_server_stores_them(number: int, quantity: str) -> None:
    assert size(Decimal(number)) == quantity
