# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The seed's rule, as written and as meant."""

from __future__ import annotations

from tests.bench.guard.judges.seed import WARNING, Seed
from tests.unit.bench.guard.streams import CALM, counts, stream

AS_WRITTEN = Seed(minutes=True)
AS_MEANT = Seed(minutes=False)
# All of the canary and much of the service: 60 % of 3000 requests at these counts.
BROKEN = counts(requests=4050, errors=4050)


def test_as_written_it_never_counts_to_three() -> None:
    assert AS_WRITTEN(stream([BROKEN] * 60)).window is None


def test_as_meant_it_acts_at_the_third_look_in_a_row() -> None:
    found = AS_MEANT(stream([CALM, BROKEN, BROKEN, BROKEN, BROKEN]))
    assert found.window == 3
    assert found.bad == 3 * 4050


def test_a_canary_with_a_tenth_of_the_traffic_may_fail_half_of_it() -> None:
    # 150 of 3000 requests are no more than 5 %.
    assert AS_MEANT(stream([counts(errors=150)] * 60)).window is None
    assert AS_MEANT(stream([counts(errors=151)] * 60)).window == 2


def test_no_data_is_a_good_error_rate_but_a_bad_order_success() -> None:
    assert AS_MEANT(stream([CALM, None, None, CALM, None, None])).window is None
    assert AS_MEANT(stream([CALM, None, None, None])).window == 3


def test_no_traffic_at_all_is_nothing() -> None:
    silent = counts(requests=0, orders=0)
    assert AS_MEANT(stream([silent] * 60, stable=silent)).window is None


def test_latency_and_orders_count_too() -> None:
    # Over 1 % of the whole service stalls, 5 to 10 s; over 5 % of all orders fail.
    assert AS_MEANT(stream([counts(stalled=31)] * 3)).window == 2
    assert AS_MEANT(stream([counts(failed_orders=16)] * 3)).window == 2
    assert AS_MEANT(stream([counts(failed_orders=15)] * 3)).window is None


def test_errors_are_seen_over_five_minutes() -> None:
    # One window with 51 % of its requests failing keeps five minutes over 5 %.
    burst = counts(requests=300, errors=300)
    quiet = counts(requests=300)
    found = AS_MEANT(stream([burst, quiet, quiet], stable=counts(requests=300, orders=270)))
    assert found.window == 2


def test_the_warning_thresholds_are_stricter() -> None:
    warned = Seed(minutes=False, thresholds=WARNING)
    assert warned(stream([counts(errors=61)] * 60)).window == 2
    assert warned(stream([counts(errors=60)] * 60)).window is None
