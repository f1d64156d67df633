# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The rows in which others do better, and the goals."""

from __future__ import annotations

import math

import pytest

from tests.bench.guard.judges.judge import Outcome
from tests.bench.guard.lineup import LINEUP, OURS, UNMEASURED
from tests.bench.guard.losses import fewer_false, sooner
from tests.bench.guard.part import report_alternatives, report_nulls
from tests.bench.guard.regimes import ALTERNATIVES, NULLS, Regime
from tests.bench.guard.simulation import Tallies, Tally


def tallies(regimes: tuple[Regime, ...], others: list[int | None], **by_name: list[int | None]) -> Tallies:
    """Return the same outcomes for every judge and regime, but for those named: `kayenta` for Kayenta, `ours` for ours."""
    windows = {name: by_name.get(name.lower(), others) for name in LINEUP}
    return {
        regime.name: {name: Tally(regime, [Outcome(each, 0) for each in found]) for name, found in windows.items()}
        for regime in regimes
    }


def test_half_of_all_releases_is_typical() -> None:
    never: list[int | None] = [None, None]
    regime = ALTERNATIVES[0]
    assert Tally(regime, [Outcome(window, 0) for window in (0, 3, 9, None)]).typical == 120
    assert Tally(regime, [Outcome(window, 0) for window in (0, *never)]).typical is None


def test_whoever_rolls_fewer_good_releases_back_is_named() -> None:
    found = fewer_false(NULLS[:1], tallies(NULLS[:1], [5, 5, None, None], kayenta=[None] * 4))
    assert found.rows == [("healthy, 100 rps", "0.50", "Kayenta 0")]


def test_the_same_is_no_loss() -> None:
    assert fewer_false(NULLS, tallies(NULLS, [None])).rows == [("nowhere", None, None)]
    assert sooner(ALTERNATIVES, tallies(ALTERNATIVES, [58, None])).rows == [("nowhere", None, None)]


@pytest.mark.parametrize(
    ("kayenta", "told"),
    [
        ([20, 21, 21, 21], "Kayenta 1 660 s"),
        ([9, 9, 9, None], "Kayenta 0.75 300 s"),
        ([9, None, None, None], None),
        ([59, 59, 59, None], None),
    ],
    ids=["surer", "sooner in the median of all", "sooner, but only seldom", "later"],
)
def test_whoever_is_surer_or_sooner_is_named(kayenta: list[int | None], told: str | None) -> None:
    found = sooner(ALTERNATIVES[:1], tallies(ALTERNATIVES[:1], [20, 20, 20, None], kayenta=kayenta))
    assert found.rows[0][2] == told
    if told:
        assert found.rows[0][1] == "0.75 630 s"


def test_goals_are_about_the_worst_regime() -> None:
    found = dict(tallies(NULLS, [None] * 300))
    alike, bursts = report_nulls(found).goals
    assert alike.met
    assert bursts.met
    assert alike.measured == pytest.approx(0.9936, abs=1e-4)
    worse = [Outcome(3, 0), *[Outcome(None, 0)] * 299]
    found["drift"] = {**found["drift"], OURS: Tally(NULLS[5], worse)}
    found["bursty-3"] = {**found["bursty-3"], UNMEASURED: Tally(NULLS[10], worse)}
    found["sick-node"] = {**found["sick-node"], OURS: Tally(NULLS[12], worse)}
    alike, bursts = report_nulls(found).goals
    assert not alike.met
    assert alike.note == "worst: failures drift x4"
    assert bursts.met, "only what has measured burstiness promises anything about bursts"


def test_the_goal_about_detection_is_the_median_of_all_releases() -> None:
    assert report_alternatives(tallies(ALTERNATIVES, [0, 0, None])).goals[0].met
    assert report_alternatives(tallies(ALTERNATIVES, [0, 1, 1])).goals[0].measured == 60
    assert report_alternatives(tallies(ALTERNATIVES, [0, None, None])).goals[0].measured == math.inf
