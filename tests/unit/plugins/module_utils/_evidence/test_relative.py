# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The comparison of a canary with stable: hand-checked values, the null, power, and state that survives."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from itertools import pairwise
from random import Random

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import NOTHING, Counts, Pair
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.process import Process
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.relative import GRID, Relative
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.starts import SINGLE, Starts

from tests.unit.plugins.module_utils._evidence.streams import Rate, release, upper_limit

PLAIN = Relative(1.0, 1.0, starts=SINGLE)
USUAL = Relative()
BAD = Pair(Counts(300, 5), Counts(2700, 13))


def run(test: Relative, pairs: Iterable[Pair | None]) -> Process:
    """Return the state after these windows."""
    process = Process()
    for index, pair in enumerate(pairs):
        process = test.update(process, index, pair)
    return process


def first_over(test: Relative, pairs: Iterable[Pair], alpha: float) -> int | None:
    """Return the first window at which the evidence reaches 1/alpha."""
    process = Process()
    for index, pair in enumerate(pairs):
        process = test.update(process, index, pair)
        if process.log_e >= math.log(1 / alpha):
            return index
    return None


def test_hand_checked_values() -> None:
    process, found = Process(), []
    for index in range(6):
        process = PLAIN.update(process, index, BAD)
        found.append(process.log_e)
    assert found == pytest.approx([1.2010, 3.0461, 5.0434, 7.1132, 9.2224, 11.3565], abs=5e-5)
    assert process.p_value == pytest.approx(math.exp(-11.3565), rel=1e-3)


def _choose(n: int, k: int) -> int:
    return math.comb(n, k) if 0 <= k <= n else 0


@pytest.mark.parametrize(("canary", "stable", "failed"), [(3, 17, 4), (10, 10, 6), (40, 5, 9), (5, 40, 12)])
@pytest.mark.parametrize("odds", [0.5, 1.0, 1.2])
def test_no_factor_has_a_mean_above_1_under_the_null(canary: int, stable: int, failed: int, odds: float) -> None:
    """The whole conditional distribution of the canary's failures, with the true odds ratio up to the margin."""
    test = Relative(1.2, 1.0, starts=SINGLE)
    chances = [_choose(canary, k) * _choose(stable, failed - k) * odds**k for k in range(failed + 1)]
    for number in range(len(GRID)):
        mean = 0.0
        for k, chance in enumerate(chances):
            if chance:
                factors = test.factors(Pair(Counts(canary, k), Counts(stable, failed - k)))
                assert factors is not None
                mean += chance / sum(chances) * math.exp(factors[number])
        assert mean <= 1 + 1e-9


def constant(rate: float) -> Rate:
    return lambda _index: rate


def drift(index: int) -> float:
    """Four times as many failures at the end as at the beginning."""
    return 0.005 * (1 + index / 20)


def incident(index: int) -> float:
    """Three minutes in which both revisions fail."""
    return 0.08 if 20 <= index < 26 else 0.005


@pytest.mark.parametrize(
    ("rps", "rate"),
    [(20, constant(0.005)), (2, constant(0.018)), (20, drift), (20, incident)],
    ids=["20 rps", "2 rps", "drift", "incident"],
)
def test_false_rollbacks_stay_below_alpha(rps: float, rate: Rate) -> None:
    rng = Random(20261123)
    releases = 400
    false = sum(first_over(USUAL, release(rng, rps, rate), 0.01) is not None for _ in range(releases))
    assert upper_limit(false, releases) < 0.01, false


def test_the_guarantee_needs_no_margin_and_no_tempering() -> None:
    rng = Random(7)
    bare = Relative(1.0, 1.0)
    releases = 250
    false = sum(first_over(bare, release(rng, 20, incident), 0.05) is not None for _ in range(releases))
    assert false > 0, "a test that never errs would show nothing"
    assert upper_limit(false, releases) < 0.05, false


def test_bursts_of_one_revision_break_it_and_tempering_mends_it() -> None:
    """Each failure brings two more in the same revision: the variance is three times the binomial's."""
    rng = Random(3)
    found = {1.0: 0, 3.0: 0}
    for _ in range(80):
        calm = list(release(rng, 100, constant(0.005 / 3)))
        burst = [
            Pair(Counts(p.canary.n, min(3 * p.canary.k, p.canary.n)), Counts(p.stable.n, 3 * p.stable.k)) for p in calm
        ]
        for phi in found:
            found[phi] += first_over(Relative(1.0, phi), burst, 0.05) is not None
    assert found[1.0] > 8
    assert upper_limit(found[3.0], 80) < 0.08


