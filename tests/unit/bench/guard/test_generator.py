# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The generator: the same streams everywhere, with the rates that it says."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import pytest

from tests.bench.guard.generator import generate
from tests.bench.guard.regimes import ALTERNATIVES, NULLS
from tests.bench.guard.stream import NOTHING, STALLED, WINDOWS, Counts, Stream

REGIMES = {regime.name: regime for regime in (*NULLS, *ALTERNATIVES)}


def streams(name: str, number: int = 40) -> list[Stream]:
    return [generate(REGIMES[name], each) for each in range(number)]


def total(found: Sequence[Stream], first: int = 0, last: int = WINDOWS) -> Counts:
    """Return what all canaries served from window ``first`` up to the one before ``last``."""
    return sum((window.served for stream in found for window in stream.windows[first:last]), start=NOTHING)


def near(share: float, of: int) -> object:
    """Return what a share measured on so many may be: within five standard errors."""
    return pytest.approx(share, rel=0, abs=5 * (share * (1 - share) / of) ** 0.5)


def test_the_seed_is_published_and_gives_this_stream() -> None:
    # It must be the same on every interpreter, or nobody can repeat the figures.
    window = generate(REGIMES["iid-100"], 0).windows[0]
    assert window.canary == FIRST
    bursty = generate(REGIMES["bursty-3"], 7).windows[-1]
    assert bursty.canary == BURSTY


FIRST = Counts(requests=324, errors=1, slow=(20, 3, 0, 0), orders=32, failed_orders=0)
BURSTY = Counts(requests=1448, errors=10, slow=(87, 12, 2, 0), orders=144, failed_orders=0)


@pytest.mark.parametrize("name", ["incident", "sick-node", "missing", "resets", "bursty-5", "late-15"])
def test_a_number_gives_one_stream_and_another_number_another(name: str) -> None:
    assert generate(REGIMES[name], 3) == generate(REGIMES[name], 3)
    assert generate(REGIMES[name], 3) != generate(REGIMES[name], 4)


def test_regimes_have_names_of_their_own() -> None:
    assert len(REGIMES) == len(NULLS) + len(ALTERNATIVES)
    assert all(regime.null for regime in NULLS)
    assert not any(regime.null for regime in ALTERNATIVES)


@pytest.mark.parametrize(("name", "rps"), [("iid-100", 100), ("iid-20", 20), ("iid-2", 2)])
def test_the_canary_gets_its_weight_of_the_requests(name: str, rps: int) -> None:
    found = streams(name)
    for step, weight in enumerate((0.10, 0.25, 0.50)):
        expected = rps * 600 * weight * len(found)
        requests = total(found, 20 * step, 20 * step + 20).requests
        assert requests == pytest.approx(expected, rel=0, abs=5 * expected**0.5)
    whole = sum(each.canary.until(WINDOWS - 1).requests + each.stable.until(WINDOWS - 1).requests for each in found)
    assert whole == pytest.approx(rps * 1800 * len(found), rel=0, abs=5 * (rps * 1800 * len(found)) ** 0.5)


def test_a_healthy_release_fails_stalls_and_orders_as_usual() -> None:
    found = total(streams("iid-100"))
    assert found.error_ratio == near(0.005, found.requests)
    assert 1 - found.order_success == near(0.005, found.orders)
    assert found.orders / found.requests == pytest.approx(0.1, rel=0.02)
    # Of those served, 99 % take at most a second.
    assert found.slow[1] / found.requests == near(0.00995, found.requests)
    assert found.p99 == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("points", "rps"), [(1, 100), (5, 20), (20, 2)])
def test_a_worse_canary_fails_more_and_the_stable_revision_does_not(points: int, rps: int) -> None:
    found = streams(f"errors-{points}-{rps}")
    bad = total(found)
    assert bad.error_ratio == near(0.005 + points / 100, bad.requests)
    stable = sum((each.stable.until(WINDOWS - 1) for each in found), start=NOTHING)
    assert stable.error_ratio == near(0.005, stable.requests)


@pytest.mark.parametrize("share", [1, 3, 10])
def test_stalls(share: int) -> None:
    bad = total(streams(f"stall-{share}"))
    assert bad.slow[STALLED] / bad.requests == near(share / 100, bad.requests)


