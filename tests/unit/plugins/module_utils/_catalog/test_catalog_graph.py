# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The order of services in a release."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.graph import waves
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError


def catalog(**after: list[str]) -> dict[str, dict[str, object]]:
    """Return a catalog of services with nothing but their order."""
    return {name.replace("_", "-"): {"image": "x", "after": others} for name, others in after.items()}


CHAIN = catalog(gateway=["trading"], trading=["users"], users=[], ledger=[])


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        (None, [["users", "ledger"], ["trading"], ["gateway"]]),
        (["gateway", "users"], [["users"], ["gateway"]]),
        ("gateway,ledger", [["gateway", "ledger"]]),
        (["trading"], [["trading"]]),
    ],
)
def test_waves_follow_after_also_through_services_left_out(selected: object, expected: list[list[str]]) -> None:
    assert waves(CHAIN, selected) == expected


def test_a_service_waits_for_the_longest_way() -> None:
    services = catalog(d=["a", "c"], a=[], b=["a"], c=["b"])
    assert waves(services) == [["a"], ["b"], ["c"], ["d"]]


@pytest.mark.parametrize(
    ("services", "message"),
    [
        (catalog(a=["b"], b=["a"]), "in a circle: a after b after a"),
        (catalog(x=["a"], a=["b"], b=["c"], c=["a"]), "in a circle: a after b after c after a"),
        (catalog(a=["a"]), "a.after: a service cannot go after itself"),
        (
            catalog(user_service=[], a=["user-servce"]),
            "a.after[0]: the catalog has no service 'user-servce', did you mean",
        ),
        ({"a": {"after": 3}}, "a.after: 3 is not accepted; give a list of services"),
        ({}, "tradesense_services is empty"),
    ],
)
def test_an_order_that_cannot_be_kept_is_refused(services: object, message: str) -> None:
    with pytest.raises(DeliveryError) as error:
        waves(services)
    assert message in error.value.sentence()


@pytest.mark.parametrize(
    ("selected", "message"), [([], "the list is empty"), (["users", "leger"], "did you mean 'ledger'")]
)
def test_a_wrong_selection_is_refused(selected: object, message: str) -> None:
    with pytest.raises(DeliveryError) as error:
        waves(CHAIN, selected)
    assert message in error.value.sentence()
