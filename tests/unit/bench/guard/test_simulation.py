# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is made of many outcomes: tallies, tables, figures."""

from __future__ import annotations

import json

import pytest

from tests.bench.guard.judges.judge import Outcome
from tests.bench.guard.lineup import LINEUP
from tests.bench.guard.part import report_alternatives, report_nulls
from tests.bench.guard.regimes import ALTERNATIVES, NULLS
from tests.bench.guard.simulation import Tally, judged, simulate

LATE = next(regime for regime in ALTERNATIVES if regime.name == "late-10")


def outcomes(*windows: int | None) -> list[Outcome]:
    return [Outcome(window, 10 if window is None else window) for window in windows]


def test_in_a_null_every_rollback_is_false() -> None:
    found = Tally(NULLS[0], outcomes(None, None, 3, None))
    assert (found.false, found.releases) == (1, 4)
    assert found.false_limit == pytest.approx(0.7514, abs=1e-4)
    assert found.delays == []


def test_what_comes_before_the_onset_detects_nothing() -> None:
    found = Tally(LATE, outcomes(19, 20, 25, None))
    assert found.false == 1
    assert list(found.delays) == [30, 180]
    assert found.detected == 0.5
    assert found.bad == 19


def test_every_judge_gets_the_same_releases_however_they_are_dealt_out() -> None:
    whole, parts = judged("iid-2", 0, 4), [judged("iid-2", 0, 2), judged("iid-2", 2, 4)]
    assert set(whole) == set(LINEUP)
    assert whole == {name: parts[0][name] + parts[1][name] for name in LINEUP}


def test_workers_come_to_what_one_would() -> None:
    regime = NULLS[0]
    found = simulate([regime], 3)
    assert {name: tally.outcomes for name, tally in found[regime.name].items()} == judged(regime.name, 0, 3)


def test_tables_have_a_row_for_each_regime_and_a_column_for_each_judge() -> None:
    tallies = {regime.name: {name: Tally(regime, outcomes(None, 5, None)) for name in LINEUP} for regime in NULLS}
    report = report_nulls(tallies)
    table, losses = report.tables
    assert [row[0] for row in table.rows] == [regime.title for regime in NULLS]
    assert table.rows[0][1] == "0.33 (0.86)"
    assert losses.rows == [("nowhere", None, None)]
    assert json.loads(report.to_json("guard", {}))["values"]["nulls"]["iid-2"]["seed"] == {
        "releases": 3,
        "rolled_back_after_window": {"5": 1},
        "bad_served_median": 10,
    }


def test_the_tables_of_bad_releases() -> None:
    tallies = {regime.name: {name: Tally(regime, outcomes(None, 50, 59)) for name in LINEUP} for regime in ALTERNATIVES}
    detected, delay, bad, early, losses = report_alternatives(tallies).tables
    assert losses.rows == [("nowhere", None, None)]
    row = [regime.name for regime in ALTERNATIVES].index("late-10")
    assert detected.rows[row][1] == "0.67"
    assert delay.rows[row][1] == "930 / 1200"
    assert bad.rows[row][1] == "50"
    assert [line[0] for line in early.rows] == [
        regime.title for regime in ALTERNATIVES if regime.name.startswith("late")
    ]