def test_orders_fail_or_stay_away() -> None:
    failing, fewer = total(streams("orders-failing")), total(streams("orders-fewer"))
    assert 1 - failing.order_success == near(0.105, failing.orders)
    assert fewer.orders / fewer.requests == pytest.approx(0.09, rel=0.02)


@pytest.mark.parametrize(("name", "onset"), [("late-10", 20), ("late-15", 30), ("late-22.5", 45)])
def test_a_late_one_is_healthy_until_its_onset(name: str, onset: int) -> None:
    found = streams(name)
    before, after = total(found, 0, onset), total(found, onset)
    assert REGIMES[name].onset == onset
    assert before.error_ratio == near(0.005, before.requests)
    assert after.error_ratio == near(0.015, after.requests)


def test_an_intermittent_one_is_bad_in_one_window_of_five() -> None:
    found = streams("intermittent")
    bad = sum((total(found, window, window + 1) for window in range(0, WINDOWS, 5)), start=NOTHING)
    assert bad.error_ratio == near(0.055, bad.requests)
    rest = total(found) - bad
    assert rest.error_ratio == near(0.005, rest.requests)


def test_an_incident_hits_both_for_three_minutes() -> None:
    for each in streams("incident", 5):
        hit = [both_over(window.canary, window.stable, 0.03) for window in each.windows]
        begin = hit.index(True)
        assert hit == [begin <= window < begin + 6 for window in range(WINDOWS)]


def both_over(canary: Counts | None, stable: Counts | None, limit: float) -> bool:
    assert canary is not None
    assert stable is not None
    assert (canary.error_ratio > limit) == (stable.error_ratio > limit)
    return canary.error_ratio > limit


def test_a_drift_ends_at_four_times_the_usual() -> None:
    found = streams("drift")
    first, last = total(found, 0, 3), total(found, WINDOWS - 3)
    assert first.error_ratio == pytest.approx(0.005, rel=0.25)
    assert last.error_ratio == pytest.approx(0.0195, rel=0.1)


@pytest.mark.parametrize("phi", [1.0, 1.5, 3.0, 5.0])
def test_burstiness_is_the_variance_over_that_of_independent_failures(phi: float) -> None:
    regime = REGIMES["iid-100" if phi == 1.0 else f"bursty-{phi:g}"]
    failures = [pair[0].errors for pair in generate(regime, 0).before(3000)]
    # Half of 100 rps for 30 s, of which 0.5 % fail.
    assert statistics.fmean(failures) == pytest.approx(7.5, rel=0.1)
    assert statistics.variance(failures) / statistics.fmean(failures) == pytest.approx(phi, rel=0.15)


def test_windows_are_missing_for_both_but_were_served() -> None:
    found = [window for each in streams("missing", 100) for window in each.windows]
    gone = [window for window in found if window.canary is None]
    assert len(gone) / len(found) == near(0.1, len(found))
    assert all(window.stable is None and window.served.requests for window in gone)


def test_a_reset_loses_part_of_what_a_revision_counted() -> None:
    found = [window for each in streams("resets", 100) for window in each.windows]
    lost = [window for window in found if window.canary != window.served]
    # Not every reset loses a request, so a few less than happen.
    assert 0.035 < len(lost) / len(found) < 0.055
    for window in lost:
        assert window.canary is not None
        assert window.canary.requests <= window.served.requests
        assert window.canary.errors <= window.served.errors


def test_a_sick_node_hits_whoever_stands_on_it() -> None:
    found = streams("sick-node", 200)
    last = [
        (each.canary.last(WINDOWS - 1, 5).error_ratio, each.stable.last(WINDOWS - 1, 5).error_ratio) for each in found
    ]
    hit = [max(pair) > 0.01 for pair in last]
    unequal = [abs(mine - theirs) > 0.005 for mine, theirs in last]
    assert 0.4 < statistics.fmean(hit) < 0.8
    assert 0.3 < statistics.fmean(unequal) < 0.7


def test_only_bursts_and_a_sick_node_tell_equal_revisions_apart() -> None:
    unequal = {regime.name for regime in NULLS if not regime.equal}
    assert unequal == {"bursty-1.5", "bursty-3", "bursty-5", "sick-node"}
    assert {regime.name for regime in NULLS if regime.phi > 1} == unequal - {"sick-node"}
