# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Showing that a canary is not worse."""

from __future__ import annotations

import json
import math
from random import Random

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.certifying import Certificate, NotWorse
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import Counts, Pair

from tests.unit.plugins.module_utils._evidence.streams import release, upper_limit


def _chances(canary: int, stable: int, failed: int, odds: float) -> dict[int, float]:
    """Return the probability of each number of the canary's failures, by whole numbers."""
    support = range(max(0, failed - stable), min(canary, failed) + 1)
    terms = {k: math.comb(canary, k) * math.comb(stable, failed - k) * odds**k for k in support}
    return {k: term / sum(terms.values()) for k, term in terms.items()}


@pytest.mark.parametrize(
    ("canary", "stable", "failed"), [(300, 2700, 18), (5, 5, 10), (1, 99, 1), (40, 3, 30), (500, 500, 400), (7, 9, 4)]
)
@pytest.mark.parametrize("margin", [1.5, 2.0, 5.0])
def test_the_factor_is_the_ratio_of_exact_probabilities(canary: int, stable: int, failed: int, margin: float) -> None:
    level, tilted = _chances(canary, stable, failed, 1.0), _chances(canary, stable, failed, margin)
    test = NotWorse(margin, 1.0)
    for k in list(level)[:: max(len(level) // 7, 1)]:
        if level[k] > 1e-280 and tilted[k] > 1e-280:
            found = test.log_factor(Pair(Counts(canary, k), Counts(stable, failed - k)))
            assert found == pytest.approx(math.log(level[k]) - math.log(tilted[k]), abs=1e-8)


def test_a_canary_like_stable_is_certified_in_five_minutes_at_100_rps() -> None:
    rng, test, found = Random(5), NotWorse(2.0, 1.0), []
    for _ in range(21):
        state = Certificate()
        for index, pair in enumerate(release(rng, 100, lambda _: 0.005)):
            state = test.update(state, index, pair)
            if state.log_e >= math.log(20):
                found.append(30 * (index + 1))
                break
    assert len(found) == 21
    assert 150 <= sorted(found)[10] <= 390


def test_a_worse_one_is_not() -> None:
    rng, test, false = Random(6), NotWorse(2.0, 1.0), 0
    for _ in range(100):
        state = Certificate()
        for index, pair in enumerate(release(rng, 20, lambda _: 0.005, lambda _: 0.01)):
            state = test.update(state, index, pair)
        false += state.peak >= math.log(20)
    assert upper_limit(false, 100) < 0.11
    assert false <= 5


def test_a_big_window_takes_no_time_and_no_overflow() -> None:
    assert math.isfinite(NotWorse().log_factor(Pair(Counts(3_000_000, 90_000), Counts(9_000_000, 250_000))))


def test_a_window_counts_once_and_state_survives() -> None:
    test, pair = NotWorse(), Pair(Counts(300, 1), Counts(2700, 13))
    state = test.update(Certificate(), 4, pair)
    assert test.update(state, 4, pair) is state
    assert Certificate.from_plain(json.loads(json.dumps(state.to_plain()))) == state
    assert test.update(state, 5, None).log_e == state.log_e
    with pytest.raises(ValueError, match="state"):
        Certificate.from_plain("x")


def test_more_failures_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="trials"):
        NotWorse().log_factor(Pair(Counts(3, 4), Counts(9, 1)))
    for given in ((1.0, 1.0), (2.0, 0.5)):
        with pytest.raises(ValueError, match="margin"):
            NotWorse(*given)
