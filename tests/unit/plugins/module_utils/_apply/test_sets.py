# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Sets: what an option says, and what becomes a member."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.sets import (
    KIND_NAMES,
    PRUNABLE,
    SET_LABEL,
    Pruning,
    labelled,
    pruning_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError


def test_what_holds_data_or_belongs_to_a_controller_is_never_removed() -> None:
    never = {"Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "ReplicaSet", "Pod", "AnalysisRun"}
    assert not never & set(KIND_NAMES)
    assert all(kind.namespaced for kind in PRUNABLE)
    assert len(set(KIND_NAMES)) == len(KIND_NAMES)


def test_without_a_set_nothing_is_pruned() -> None:
    assert pruning_of(None, None, None, 50) is None


def test_options_as_they_are_meant() -> None:
    assert pruning_of("web", None, None, 50) == Pruning("web", None, PRUNABLE, 50)
    given = pruning_of("web", ["b", "a"], ["Secret", "ConfigMap"], 0)
    assert given is not None
    assert (given.namespaces, given.limit) == (("b", "a"), 0)
    assert [kind.name for kind in given.kinds] == ["ConfigMap", "Secret"]
    assert pruning_of("web", [], [], 100) == Pruning("web", (), (), 100)


@pytest.mark.parametrize("name", ["a", "Web_1.x-y", "a" * 63])
def test_names_that_a_label_can_have(name: str) -> None:
    assert pruning_of(name, None, None, 50) is not None


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a-", "a" * 64, "a/b", "a,b", "a=b", "ä", "a\n"])
def test_names_that_no_label_can_have(name: str) -> None:
    with pytest.raises(DeliveryError, match="cannot be the name of a set") as error:
        pruning_of(name, None, None, 50)
    assert error.value.reason == "BadOption"


@pytest.mark.parametrize("limit", [-1, 101])
def test_a_share_is_a_share(limit: int) -> None:
    with pytest.raises(DeliveryError, match="is no share") as error:
        pruning_of("web", None, None, limit)
    assert error.value.reason == "BadOption"


@pytest.mark.parametrize("labels", [None, {}, {"a": "b"}, {SET_LABEL: "web"}])
def test_a_member_has_the_label_beside_its_own(labels: Any) -> None:
    given = {"kind": "ConfigMap", "metadata": {"name": "a", "labels": labels}, "data": {"x": "y"}}
    made = labelled(given, "web")
    assert made == {**given, "metadata": {"name": "a", "labels": {**(labels or {}), SET_LABEL: "web"}}}
    assert given["metadata"] == {"name": "a", "labels": labels}


def test_a_manifest_of_another_set_is_refused() -> None:
    with pytest.raises(DeliveryError, match=r"ConfigMap a has the label .* of another set: shop") as error:
        labelled({"kind": "ConfigMap", "metadata": {"name": "a", "labels": {SET_LABEL: "shop"}}}, "web")
    assert error.value.reason == "BadManifest"


def test_labels_that_are_none_are_left_to_the_server() -> None:
    given = {"kind": "ConfigMap", "metadata": {"name": "a", "labels": ["x"]}}
    assert labelled(given, "web") is given
