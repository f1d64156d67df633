# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of the benchmark about the guard's decision: who rolls back what, how soon, and at what price."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tests.bench.guard.limits import middle, share
from tests.bench.guard.lineup import LEGEND, LINEUP, OURS
from tests.bench.guard.losses import fewer_false, sooner
from tests.bench.guard.regimes import ALTERNATIVES, NULLS, Regime
from tests.bench.guard.simulation import Tallies, Tally, simulate
from tests.bench.report import Goal, Report
from tests.bench.table import NOTHING, Table

RELEASES = {"nulls": 300, "alternatives": 200}
"""Releases of each regime in one round: none of 300 rolled back falsely shows, at 95 %, a probability below 1 %."""
FALSE_PERCENT = 1.0
DELAY_SECONDS = 30.0
SEEN_AT_ONCE = "errors-5-100"


def nulls(rounds: int) -> Report:
    """Judge releases that are not at fault."""
    return report_nulls(simulate(NULLS, rounds * RELEASES["nulls"]))


def alternatives(rounds: int) -> Report:
    """Judge releases that harm customers."""
    return report_alternatives(simulate(ALTERNATIVES, rounds * RELEASES["alternatives"]))


ITEMS: dict[str, Callable[[int], Report]] = {"nulls": nulls, "alternatives": alternatives}


def report_nulls(tallies: Tallies) -> Report:
    """Return how often releases that are not at fault are rolled back."""
    notes = (
        "in brackets the upper 95 % confidence limit (Clopper-Pearson)",
        "bursty and sick node: the revisions do not fail alike and independently; the canary may really be worse, by chance",
        *LEGEND,
    )
    tables = [_table("False rollbacks: probability in a release of 30 min", NULLS, tallies, _false, notes)]
    return Report([*tables, fewer_false(NULLS, tallies)], _false_goals(tallies), {"nulls": _data(tallies)})


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
    return Report([*tables, sooner(ALTERNATIVES, tallies)], [_delay_goal(tallies)], {"alternatives": _data(tallies)})


def _false_goals(tallies: Tallies) -> list[Goal]:
    """Return the goals of the design about false rollbacks: the worst regime of each kind is the measurement."""
    kinds = {
        "false rollbacks, revisions that fail alike": [regime for regime in NULLS if regime.equal],
        "false rollbacks, bursts, burstiness measured": [regime for regime in NULLS if regime.phi > 1],
    }
    goals = []
    for what, regimes in kinds.items():
        limits = {regime.title: 100 * tallies[regime.name][OURS].false_limit for regime in regimes}
        worst = max(limits, key=lambda title: limits[title])
        goals.append(Goal(f"{what}: upper 95 % limit", FALSE_PERCENT, limits[worst], "%", f"worst: {worst}"))
    return goals


def _delay_goal(tallies: Tallies) -> Goal:
    """Return the goal of the design about detection; a canary that is mostly not found is not found in time either."""
    title = next(regime.title for regime in ALTERNATIVES if regime.name == SEEN_AT_ONCE)
    typical = tallies[SEEN_AT_ONCE][OURS].typical
    return Goal(f"{title}, a canary of 10 %: median", DELAY_SECONDS, math.inf if typical is None else typical, "s")


def _table(
    title: str, regimes: Sequence[Regime], tallies: Tallies, cell: Callable[[Tally], str], notes: Sequence[str] = ()
) -> Table:
    table = Table(title, ["", *LINEUP], notes=notes)
    for regime in regimes:
        table.add(regime.title, *[cell(tallies[regime.name][judge]) for judge in LINEUP])
    return table


def _false(tally: Tally) -> str:
    return f"{share(tally.false / tally.releases)} ({share(tally.false_limit)})"


def _detected(tally: Tally) -> str:
    return share(tally.detected)


def _delay(tally: Tally) -> str:
    half, most = middle(tally.delays), middle(tally.delays, 0.9)
    return NOTHING if half is None or most is None else f"{half:.0f} / {most:.0f}"


def _bad(tally: Tally) -> str:
    return NOTHING if tally.bad is None else f"{tally.bad:.0f}"


def _data(tallies: Tallies) -> dict[str, dict[str, object]]:
    return {regime: {judge: tally.data() for judge, tally in judges.items()} for regime, judges in tallies.items()}
