# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Combining, burstiness, traffic split, burn rates and impact."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from random import Random

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.burn_rate import (
    BurnWindows,
    Trail,
    burn,
    followed,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.burstiness import burstiness
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.combining import average, strongest
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import NOTHING, Counts, Pair
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.impact import (
    Cost,
    charged,
    odds_at_least,
    work,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.process import Process
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.share import Split

from tests.unit.plugins.module_utils._evidence.streams import binomial

HOUR = BurnWindows(14.4, 120, 10)


def test_counts_are_what_they_say() -> None:
    assert Counts(3, 1) + Counts(4, 0) == Counts(7, 1)
    assert (Counts(4, 1).rate, NOTHING.rate) == (0.25, None)
    with pytest.raises(ValueError, match="0 or more"):
        Counts(-1, 0)


def test_the_average_is_that_of_e_values_not_of_logarithms() -> None:
    assert average([(0.3, math.log(10)), (0.7, 0.0)]) == pytest.approx(math.log(3.7))
    assert average([(3, math.log(10)), (7, 0.0)]) == pytest.approx(math.log(3.7)), "weights need not sum to 1"
    assert average([]) == average([(0, 5.0)]) == 0
    assert average([(0.5, 2000.0), (0.5, -2000.0)]) == pytest.approx(2000 - math.log(2)), "no overflow"


def test_the_strongest_comes_first() -> None:
    assert strongest({"a": 0.1, "b": 0.9}, {"a": 3.0, "b": 2.0, "c": 9.0}) == ["b", "a"]


def pods(rng: Random, rate: float, size: int = 1) -> dict[str, Counts]:
    """Return a window of four pods whose failures come `size` at once."""
    return {f"web-{number}": Counts(500, size * binomial(rng, 500, rate / size)) for number in range(4)}


def test_independent_failures_are_not_bursty() -> None:
    rng = Random(1)
    assert 1.0 <= burstiness([pods(rng, 0.01) for _ in range(500)]) < 1.4


def test_bursts_are_measured() -> None:
    rng = Random(2)
    assert burstiness([pods(rng, 0.01, 3) for _ in range(500)]) == pytest.approx(4, abs=1)
    assert burstiness([pods(rng, 0.05, 25) for _ in range(300)]) == 10


def test_bursts_longer_than_a_window_show_in_sums() -> None:
    rng, windows = Random(3), []
    for block in range(60):
        bad = f"web-{rng.randrange(4)}" if block % 2 else ""
        windows += [
            {name: Counts(500, binomial(rng, 500, 0.016 if name == bad else 0.008)) for name in pods(rng, 0.01)}
            for _ in range(10)
        ]
    lasting = burstiness(windows)
    rng.shuffle(windows)
    assert lasting > burstiness(windows) + 1


def test_without_enough_data_burstiness_is_a_guess() -> None:
    rng = Random(4)
    assert burstiness([]) == burstiness([pods(rng, 0.01)] * 29) == 1.5
    assert burstiness([{"web-0": Counts(100, 9)}] * 100) == 1.5, "one pod has nothing to be compared with"
    assert burstiness([{"a": Counts(100, 0), "b": Counts(100, 0)}] * 100, default=2.0) == 2.0, "nothing failed"


def test_a_split_that_is_off_is_found_in_both_directions() -> None:
    test = Split()
    for canary in (600, 120):
        process = Process()
        for index in range(12):
            process = test.update(process, index, canary, 3000 - canary, 0.1)
        assert (process.log_e > math.log(100)) is True, canary
    process = Process()
    for index in range(60):
        process = test.update(process, index, 300, 2700, 0.1)
    assert process.log_e < 0
    assert test.update(process, 60, 300, 0, None).log_e == process.log_e
    assert test.factors(0, 0, 0.1) is test.factors(1, 1, 0.0) is test.factors(1, 1, 1.0) is None


def spent(rates: Sequence[float | None], windows: BurnWindows = HOUR) -> Trail:
    """Return the trail of windows with these shares of failures of 1000."""
    trail = Trail()
    for index, rate in enumerate(rates):
        trail = followed(trail, index, None if rate is None else Counts(1000, round(1000 * rate)), windows)
    return trail


def test_a_burn_rate_needs_both_windows() -> None:
    lasting = burn(spent([0.08] * 120), HOUR, 0.005)
    assert (lasting.long, lasting.short) == pytest.approx((16, 16))
    assert lasting.fires
    over = burn(spent([0.08] * 110 + [0.0] * 12), HOUR, 0.005)
    assert over.long > 14
    assert not over.fires, "it is over"
    young = burn(spent([0.08] * 12), HOUR, 0.005)
    assert young.short == pytest.approx(16)
    assert not young.fires, "a tenth of an hour is not an hour"
    assert burn(spent([1.0] * 12), HOUR, 0.005).fires, "but a total failure need not last that long"


def test_what_is_missing_is_no_failure_and_no_success() -> None:
    some = burn(spent([0.08, None] * 60), HOUR, 0.005)
    assert some.long == pytest.approx(16)
    assert burn(spent([None] * 5), HOUR, 0.005).long == 0
    assert burn(Trail(), HOUR, 0.005).short == 0


def test_a_trail_is_bounded_and_survives() -> None:
    days = BurnWindows(1.0, 8640, 720)
    trail = spent([0.001] * 9000, days)
    assert len(trail.parts) <= days.kept == 60
    assert followed(trail, 8999, Counts(1, 1), days) is trail
    assert Trail.from_plain(json.loads(json.dumps(trail.to_plain()))) == trail
    with pytest.raises(ValueError, match="state"):
        Trail.from_plain({})


def test_excess_is_counted_window_by_window() -> None:
    cost = Cost()
    pairs = [
        Pair(Counts(100, 8), Counts(900, 72)),
        Pair(Counts(100, 12), Counts(900, 18)),
        Pair(Counts(500, 60), Counts(500, 10)),
    ]
    for index, pair in enumerate(pairs):
        cost = charged(cost, index, pair)
    assert (cost.served, cost.failed) == (700, 80)
    assert cost.excess == pytest.approx(0 + 10 + 50), "an incident of both costs nothing"
    assert cost.harm_per_window == pytest.approx(20)
    assert cost.expected_harm(90, 30) == pytest.approx(60)
    assert charged(cost, 2, pairs[0]) is cost
    assert charged(cost, 3, None).excess == cost.excess
    assert Cost.from_plain(json.loads(json.dumps(cost.to_plain()))) == cost
    with pytest.raises(ValueError, match="state"):
        Cost.from_plain([])


def test_without_a_control_what_was_usual_is_expected() -> None:
    alone = Pair(Counts(1000, 30), NOTHING)
    assert charged(Cost(), 0, alone, 0.01).excess == pytest.approx(20)
    assert charged(Cost(), 0, alone).excess == 30
    better = charged(Cost(), 0, Pair(Counts(100, 0), Counts(100, 10)))
    assert (better.harmed, better.harm_per_window, better.excess) == (0, 0, -10)


def test_recent_harm_forgets() -> None:
    cost = Cost()
    for index in range(20):
        cost = charged(cost, index, Pair(Counts(100, 50 if index < 10 else 0), Counts(100, 0)))
    assert cost.harmed == 500
    assert cost.harm_per_window == 0


def test_the_odds_ratio_that_is_shown_is_below_the_true_one() -> None:
    rng, pairs = Random(8), []
    for _ in range(20):
        pairs.append(Pair(Counts(300, binomial(rng, 300, 0.05)), Counts(2700, binomial(rng, 2700, 0.01))))
    assert 2 <= odds_at_least(pairs, 0.05, 1.0) <= 5
    assert odds_at_least([Pair(Counts(300, 3), Counts(2700, 27))] * 20, 0.05, 1.0) == 1


def test_the_work_of_going_back() -> None:
    found = work(desired=10, stable_available=5, new_pods=5, surge=2, ready_seconds=range(1, 21), delay=1.0)
    assert (found.start, found.stop, found.seconds) == (5, 5, 1 + 3 * 19)
    warm = work(desired=3, stable_available=3, new_pods=3, surge=0, ready_seconds=[], delay=0.5)
    assert (warm.start, warm.seconds) == (0, 0.5)
