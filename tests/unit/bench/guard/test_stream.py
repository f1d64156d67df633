# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Counts, their sums and their quantiles."""

from __future__ import annotations

import math

import pytest

from tests.bench.guard.stream import NOTHING, Counts, Sums, quantile
from tests.unit.bench.guard.streams import counts, stream


def test_counts_have_the_ratios_that_prometheus_would_give() -> None:
    found = Counts(200, 3, (20, 2, 0, 0), 40, 1)
    assert found.error_ratio == 0.015
    assert found.order_success == 0.975
    assert math.isnan(NOTHING.error_ratio)
    assert math.isnan(NOTHING.order_success)
    assert math.isnan(NOTHING.p99)


@pytest.mark.parametrize(
    ("slow", "q", "expected"),
    [
        # 100 requests, 50 of them in the first bucket (0 to 0.5 s): the 25th is in its middle.
        ((50, 0, 0, 0), 0.25, 0.25),
        # 98 up to 1 s, two between 5 and 10 s: the 99th is the first of these two.
        ((2, 2, 2, 2), 0.99, 7.5),
        ((10, 10, 0, 0), 0.95, 1.5),
        ((0, 0, 0, 0), 1.0, 0.5),
        ((100, 100, 100, 100), 1.0, 10.0),
    ],
)
def test_a_quantile_is_interpolated_in_its_bucket(slow: tuple[int, ...], q: float, expected: float) -> None:
    assert quantile(100, slow, q) == pytest.approx(expected)


def test_ranges_reach_back_as_far_as_there_are_windows() -> None:
    sums = Sums.of([counts(errors=1), None, counts(errors=4)])
    assert [sums.last(2, length).errors for length in (1, 2, 3, 10)] == [4, 4, 5, 5]
    assert sums.last(1, 1) == NOTHING
    assert sums.until(1) == counts(errors=1)


def test_bad_is_what_the_canary_served_whether_or_not_it_was_measured() -> None:
    found = stream([counts(errors=2, stalled=3), None, counts(failed_orders=4)], served=counts(errors=10))
    assert [found.bad_until(window) for window in (0, 1, 2, None)] == [5, 15, 19, 19]
    assert [found.answers(window) for window in range(3)] == [True, False, True]
