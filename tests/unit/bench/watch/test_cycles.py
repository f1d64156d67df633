# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How long a guard's cycles took, by what it said."""

from __future__ import annotations

import pytest

from tests.bench.watch.cycles import Grid, Heard, cycle, heard_in

GRID = Grid(10.0, 5.0, {"trading-000": 1000.0, "trading-001": 1020.0})
# Windows that ended at 1050.
DUE = 1055.0


def test_only_lines_about_windows_are_heard() -> None:
    lines = [
        (1.0, 0.5, "trading-000: revision 6c96 is watched, against 5d8f (hold_only)"),
        (2.0, 0.6, "trading-000: window 3, 62 requests, 0 failed, continue"),
        (3.0, 0.7, "Prometheus does not answer: error_rate: window 9 of it"),
        (4.0, 0.8, "trading-001: it warms up, or has no users yet, continue"),
        (5.0, 0.9, "trading-001: window 12, no data, hold: no data since window 9"),
    ]
    assert heard_in(lines) == [Heard(2.0, 0.6, "trading-000", 3), Heard(5.0, 0.9, "trading-001", 12)]


def test_services_number_their_windows_from_when_they_were_watched() -> None:
    assert [GRID.number(name, DUE) for name in GRID.origins] == [4, 2]


@pytest.mark.parametrize(("moment", "due"), [(1045.1, 1055.0), (1055.0, 1055.0), (1055.1, 1065.0)])
def test_windows_are_due_after_their_end(moment: float, due: float) -> None:
    assert GRID.next(moment) == due


def test_a_cycle_ends_with_the_last_decision() -> None:
    heard = [
        Heard(1045.1, 1.0, "trading-000", 3),
        Heard(1055.2, 1.2, "trading-001", 2),
        Heard(1055.9, 1.5, "trading-000", 4),
        Heard(1065.3, 1.9, "trading-000", 5),
        Heard(1065.4, 2.0, "trading-001", 3),
    ]
    found = cycle(heard, GRID, DUE)
    assert (found.due, found.cpu) == (DUE, 1.5)
    assert found.seconds == pytest.approx(0.9)


def test_a_window_that_was_taken_in_together_with_the_next_one_was_late() -> None:
    heard = [Heard(1065.4, 2.0, "trading-000", 5), Heard(1055.2, 1.2, "trading-001", 2)]
    assert cycle(heard, GRID, DUE).seconds == pytest.approx(10.4)


def test_a_service_that_was_forgotten_is_no_quick_one() -> None:
    with pytest.raises(ValueError, match="1 of 2 services were not decided upon, trading-001 for one"):
        cycle([Heard(1055.9, 1.5, "trading-000", 4), Heard(1055.9, 1.5, "trading-001", 1)], GRID, DUE)


def test_a_service_that_nobody_asked_about_does_not_count() -> None:
    heard = [Heard(1055.1, 1.0, name, 9) for name in GRID.origins]
    assert cycle([*heard, Heard(1059.0, 2.0, "web", 9)], GRID, DUE).seconds == pytest.approx(0.1)
