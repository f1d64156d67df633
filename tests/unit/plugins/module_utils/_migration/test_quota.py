# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How many more pods the quotas of a namespace allow."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.quota import room
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj


def quota(hard: Obj, used: Obj | None = None, name: str = "q", **spec: object) -> Obj:
    return {"metadata": {"name": name}, "spec": spec, "status": {"hard": hard, "used": used or {}}}


TEMPLATE: Obj = {
    "spec": {
        "initContainers": [{"resources": {"requests": {"cpu": "900m"}}}],
        "containers": [
            {"resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}},
            {"resources": {"limits": {"cpu": "500m"}}},
        ],
    }
}


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        ([], (None, "")),
        ([quota({})], (None, "")),
        ([quota({"pods": "10"}, {"pods": "7"})], (3, "pods of ResourceQuota q")),
        ([quota({"pods": "3"}, {"pods": "7"})], (0, "pods of ResourceQuota q")),
        ([quota({"count/pods": "10"})], (10, "count/pods of ResourceQuota q")),
        # The init container asks for more than all others together.
        ([quota({"requests.cpu": "2"})], (2, "requests.cpu of ResourceQuota q")),
        ([quota({"cpu": "1800m"})], (2, "cpu of ResourceQuota q")),
        ([quota({"limits.cpu": "4"}, {"limits.cpu": "500m"})], (2, "limits.cpu of ResourceQuota q")),
        ([quota({"requests.memory": "2Gi"}, {"requests.memory": "1Gi"})], (2, "requests.memory of ResourceQuota q")),
        ([quota({"services": "0", "persistentvolumeclaims": "0", "requests.storage": "0"})], (None, "")),
        ([quota({"pods": "9"}, name="a"), quota({"pods": "2"}, name="b")], (2, "pods of ResourceQuota b")),
        ([quota({"pods": "0"}, scopes=["BestEffort"])], (None, "")),
        ([quota({"pods": "0"}, scopeSelector={"matchExpressions": []})], (None, "")),
    ],
)
def test_room(quotas: list[Obj], expected: tuple[int | None, str]) -> None:
    assert room(quotas, TEMPLATE) == expected


def test_a_pod_that_asks_for_nothing_takes_only_its_place() -> None:
    assert room([quota({"requests.cpu": "0", "pods": "5"})], {"spec": {"containers": [{}]}}) == (
        5,
        "pods of ResourceQuota q",
    )
