# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Goals, and the report for people and for programs."""

from __future__ import annotations

import json

import pytest

from tests.bench.figures import Series
from tests.bench.report import Goal, Report
from tests.bench.table import Table


@pytest.mark.parametrize(("measured", "met"), [(59.9, True), (60.0, True), (60.1, False)])
def test_a_goal_is_met_up_to_its_limit(measured: float, met: bool) -> None:
    assert Goal("one verb", 60, measured).met is met


def test_a_goal_says_what_was_wanted_and_what_was_measured() -> None:
    assert Goal("one verb", 60, 58.44).line() == "met     goal: one verb <= 60 ms; measured 58.4 ms"
    assert Goal("share", 0.125, 0.2, unit="", note="5 rounds").line() == (
        "MISSED  goal: share <= 0.125; measured 0.2 (5 rounds)"
    )
    assert Goal("all", 500, 12345.6).line() == "MISSED  goal: all <= 500 ms; measured 12346 ms"


def test_reports_add_up() -> None:
    whole = Report([Table("first", [""])], [Goal("a", 1, 2)], {"one": 1})
    whole.add(Report([Table("second", [""])], [Goal("b", 2, 1)], {"two": 2}))

    assert [goal.what for goal in whole.missed] == ["a"]
    assert whole.data == {"one": 1, "two": 2}
    lines = whole.lines()
    assert lines.index("first") < lines.index("second") < lines.index(Goal("a", 1, 2).line())


def test_the_report_for_programs_holds_every_value() -> None:
    report = Report([], [Goal("a", 60, 50)], {"verb": {"raw": Series.of([3, 1, 2]), "controller": None}})

    found = json.loads(report.to_json("verbs", {"cores": 2}))

    assert found["part"] == "verbs"
    assert found["machine"] == {"cores": 2}
    assert found["goals"] == [{"what": "a", "limit": 60, "measured": 50, "unit": "ms", "met": True}]
    assert found["values"]["verb"] == {"raw": {"median": 2, "values": [3, 1, 2]}, "controller": None}


def test_what_is_no_data_does_not_get_into_the_report_unnoticed() -> None:
    with pytest.raises(TypeError, match="Goal is not for JSON"):
        Report([], [], {"wrong": Goal("a", 1, 1)}).to_json("verbs", {})
