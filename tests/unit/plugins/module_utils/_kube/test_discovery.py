# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds that are not known beforehand."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.discovery import discover
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.failures import ApiFailure
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import Kind
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

ANSWER = {
    "resources": [
        {"name": "routes", "kind": "Route", "namespaced": True},
        {"name": "routes/status", "kind": "Route", "namespaced": True},
        {"name": "netnamespaces", "kind": "NetNamespace", "namespaced": False},
    ]
}


def refusing(code: int) -> ApiFailure:
    return ApiFailure(DeliveryError("no"), code)


def test_the_kinds_of_a_group_version_without_subresources() -> None:
    asked: list[str] = []

    def read(path: str) -> Obj:
        asked.append(path)
        return ANSWER

    assert discover(read, "route.openshift.io/v1") == {
        ("route.openshift.io/v1", "Route"): Kind("route.openshift.io/v1", "Route", "routes"),
        ("route.openshift.io/v1", "NetNamespace"): Kind(
            "route.openshift.io/v1", "NetNamespace", "netnamespaces", namespaced=False
        ),
    }
    discover(read, "v1")
    assert asked == ["/apis/route.openshift.io/v1", "/api/v1"]


def test_a_group_that_the_cluster_does_not_serve_has_no_kinds() -> None:
    def read(path: str) -> Obj:
        raise refusing(404)

    assert discover(read, "gone/v1") == {}


def test_another_refusal_is_told() -> None:
    def read(path: str) -> Obj:
        raise refusing(403)

    with pytest.raises(ApiFailure):
        discover(read, "route.openshift.io/v1")


def test_a_manifest_without_a_version_asks_nobody() -> None:
    def read(path: str) -> Obj:
        raise AssertionError(path)

    assert discover(read, "") == {}


def test_an_empty_group_has_no_kinds() -> None:
    assert discover(lambda path: {"resources": None}, "empty/v1") == {}
