# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Releases by the thousand, each judged by everybody, on all cores that this process may use."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.bench.guard.generator import generate
from tests.bench.guard.judges.judge import Outcome
from tests.bench.guard.limits import middle, upper_limit
from tests.bench.guard.lineup import LINEUP
from tests.bench.guard.regimes import ALTERNATIVES, NULLS, Regime
from tests.bench.guard.stream import WINDOW_SECONDS
from tools.report import Stopwatch, say

# Releases that a worker judges before it reports.
_BATCH = 50
_BY_NAME = {regime.name: regime for regime in (*NULLS, *ALTERNATIVES)}


@dataclass
class Tally:
    """What one judge made of the releases of one regime."""

    regime: Regime
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def releases(self) -> int:
        """How many releases were judged."""
        return len(self.outcomes)

    @property
    def false(self) -> int:
        """How many were rolled back before they turned bad, which in a null they never do."""
        onset = self.regime.onset
        return sum(each.window is not None and (onset is None or each.window < onset) for each in self.outcomes)

    @property
    def false_limit(self) -> float:
        """Upper 95 % confidence limit of the probability of a false rollback."""
        return upper_limit(self.false, self.releases)

    @property
    def delays(self) -> Sequence[int]:
        """Seconds from the beginning of the first bad window to the verdict, of each release that was rolled back for it."""
        onset = self.regime.onset
        if onset is None:
            return []
        found = [each.window for each in self.outcomes if each.window is not None]
        return [(window + 1 - onset) * WINDOW_SECONDS for window in found if window >= onset]

    @property
    def typical(self) -> float | None:
        """Median of the seconds to the verdict over all releases, those never rolled back included; None: most are not."""
        never = [math.inf] * (self.releases - len(self.delays))
        half = middle([*self.delays, *never])
        return None if half is None or math.isinf(half) else half

    @property
    def detected(self) -> float:
        """Share of the releases that were rolled back after they had turned bad."""
        return len(self.delays) / self.releases

    @property
    def bad(self) -> float | None:
        """Median of the bad requests and orders that the canary had served by the verdict, or by its end without one."""
        return middle([each.bad for each in self.outcomes])

    def data(self) -> dict[str, Any]:
        """Return everything that the tables are made of: how often the verdict fell at the end of which window."""
        windows = sorted(each.window for each in self.outcomes if each.window is not None)
        return {
            "releases": self.releases,
            "rolled_back_after_window": Counter(str(window) for window in windows),
            "bad_served_median": self.bad,
        }


Tallies = Mapping[str, Mapping[str, Tally]]
"""By name of the regime, then of the judge."""


def simulate(regimes: Sequence[Regime], releases: int) -> Tallies:
    """Judge so many releases of each regime; one line is said for each regime."""
    tallies = {regime.name: {judge: Tally(regime) for judge in LINEUP} for regime in regimes}
    pool = ProcessPoolExecutor(_cores())
    try:
        begun = [(regime, list(_begin(pool, regime, releases))) for regime in regimes]
        for regime, batches in begun:
            watch = Stopwatch()
            for future in batches:
                for judge, outcomes in future.result().items():
                    tallies[regime.name][judge].outcomes += outcomes
            say(f"{regime.name}: {releases} releases judged, {watch} after the one before")
    finally:
        pool.shutdown(cancel_futures=True)
    return tallies


def _cores() -> int:
    """Return how many cores this process may use: with ``taskset`` fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def judged(regime: str, first: int, last: int) -> dict[str, list[Outcome]]:
    """Judge the releases with the numbers ``first`` to ``last - 1`` of a regime, and return each judge's outcomes."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in LINEUP}
    for number in range(first, last):
        stream = generate(_BY_NAME[regime], number)
        for name, judge in LINEUP.items():
            outcomes[name].append(judge(stream))
    return outcomes


def _begin(pool: ProcessPoolExecutor, regime: Regime, releases: int) -> Iterator[Future[dict[str, list[Outcome]]]]:
    for first in range(0, releases, _BATCH):
        yield pool.submit(judged, regime.name, first, min(first + _BATCH, releases))
