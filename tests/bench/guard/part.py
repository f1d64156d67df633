# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of the benchmark about the guard's decision: who rolls back what, how soon, and at what price."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.bench.guard.limits import middle
from tests.bench.guard.lineup import LEGEND, LINEUP
from tests.bench.guard.regimes import ALTERNATIVES, NULLS, Regime
from tests.bench.guard.simulation import Tallies, Tally, simulate
from tests.bench.report import Report
from tests.bench.table import NOTHING, Table

RELEASES = 200
"""Releases of each regime in one round."""


def nulls(rounds: int) -> Report:
    """Judge releases that are not at fault."""
    return report_nulls(simulate(NULLS, rounds * RELEASES))


def alternatives(rounds: int) -> Report:
    """Judge releases that harm customers."""
    return report_alternatives(simulate(ALTERNATIVES, rounds * RELEASES))


ITEMS: dict[str, Callable[[int], Report]] = {"nulls": nulls, "alternatives": alternatives}


def report_nulls(tallies: Tallies) -> Report:
    """Return how often releases that are not at fault are rolled back."""
    notes = (
        "in brackets the upper 95 % confidence limit (Clopper-Pearson)",
        "bursty and sick node: the revisions do not fail alike and independently; the canary may really be worse, by chance",
        *LEGEND,
    )
    tables = [_table("False rollbacks: probability in a release of 30 min", NULLS, tallies, _false, notes)]
    return Report(tables, [], {"nulls": _data(tallies)})


def report_alternatives(tallies: Tallies) -> Report:
    """Return how often and how soon bad releases are rolled back."""
    late = [regime for regime in ALTERNATIVES if regime.onset]
    tables = [
        _table("Bad releases rolled back: probability", ALTERNATIVES, tallies, _detected),
        _table(
            "Seconds from the first bad window to the verdict: median / 90 % of those rolled back",
            ALTERNATIVES,
            tallies,
            _delay,
        ),
        _table(
            "Bad requests and orders served by the canary until the verdict, or its end: median",
            ALTERNATIVES,
            tallies,
            _bad,
        ),
        _table("Rolled back before they turned bad: probability", late, tallies, _false, LEGEND),
    ]
    return Report(tables, [], {"alternatives": _data(tallies)})


def _table(
    title: str, regimes: Sequence[Regime], tallies: Tallies, cell: Callable[[Tally], str], notes: Sequence[str] = ()
) -> Table:
    table = Table(title, ["", *LINEUP], notes=notes)
    for regime in regimes:
        table.add(regime.title, *[cell(tallies[regime.name][judge]) for judge in LINEUP])
    return table


def _false(tally: Tally) -> str:
    return f"{_share(tally.false / tally.releases)} ({_share(tally.false_limit)})"


def _detected(tally: Tally) -> str:
    return _share(tally.detected)


def _delay(tally: Tally) -> str:
    half, most = middle(tally.delays), middle(tally.delays, 0.9)
    return NOTHING if half is None or most is None else f"{half:.0f} / {most:.0f}"


def _bad(tally: Tally) -> str:
    return NOTHING if tally.bad is None else f"{tally.bad:.0f}"


def _share(value: float) -> str:
    """Return a probability with as many digits as tell something: nothing and certainty have none."""
    if value in (0.0, 1.0):
        return f"{value:.0f}"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def _data(tallies: Tallies) -> dict[str, dict[str, object]]:
    return {regime: {judge: tally.data() for judge, tally in judges.items()} for regime, judges in tallies.items()}
