# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a service is to be, from its manifests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.wanted import mark_of, marked, wanted_of
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAME, NAMESPACE, service
from tests.unit.plugins.migrations import ACTIVE, MAIN, OLD_INGRESS, PREVIEW, STRATEGIES, ingress, manifests


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_objects_of_a_service(strategy: str) -> None:
    others = [service("another"), ingress("another", "another")]
    wanted = wanted_of([*manifests(strategy), *others], NAMESPACE)
    assert (wanted.name, wanted.namespace, wanted.main) == (NAME, NAMESPACE, MAIN[strategy])
    assert next(iter(wanted.services)) == MAIN[strategy], "the one for users comes first"
    assert len(wanted.services) == 2
    assert len(wanted.ingresses) == 1
    assert [str(route) for route in wanted.routes] == ["trading.example.test/"]
    assert wanted.labels == {"app": NAME}
    assert wanted.routed == (strategy == "canary")
    assert len(wanted.everything) == 4


def test_a_rollout_by_reference() -> None:
    wanted = wanted_of(manifests("blue_green"), NAMESPACE)
    made = wanted.referring("onsuccess", 5)
    assert made["spec"]["workloadRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": NAME,
        "scaleDown": "onsuccess",
    }
    assert made["spec"]["replicas"] == 5
    assert "template" not in made["spec"]
    assert made["spec"]["selector"] == wanted.rollout["spec"]["selector"]
    assert mark_of(made) == "from Deployment"
    assert "template" in wanted.rollout["spec"], "what was given stays as it is"
    assert mark_of(wanted.rollout) == ""


def two(items: list[Obj]) -> None:
    items.append({**items[-1], "metadata": {"name": "second"}})


def none(items: list[Obj]) -> None:
    items.pop()


def other_kind(items: list[Obj]) -> None:
    items.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})


def no_template(items: list[Obj]) -> None:
    items[-1]["spec"].pop("template")


def no_service(items: list[Obj]) -> None:
    items.pop(0)


def no_services(items: list[Obj]) -> None:
    items[-1]["spec"]["strategy"] = {"canary": {"steps": []}}


def elsewhere(items: list[Obj]) -> None:
    items[0]["metadata"]["namespace"] = "elsewhere"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (two, "a migration is about one Rollout, and there are 2"),
        (none, "a migration is about one Rollout, and there are 0"),
        (other_kind, "not about ConfigMap c"),
        (no_template, f"Rollout {NAME} in namespace {NAMESPACE} has no spec.template"),
        (no_service, f"Service {ACTIVE} of Rollout {NAME} in namespace {NAMESPACE} is not among the definitions"),
        (no_services, "Service for users of Rollout"),
        (elsewhere, f"a migration happens in one namespace, {NAMESPACE}"),
    ],
)
def test_what_is_no_service(spoil: Callable[[list[Obj]], None], expected: str) -> None:
    items = manifests("blue_green")
    spoil(items)
    with pytest.raises(DeliveryError) as caught:
        wanted_of(items, NAMESPACE)
    assert expected in caught.value.msg
    assert caught.value.reason == "BadManifest"


def test_a_mark_is_laid_over_what_is_there() -> None:
    made = marked(ingress(OLD_INGRESS, PREVIEW, annotations={"a": "b"}), "created")
    assert made["metadata"]["annotations"] == {"a": "b", "delivery.tradesense.io/migration": "created"}
    assert mark_of(made) == "created"
    assert mark_of(None) == ""
