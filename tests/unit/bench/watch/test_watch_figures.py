# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a guard costs, out of what was seen of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.bench.figures import Series
from tests.bench.watch.cycles import Grid, Heard
from tests.bench.watch.figures import Figures, Sample, Watch, figures_of
from tests.bench.watch.part import report

# Windows are due at 25, 35, 45 and 55: one to warm up, two that count, and one that is not waited for.
WATCH = Watch(
    services=1,
    grid=Grid(10.0, 5.0, {"web": 0.0}),
    heard=[Heard(34.0, 5.0, "web", 1), Heard(35.4, 5.9, "web", 2), Heard(45.6, 7.2, "web", 3)],
    samples=[Sample(25.0, 12, 4.0), Sample(35.0, 18, 5.5), Sample(45.0, 24, 6.5), Sample(55.0, 31, 8.0)],
    first_seconds=2.5,
    first_queries=12,
    bare_kib=50_000,
    peak_kib=100_000,
)
FIGURES = Figures(
    20,
    Series.of([90]),
    Series.of([80]),
    Series.of([100]),
    Series.of([6]),
    memory=80.0,
    bare=60.0,
    first=900.0,
    first_queries=120,
)


def test_the_first_cycle_only_warms_up() -> None:
    """It took 9 s here."""
    found = figures_of(WATCH)
    assert found.cycle.values == pytest.approx((400.0, 600.0))
    assert found.cpu.values == pytest.approx((400.0, 700.0))
    assert found.window.values == pytest.approx((1000.0, 1500.0))
    assert found.queries.values == (6.0, 7.0)
    assert (found.first, found.first_queries) == (2500.0, 12)


def test_memory_is_told_in_millions_of_bytes() -> None:
    found = figures_of(WATCH)
    assert (found.bare, found.memory) == (51.2, 102.4)


def test_a_guard_that_forgot_a_window_has_no_figures() -> None:
    with pytest.raises(ValueError, match="web for one"):
        figures_of(replace(WATCH, heard=WATCH.heard[:-1]))


@pytest.mark.parametrize(
    ("many", "missed"),
    [
        (replace(FIGURES, services=200), []),
        (replace(FIGURES, services=200, cycle=Series.of([1001])), ["a cycle with 200 services"]),
        (replace(FIGURES, services=200, memory=200.1), ["memory of a guard with 200 services"]),
        (
            replace(FIGURES, services=200, queries=Series.of([60])),
            ["queries in a window with 200 services, as many as with 20"],
        ),
    ],
)
def test_the_goals_are_about_the_most_services(many: Figures, missed: list[str]) -> None:
    made = report([FIGURES, many])
    assert len(made.goals) == 3
    assert [goal.what for goal in made.missed] == missed


def test_the_report_has_a_column_for_each_number_of_services_and_every_value_as_data() -> None:
    made = report([FIGURES, replace(FIGURES, services=200, cycle=Series.of([700, 800, 750]))])
    [table] = made.tables
    assert list(table.columns) == ["", "20 services", "200 services"]
    assert table.rows[0] == ("a cycle, ms", FIGURES.cycle, Series.of([700, 800, 750]))
    data = json.loads(made.to_json("watch", {}))["values"]["watch"]
    assert data["200"]["cycle"] == {"median": 750, "values": [700, 800, 750]}
