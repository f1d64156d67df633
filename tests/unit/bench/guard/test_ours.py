# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard as one of the judges."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.burstiness import WINDOWS
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import Stream as Series
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric

from tests.bench.guard.generator import generate
from tests.bench.guard.judges.ours import Ours, as_counted, measured_on
from tests.bench.guard.regimes import ALTERNATIVES, NULLS
from tests.bench.guard.stream import Counts, Stream, Window
from tests.unit.bench.guard.streams import CALM, STABLE, counts, stream

REGIMES = {regime.name: regime for regime in (*NULLS, *ALTERNATIVES)}
# Half a per cent of both fails.
ALIKE = counts(errors=2), Counts(2700, 13, (0,) * 4, 270, 1)
FAILING_BOTH = counts(errors=60), Counts(2700, 540, (0,) * 4, 270, 1)
WELL = ALIKE[1]


def test_a_healthy_canary_stays() -> None:
    assert Ours()(stream([ALIKE[0]] * 60, stable=WELL)).window is None


@pytest.mark.parametrize("bad", [counts(errors=60), counts(stalled=60), counts(failed_orders=20)])
def test_any_metric_that_is_much_worse_takes_it_back_at_once(bad: Counts) -> None:
    found = Ours()(stream([ALIKE[0], ALIKE[0], bad, bad], stable=WELL))
    assert found.window == 2
    assert found.bad == 4 + bad.bad


def test_an_incident_of_both_takes_nothing_back() -> None:
    assert Ours()(stream([FAILING_BOTH[0]] * 60, stable=FAILING_BOTH[1])).window is None


def test_over_every_threshold_but_no_worse_than_stable_it_is_only_held() -> None:
    """The absolute rules are on: they hold, and a hold is no rollback."""
    both = counts(errors=30), Counts(2700, 240, (0,) * 4, 270, 1)
    assert Ours()(stream([both[0]] * 60, stable=both[1])).window is None


def test_windows_without_data_decide_nothing() -> None:
    bad = counts(errors=60)
    assert Ours()(stream([None] * 60)).window is None
    assert Ours()(stream([None] * 8 + [bad], stable=WELL)).window == 8


def test_nothing_is_taken_from_a_later_window() -> None:
    windows = [*[ALIKE[0]] * 10, *[counts(errors=60)] * 2]
    found = Ours()(stream(windows, stable=WELL)).window
    assert found == 10
    assert Ours()(stream(windows[: found + 1], stable=WELL)).window == found
    assert Ours()(stream(windows[:found], stable=WELL)).window is None


def test_a_window_is_counted_as_the_guard_counts_it() -> None:
    """Where a bucket is missing the next one above is taken: slower than 0.1 s is counted as slower than 0.5 s."""
    seen = as_counted(7, Window(0.1, Counts(300, 3, (9, 6, 4, 2), 30, 1), STABLE, CALM))
    assert (seen.index, seen.weight) == (7, 0.1)
    pairs = {str(each): seen.pair(each) for each in (Series(Metric.ERROR_RATE), Series(Metric.ORDER_SUCCESS))}
    assert {name: (pair.canary.n, pair.canary.k) for name, pair in pairs.items() if pair} == {
        "error_rate": (300, 3),
        "order_success": (30, 1),
    }
    slow = {bound: seen.of_canary(Series(Metric.RESPONSE_TIME, bound)) for bound in (0.1, 0.5, 1.0, 2.0, 2.5, 5.0)}
    assert {bound: each.k for bound, each in slow.items() if each} == {0.1: 9, 0.5: 9, 1.0: 6, 2.0: 4, 2.5: 2, 5.0: 2}
    assert seen.of_canary(Series(Metric.RISK_FAILURES)) is None


def test_a_window_without_an_answer_has_no_data() -> None:
    seen = as_counted(7, Window(0.1, None, None, CALM))
    assert (seen.index, dict(seen.canary), dict(seen.stable)) == (7, {}, {})


def test_burstiness_is_measured_on_what_was_before_the_release() -> None:
    asked = []

    def before(windows: int) -> Sequence[tuple[Counts, Counts]]:
        asked.append(windows)
        # The halves fail in turns, ten at once: much more than chance would.
        return [(counts(errors=20 * (i % 2)), counts(errors=20 * (1 - i % 2))) for i in range(windows)]

    found = measured_on(Stream([Window(0.1, CALM, STABLE, CALM)], before))
    assert asked == [WINDOWS]
    assert found[Metric.ERROR_RATE] == 10.0
    assert found[Metric.ORDER_SUCCESS] == 10.0, "nothing failed, so it is taken for as bursty as the others"


def test_bursts_are_told_from_a_bad_canary_by_what_was_before() -> None:
    """Of releases that fail in bursts the judge takes fewer back when it has measured them."""
    streams = [generate(REGIMES["bursty-5"], number) for number in range(12)]
    measured = sum(Ours()(each).window is not None for each in streams)
    not_measured = sum(Ours(measured=False)(each).window is not None for each in streams)
    assert measured == 0
    assert not_measured > 0


def test_five_points_at_a_hundred_requests_a_second_are_mostly_seen_at_once() -> None:
    found = [Ours(measured=False)(generate(REGIMES["errors-5-100"], number)).window for number in range(25)]
    assert found.count(0) > 12
    assert found.count(0) + found.count(1) == 25
