# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user is shown of a change."""

from __future__ import annotations

import copy

from ansible_collections.tradesense.delivery.plugins.module_utils._apply.diff import cleaned, entry
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import managed, service


def secret(**data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}


def test_what_the_server_keeps_for_itself_is_not_shown() -> None:
    item = service(
        "s",
        managedFields=[managed("a", "Update", {})],
        creationTimestamp="now",
        ownerReferences=[{"uid": "1"}],
        annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}", "rollout.argoproj.io/revision": "3"},
    )
    before = copy.deepcopy(item)
    shown = cleaned({**item, "status": {"loadBalancer": {}}})
    assert shown["metadata"] == {"name": "s", "namespace": item["metadata"]["namespace"]}
    assert "status" not in shown
    assert item == before


def test_ones_own_annotations_are_shown() -> None:
    assert cleaned(service("s", annotations={"own": "x"}))["metadata"]["annotations"] == {"own": "x"}


def test_a_secret_never_shows_its_values_only_whether_they_changed() -> None:
    first, same, other = (cleaned(secret(password=value)) for value in ("aHVudGVyMg==", "aHVudGVyMg==", "bmV3"))
    assert "aHVudGVyMg" not in str(first)
    assert first == same
    assert first != other
    assert "swordfish" not in str(cleaned({**secret(), "stringData": {"password": "swordfish"}}))


def test_a_secret_without_values_is_no_failure() -> None:
    assert cleaned({**secret(), "data": None})["data"] == {}


def test_nothing_is_shown_of_nothing() -> None:
    assert cleaned(None) == {}
    assert cleaned({}) == {}


def test_an_entry_of_a_diff() -> None:
    created = entry("Service s", None, service("s"))
    assert created["before"] == ""
    assert created["after"] == cleaned(service("s"))
    assert created["before_header"] == "Service s (live)"
    assert created["after_header"] == "Service s (applied)"


def test_of_what_goes_nothing_comes_after() -> None:
    gone = entry("Service s", service("s"), None)
    assert gone["before"] == cleaned(service("s"))
    assert gone["after"] == ""
    assert gone["after_header"] == "Service s (pruned)"
