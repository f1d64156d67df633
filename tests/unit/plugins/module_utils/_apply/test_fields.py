# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who owns which field, read from managedFields as the API server writes them."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.fields import Owner, adopted, extract, owners
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import managed, template

US, PATCHES = Owner("tradesense-delivery", "Apply"), Owner("tradesense-delivery", "Update")
CONTROLLER = Owner("rollouts-controller", "Update")
SCALER = Owner("kube-controller-manager", "Update", "scale")

SELECTOR: Obj = {"f:spec": {"f:selector": {}}}
REPLICAS: Obj = {"f:spec": {"f:replicas": {}}}


def live(*entries: Obj, **spec: object) -> Obj:
    return {"metadata": {"name": "x", "managedFields": list(entries)}, "spec": spec}


def test_owners_are_told_by_name_operation_and_subresource() -> None:
    item = live(
        managed("tradesense-delivery", "Apply", REPLICAS),
        managed("kube-controller-manager", "Update", REPLICAS, "scale"),
        managed("rollouts-controller", "Update", {"f:status": {"f:replicas": {}}}, "status"),
        managed("kubectl", "Update", {"f:spec": {".": {}, "f:template": {}}}),
    )
    assert owners(item, "spec", "replicas") == [US, SCALER]
    assert owners(item, "spec", "selector") == []
    assert owners({"metadata": {}}, "spec") == []
    assert owners({"metadata": {"managedFields": None}}, "spec") == []


def test_a_leaf_is_not_descended_into() -> None:
    item = live(managed("a", "Update", {"f:spec": {"f:selector": {}}}))
    assert owners(item, "spec", "selector", "app") == []
    assert owners(live(managed("a", "Update", {})), "spec") == []
    assert owners(live({"manager": "a", "operation": "Update"}), "spec") == []


def test_an_atomic_map_is_owned_as_a_whole() -> None:
    item = live(managed("tradesense-delivery", "Apply", SELECTOR), selector={"app": "a", "hash": "b"})
    assert extract(item, US, "spec", "selector") == {"app": "a", "hash": "b"}
    assert extract(item, CONTROLLER, "spec", "selector") is None
    assert extract(item, US, "spec", "replicas") is None


CONTAINER: Obj = {
    ".": {},
    "f:name": {},
    "f:image": {},
    "f:env": {
        'k:{"name":"WORKERS"}': {".": {}, "f:name": {}, "f:value": {}},
        'k:{"name":"LOG_LEVEL"}': {".": {}, "f:name": {}, "f:value": {}},
    },
    "f:ports": {'k:{"containerPort":8000,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:name": {}}},
}
OWNED = {
    "f:spec": {
        "f:template": {
            "f:metadata": {"f:labels": {"f:app": {}, "f:version": {}}},
            "f:spec": {"f:containers": {'k:{"name":"trading-service"}': CONTAINER}},
        }
    }
}


def test_the_owned_part_of_a_template_keeps_the_order_of_the_lists() -> None:
    """The fields stand in another order than the list: sent in that one, it would be another pod template."""
    current = template("v2.7.0", {"spec": {"terminationGracePeriodSeconds": 30}})
    current["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP"
    current["spec"]["containers"].insert(0, {"name": "injected", "image": "mesh/proxy:v1"})
    item = live(managed("tradesense-delivery", "Apply", OWNED), template=current)
    owned = extract(item, US, "spec", "template")
    assert owned == {
        "metadata": {"labels": {"app": current["metadata"]["labels"]["app"], "version": "v2.7.0"}},
        "spec": {
            "containers": [
                {
                    "name": "trading-service",
                    "image": "tradesense/trading-service:v2.7.0",
                    # The protocol is part of the key, but the server filled it in: it is not the owner's.
                    "ports": [{"containerPort": 8000, "name": "http"}],
                    "env": [{"name": "LOG_LEVEL", "value": "INFO"}, {"name": "WORKERS", "value": "4"}],
                }
            ]
        },
    }


def test_elements_of_a_set_are_owned_by_value() -> None:
    item = live(
        managed("tradesense-delivery", "Apply", {"f:spec": {"f:set": {'v:"b"': {}, "v:3": {}}}}), set=["a", "b", 3]
    )
    assert extract(item, US, "spec", "set") == ["b", 3]


def test_an_owned_field_that_is_gone_is_left_out() -> None:
    item = live(
        managed("tradesense-delivery", "Apply", {"f:spec": {"f:m": {".": {}, "f:a": {}, "f:b": {}}}}), m={"b": 1}
    )
    assert extract(item, US, "spec", "m") == {"b": 1}


def test_a_scalar_below_which_fields_are_claimed_is_owned_as_it_is() -> None:
    item = live(managed("tradesense-delivery", "Apply", {"f:spec": {"f:x": {"f:y": {}}}}), x=3)
    assert extract(item, US, "spec", "x") == 3


def test_nothing_to_adopt() -> None:
    assert adopted(live(managed("tradesense-delivery", "Apply", REPLICAS)), US, PATCHES) is None
    assert adopted(live(managed("tradesense-delivery", "Update", REPLICAS, "status")), US, PATCHES) is None


def test_an_adopter_without_fields_takes_the_entry_over() -> None:
    entry = managed("tradesense-delivery", "Update", REPLICAS)
    stranger = managed("kubectl", "Update", SELECTOR)
    assert adopted(live(entry, stranger), US, PATCHES) == [{**entry, "operation": "Apply"}, stranger]


def test_an_adopter_gets_the_union_and_the_other_entry_goes() -> None:
    """Else a field that an undo of ours brought back could never be removed by an apply of ours."""
    ours = managed("tradesense-delivery", "Apply", {"f:spec": {".": {}, "f:a": {"f:x": {}}}})
    theirs = managed("tradesense-delivery", "Update", {"f:spec": {"f:a": {"f:y": {}}, "f:b": {}}})
    item = live(ours, theirs)
    before = copy.deepcopy(item)
    assert adopted(item, US, PATCHES) == [
        {**ours, "fieldsV1": {"f:spec": {".": {}, "f:a": {"f:x": {}, "f:y": {}}, "f:b": {}}}}
    ]
    assert item == before


@pytest.mark.parametrize("path", [("spec",), ("spec", "selector"), ()])
def test_reading_owners_does_not_fail_on_an_empty_object(path: tuple[str, ...]) -> None:
    assert owners({}, *path) == []
    assert extract({}, US, *path) is None
