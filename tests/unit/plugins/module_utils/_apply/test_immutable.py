# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What of a live StatefulSet cannot change."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.immutable import check_immutable
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.item import Item
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import Kind
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

KIND = Kind("apps/v1", "StatefulSet", "statefulsets", True)


def claim(storage: str = "10Gi") -> Obj:
    """Return a volume claim template."""
    return {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": storage}}}}


def manifest(**spec: Any) -> Obj:
    """Return a StatefulSet."""
    whole = {"serviceName": "db", "replicas": 1, "volumeClaimTemplates": [claim()], **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": whole,
    }


def live(**spec: Any) -> Obj:
    """Return the same as the API server has it: with defaults filled in."""
    found = copy.deepcopy(manifest(**spec))
    for each in found["spec"]["volumeClaimTemplates"]:
        each["status"] = {"phase": "Pending"}
        each["spec"]["volumeMode"] = "Filesystem"
    found["spec"]["podManagementPolicy"] = "OrderedReady"
    return found


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"replicas": 5},
        {"template": {"metadata": {"labels": {"a": "b"}}}},
        {"updateStrategy": {"type": "OnDelete"}, "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}},
        # The same size in other words.
        {"volumeClaimTemplates": [claim("10240Mi")]},
    ],
)
def test_what_can_change_is_no_matter(wanted: dict[str, Any]) -> None:
    check_immutable([Item(KIND, manifest(**wanted), live())])


def test_a_new_one_can_be_anything() -> None:
    check_immutable([Item(KIND, manifest(), None)])


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"serviceName": "other"}, "spec.serviceName"),
        ({"podManagementPolicy": "Parallel"}, "spec.podManagementPolicy"),
        ({"volumeClaimTemplates": [claim("20Gi")]}, "spec.volumeClaimTemplates (data from 10Gi to 20Gi)"),
        ({"volumeClaimTemplates": []}, "spec.volumeClaimTemplates"),
        (
            {"serviceName": "x", "volumeClaimTemplates": [claim("1Gi")]},
            "spec.serviceName, spec.volumeClaimTemplates (data",
        ),
    ],
)
def test_the_field_that_cannot_change_is_named(wanted: dict[str, Any], words: str) -> None:
    with pytest.raises(DeliveryError) as error:
        check_immutable([Item(KIND, manifest(**wanted), live())])
    assert error.value.reason == "Immutable"
    assert f"StatefulSet db in namespace shop: {words}" in error.value.msg
    assert error.value.msg.endswith("cannot change while the StatefulSet exists; nothing was sent")
