# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How many pods fit into the quotas of a namespace."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.capacity import pods_allowed
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

TEMPLATE: Obj = {
    "spec": {
        "containers": [
            {"resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}}},
            {"resources": {"requests": {"cpu": "250m"}}},
        ]
    }
}


def quota(hard: Obj, used: Obj, **spec: object) -> Obj:
    """Return a quota as the API server has it."""
    return {"spec": {"hard": hard, **spec}, "status": {"hard": hard, "used": used}}


@pytest.mark.parametrize(
    ("resource", "hard", "used", "pods"),
    [
        ("pods", "10", "7", 3),
        ("count/pods", "10", "10", 0),
        ("requests.cpu", "4", "2500m", 3),
        ("cpu", "4", "2500m", 3),
        ("requests.memory", "1Gi", "300Mi", 2),
        ("limits.cpu", "10", "11", 0),
        ("limits.memory", "2Gi", "0", 4),
    ],
)
def test_each_resource(resource: str, hard: str, used: str, pods: int) -> None:
    assert pods_allowed([quota({resource: hard}, {resource: used})], TEMPLATE) == pods


def test_the_tightest_quota_counts() -> None:
    tight = quota({"pods": "5", "requests.cpu": "100"}, {"pods": "4", "requests.cpu": "0"})
    assert pods_allowed([quota({"pods": "50"}, {"pods": "4"}), tight], TEMPLATE) == 1


def test_what_pods_do_not_take_limits_nothing() -> None:
    assert pods_allowed([], TEMPLATE) is None
    assert pods_allowed([quota({"services": "5"}, {"services": "5"})], TEMPLATE) is None
    assert pods_allowed([quota({"requests.cpu": "1"}, {"requests.cpu": "1"})], {"spec": {"containers": [{}]}}) is None


def test_quotas_for_certain_pods_are_left_out() -> None:
    assert pods_allowed([quota({"pods": "5"}, {"pods": "5"}, scopes=["BestEffort"])], TEMPLATE) is None
