# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of the benchmark about what a guard costs: its cycle, its memory and its queries, for few services and for many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.bench.bench import Bench
from tests.bench.report import Goal, Report
from tests.bench.table import Table
from tests.bench.watch.figures import Figures, figures_of
from tests.bench.watch.fleet import fleet
from tests.bench.watch.prometheus import scraping_every
from tests.bench.watch.watching import DELAY, WINDOW, watch
from tools.errors import ToolError

FEW, MANY = 20, 200
WINDOWS = 2
"""Windows in one round."""
CYCLE_MS, MEMORY_MB = 1000.0, 200.0
# As in production, twice in a window. With one a second, as in the sandbox otherwise, the simulator of 600 pods would take the
# processor from what is measured.
_SCRAPE_SECONDS = 15


def measure(bench: Bench) -> Report:
    """Let a guard watch few services, then another one many."""
    with scraping_every(_SCRAPE_SECONDS, bench.environment):
        return report([_measured(bench, number) for number in (FEW, MANY)])


ITEMS: dict[str, Callable[[Bench], Report]] = {"cycle": measure}
# The guard needs all of the sandbox.
NOT_NEEDED = ()


def _measured(bench: Bench, number: int) -> Figures:
    with fleet(bench, number) as (space, names):
        watched = watch(bench, space, names, bench.rounds * WINDOWS)
    try:
        return figures_of(watched)
    except ValueError as error:
        raise ToolError(f"the guard did not keep up: {error}") from error


def report(found: Sequence[Figures]) -> Report:
    """Return what guards cost: of the one with the fewest services first, of the one with the most last."""
    few, many = found[0], found[-1]
    goals = [
        Goal(
            f"a cycle with {many.services} services", CYCLE_MS, many.cycle.median, note=f"{many.cycle.high:.0f} at most"
        ),
        Goal(f"memory of a guard with {many.services} services", MEMORY_MB, many.memory, "MB"),
        Goal(
            f"queries in a window with {many.services} services, as many as with {few.services}",
            few.queries.median,
            many.queries.median,
            unit="",
        ),
    ]
    return Report([_table(found)], goals, {"watch": {str(each.services): vars(each) for each in found}})


def _table(found: Sequence[Figures]) -> Table:
    notes = [
        f"the default policy: windows of {WINDOW} s, due {DELAY} s after their end",
        "a service: two stable pods and a new one at a third of the traffic; all six metrics",
        "a cycle: from when windows are due until the last service's decision was said",
        "memory: the most there ever was; Python and the libraries are part of it",
    ]
    table = Table("What a guard costs", ["", *[f"{each.services} services" for each in found]], notes=notes)
    rows: dict[str, Callable[[Figures], object]] = {
        "a cycle, ms": lambda each: each.cycle,
        "processor time of a cycle, ms": lambda each: each.cpu,
        "processor time of a whole window, ms": lambda each: each.window,
        "queries of Prometheus in a window": lambda each: each.queries,
        "memory, MB": lambda each: f"{each.memory:.0f}",
        "of these Python and the libraries, MB": lambda each: f"{each.bare:.0f}",
        "first look at all of them, ms": lambda each: f"{each.first:.0f}",
        "queries of the first look": lambda each: each.first_queries,
    }
    for label, cell in rows.items():
        table.add(label, *[cell(each) for each in found])
    return table