def test_five_points_more_are_seen_in_a_window_at_100_rps() -> None:
    rng = Random(11)
    windows = [first_over(USUAL, release(rng, 100, constant(0.005), constant(0.055)), 0.01) for _ in range(40)]
    seen = sorted(window for window in windows if window is not None)
    assert len(seen) == 40
    assert seen[20] == 0, "half of them in the first window"


def test_a_late_onset_is_seen_sooner_with_more_starts() -> None:
    rng = Random(12)
    once = Relative(starts=SINGLE)

    def late(index: int) -> float:
        return 0.015 if index >= 45 else 0.005

    mixed, single = [], []
    for _ in range(30):
        pairs = list(release(rng, 100, constant(0.005), late))
        mixed.append(first_over(USUAL, pairs, 0.01))
        single.append(first_over(once, pairs, 0.01))
    found = sorted(window - 45 for window in mixed if window is not None)
    assert len(found) >= 29
    assert found[len(found) // 2] <= 9, "in four and a half minutes"
    assert sum(window is not None for window in single) < len(found)


@pytest.mark.parametrize(
    "pair",
    [
        None,
        Pair(NOTHING, Counts(10, 3)),
        Pair(Counts(10, 3), NOTHING),
        Pair(Counts(10, 0), Counts(100, 0)),
    ],
)
def test_what_says_nothing_changes_nothing(pair: Pair | None) -> None:
    before = run(USUAL, [BAD, BAD])
    after = USUAL.update(before, 2, pair)
    assert (after.log_e, after.rows, after.peak) == (before.log_e, before.rows, before.peak)
    assert after.seen == 2


def test_a_window_counts_once() -> None:
    process = run(USUAL, [BAD] * 12)
    assert USUAL.update(process, 11, BAD) is process
    assert USUAL.update(process, 3, BAD) is process


def test_state_through_json_gives_the_same_bits() -> None:
    rng = Random(5)
    process = straight = Process()
    for index, pair in enumerate(release(rng, 20, constant(0.02))):
        straight = USUAL.update(straight, index, pair)
        process = USUAL.update(Process.from_plain(json.loads(json.dumps(process.to_plain()))), index, pair)
    assert process == straight


@pytest.mark.parametrize("plain", [None, [], [1, 2, 3], {"seen": 1}, [0, 0, 0.0, 0.0, "rows"]])
def test_a_foreign_state_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match="state"):
        Process.from_plain(plain)


def test_windows_that_came_late_start_what_was_due() -> None:
    """Fifty windows without data: what they would have started starts with the next one, at the same weight."""
    gap = Process()
    gap = USUAL.update(gap, 50, BAD)
    assert gap.started == 6
    assert len(gap.rows) == 1
    assert gap.rows[0].log_weight == pytest.approx(math.log(0.9))


@pytest.mark.parametrize("starts", [Starts(), Starts(planned=0), Starts(planned=3, tail=0.5), SINGLE])
def test_no_schedule_spends_more_than_alpha(starts: Starts) -> None:
    spent = math.fsum(starts.weight(number) for number in range(5000))
    assert 0.9 < spent <= 1 + 1e-12
    left = [starts.log_rest(number) for number in range(0, 300, 10)]
    assert all(later <= earlier for earlier, later in pairwise(left))


def test_the_state_stays_small_for_a_day() -> None:
    rng = Random(9)
    process = run(USUAL, release(rng, 2, constant(0.01), windows=2880))
    assert len(process.rows) == USUAL.starts.kept
    assert len(json.dumps(process.to_plain())) < 3000


def test_what_is_given_up_only_lowers_the_evidence() -> None:
    rng = Random(10)
    pairs = list(release(rng, 20, constant(0.005), lambda index: 0.03 if index >= 300 else 0.005, windows=340))
    few, all_of_them = Relative(starts=Starts(kept=4)), Relative(starts=Starts(kept=1000))
    a, b = Process(), Process()
    for index, pair in enumerate(pairs):
        a, b = few.update(a, index, pair), all_of_them.update(b, index, pair)
        assert a.log_e <= b.log_e + 1e-9
    assert a.log_e > math.log(100)


@pytest.mark.parametrize("given", [{"margin": 0.9}, {"burstiness": 0.5}, {"grid": ()}, {"grid": (1.0,)}])
def test_settings_without_a_guarantee_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="margin"):
        Relative(**given)  # type: ignore[arg-type]
