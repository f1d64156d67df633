# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""When the API server has everything already, and when it has to be asked."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.ownership import Request
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.settled import settled
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

BODY: Obj = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "data": {"LOG_LEVEL": "INFO"},
}
FIELDS: Obj = {"f:metadata": {"f:labels": {"f:app": {}}}, "f:data": {"f:LOG_LEVEL": {}}}


def live(fields: Obj | None = None, *, manager: str = "tradesense-delivery", **given: Any) -> Obj:
    """Return what the API server has, with what one manager owns of it."""
    entry = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": given.pop("version", "v1"),
        "fieldsV1": FIELDS if fields is None else fields,
    }
    found = copy.deepcopy(BODY)
    found["metadata"] = {**found["metadata"], "uid": "1", "resourceVersion": "5", "managedFields": [entry]}
    return {**found, **given}


def test_what_we_own_is_what_would_be_sent() -> None:
    assert settled(Request(BODY), live())
    # What others added beside it does not matter.
    assert settled(Request(BODY), live(data={"LOG_LEVEL": "INFO", "BY_HAND": "1"}))


def test_what_names_nothing_but_itself_is_owned_by_nobody() -> None:
    bare = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "web", "namespace": "shop"},
        "data": {"A": "1"},
    }
    assert settled(Request(bare), live({"f:data": {"f:A": {}}}, data={"A": "1"}))


@pytest.mark.parametrize(
    "found",
    [
        None,
        live(data={"LOG_LEVEL": "DEBUG"}),
        live(manager="kubectl"),
        live({**FIELDS, "f:data": {"f:LOG_LEVEL": {}, "f:OLD": {}}}, data={"LOG_LEVEL": "INFO", "OLD": "1"}),
        live({"f:data": {"f:LOG_LEVEL": {}}}),
        live(version="v2"),
        {**live(), "metadata": {**BODY["metadata"]}},
    ],
    ids=["absent", "value", "owner", "dropped", "new", "version", "unmanaged"],
)
def test_anything_else_is_for_the_server(found: Obj | None) -> None:
    assert not settled(Request(BODY), found)


def test_a_list_in_another_order_is_another_template() -> None:
    body = {**BODY, "data": {"LOG_LEVEL": ["a", "b"]}}
    assert settled(Request(body), live(data={"LOG_LEVEL": ["a", "b"]}))
    assert not settled(Request(body), live(data={"LOG_LEVEL": ["b", "a"]}))


def test_what_is_handed_over_or_released_is_sent() -> None:
    assert not settled(Request(BODY, handover=3), live())
    assert not settled(Request(BODY, template_changes=True), live())
