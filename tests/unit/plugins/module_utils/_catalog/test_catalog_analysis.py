# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The settings of analysis runs."""

from __future__ import annotations

from copy import deepcopy

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.analysis import settings
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

TIMING = {
    "interval": "2m",
    "count": 5,
    "window": "2m",
    "initial_delay": "1m",
    "failure_limit": 2,
    "inconclusive_limit": 1,
    "error_limit": 30,
}
BASE = {
    "success_rate": {**TIMING, "success_rate_min": 0.95, "avg_response_time_max": 0.5},
    "canary": {**TIMING, "error_rate_max": 0.02, "response_time_p99_max": 1},
    "orders": {**TIMING, "order_success_rate_min": 0.98},
}


def test_an_environment_changes_what_it_names() -> None:
    result = settings(deepcopy(BASE), {"canary": {"interval": "3s", "count": 4}})
    assert result["canary"]["interval"] == "3s"
    assert result["canary"]["window"] == "2m"
    assert result["canary"]["response_time_p99_max"] == 1.0
    assert result["orders"] == BASE["orders"]


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"canery": {"count": 3}}, "tradesense_analysis.canery: unknown key, did you mean 'canary'?"),
        (
            {"canary": {"intervall": "3s"}},
            "tradesense_analysis.canary.intervall: unknown key, did you mean 'interval'?",
        ),
        ({"canary": {"interval": "soon"}}, "canary.interval: 'soon' is not accepted; give a duration"),
        ({"canary": {"count": 0}}, "canary.count: 0 is not accepted; give a whole number, 1 or more"),
        ({"canary": {"count": None}}, "canary.count: is missing; give a whole number, 1 or more"),
        ({"canary": {"failure_limit": 5}}, "canary.failure_limit: 5 is not accepted: count is 5, so it could never be"),
        ({"canary": {"inconclusive_limit": 6}}, "canary.inconclusive_limit: 6 is not accepted: count is 5"),
        ({"canary": {"window": "1s"}}, "canary.window: '1s' is too short for a rate"),
        (
            {"canary": {"error_rate_max": 2}},
            "canary.error_rate_max: 2 is not accepted; give a number above 0, at most 1",
        ),
        (
            {"success_rate": {"avg_response_time_max": 0}},
            "avg_response_time_max: 0 is not accepted; give a number above 0",
        ),
        ({"orders": 3}, "tradesense_analysis.orders: 3 is not accepted; give a mapping"),
        ("fast", "tradesense_analysis: 'fast' is not accepted; give a mapping"),
    ],
)
def test_a_setting_that_argo_refuses_or_that_means_nothing_is_refused(over: object, message: str) -> None:
    with pytest.raises(DeliveryError) as error:
        settings(BASE, over)
    assert message in error.value.sentence()
