# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The rows in which another judge does better than ours. Pure functions.

Each row is looked at by itself, so a judge may stand here that rolls back whatever it sees: what it costs is in the other tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.guard.limits import share
from tests.bench.guard.lineup import LINEUP, OURS, UNMEASURED
from tests.bench.guard.regimes import Regime
from tests.bench.guard.simulation import Tallies, Tally
from tests.bench.table import Table

# Differences in probability that are smaller may be chance.
_NOISE = 0.02
_RIVALS = [name for name in LINEUP if name not in (OURS, UNMEASURED)]


def fewer_false(regimes: Sequence[Regime], tallies: Tallies) -> Table:
    """Return the nulls in which somebody takes fewer good releases back."""
    table = Table("Where ours loses: others with fewer false rollbacks", ["", OURS, "the others"])
    for regime in regimes:
        mine = tallies[regime.name][OURS]
        better = [name for name in _RIVALS if tallies[regime.name][name].false < mine.false]
        if better:
            found = ", ".join(f"{name} {_false(tallies[regime.name][name])}" for name in better)
            table.add(regime.title, _false(mine), found)
    return _told(table)


def sooner(regimes: Sequence[Regime], tallies: Tallies) -> Table:
    """Return the bad releases that somebody takes back more often, or sooner in the median of all releases."""
    notes = ("share that is rolled back, median of the seconds over all releases",)
    table = Table("Where ours loses: others that are surer or sooner", ["", OURS, "the others"], notes=notes)
    for regime in regimes:
        mine = tallies[regime.name][OURS]
        better = [name for name in _RIVALS if _beats(tallies[regime.name][name], mine)]
        if better:
            found = ", ".join(f"{name} {_found(tallies[regime.name][name])}" for name in better)
            table.add(regime.title, _found(mine), found)
    return _told(table)


def _beats(other: Tally, mine: Tally) -> bool:
    if other.detected > mine.detected + _NOISE:
        return True
    return other.typical is not None and (mine.typical is None or other.typical < mine.typical)


def _false(tally: Tally) -> str:
    return share(tally.false / tally.releases)


def _found(tally: Tally) -> str:
    return share(tally.detected) + ("" if tally.typical is None else f" {tally.typical:.0f} s")


def _told(table: Table) -> Table:
    """Return the table, or one that says that there is nothing to tell."""
    if not table.rows:
        table.add("nowhere", None, None)
    return table
