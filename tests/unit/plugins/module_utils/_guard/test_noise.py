# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Burstiness of the metrics of a service, measured or taken from others."""

from __future__ import annotations

from random import Random

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.burstiness import WINDOWS, burstiness
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import Counts
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.noise import ByPod, burstiness_of
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric

from tests.unit.plugins.module_utils._evidence.streams import binomial
from tests.unit.plugins.module_utils._guard.guard_builders import TRADING

BURSTS: ByPod = [
    {name: Counts(300, 20 if window % 2 == odd else 0) for odd, name in enumerate("ab")} for window in range(WINDOWS)
]
NOTHING_FAILED: ByPod = [{name: Counts(300, 0) for name in "ab"} for _ in range(WINDOWS)]


def calm(rng: Random) -> ByPod:
    """Return windows in which requests fail independently."""
    return [{name: Counts(300, binomial(rng, 300, 0.02)) for name in "ab"} for _ in range(WINDOWS)]


def test_each_metric_has_its_own_as_far_as_it_was_measured() -> None:
    found = burstiness_of(TRADING, {Metric.ERROR_RATE: BURSTS, Metric.ORDER_SUCCESS: calm(Random(1))})
    assert found[Metric.ERROR_RATE] == 10.0
    assert found[Metric.ORDER_SUCCESS] < 2.0


def test_what_fails_too_seldom_is_as_bursty_as_the_burstiest() -> None:
    """Orders are few, so the failures among them are: to take them for calm took good releases back."""
    found = burstiness_of(TRADING, {Metric.ERROR_RATE: BURSTS, Metric.ORDER_SUCCESS: NOTHING_FAILED})
    assert found[Metric.ORDER_SUCCESS] == 10.0
    assert found[Metric.RESPONSE_TIME] == 10.0, "not looked at"


def test_what_fails_too_seldom_is_at_least_as_bursty_as_the_policy_says() -> None:
    found = burstiness_of(TRADING, {Metric.ERROR_RATE: calm(Random(2)), Metric.ORDER_SUCCESS: NOTHING_FAILED})
    assert found[Metric.ORDER_SUCCESS] == max(1.5, found[Metric.ERROR_RATE])


@pytest.mark.parametrize("counted", [{}, {Metric.ERROR_RATE: NOTHING_FAILED}, {Metric.ERROR_RATE: BURSTS[:20]}])
def test_without_a_measurement_there_is_none(counted: dict[Metric, ByPod]) -> None:
    assert burstiness_of(TRADING, counted) == {}


def test_failures_without_trials_have_none() -> None:
    assert Metric.RISK_FAILURES not in burstiness_of(TRADING, {Metric.RISK_FAILURES: BURSTS, Metric.ERROR_RATE: BURSTS})


def test_bursts_of_five_minutes_take_the_whole_history() -> None:
    """One of the pods fails four times as much for ten windows, then the other: within a window that is little."""
    rng = Random(3)
    long: ByPod = [
        {
            name: Counts(300, binomial(rng, 300, 0.02 if window // 10 % 2 == odd else 0.005))
            for odd, name in enumerate("ab")
        }
        for window in range(WINDOWS)
    ]
    assert burstiness(long) > 1.5 * burstiness(long[:100])
