# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a guard was seen to do, as figures. Pure functions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.figures import Series
from tests.bench.watch.cycles import Grid, Heard, cycle

_MB = 1_000_000


@dataclass(frozen=True)
class Sample:
    """Queries that a guard had made and seconds of processor time that it had taken, right before windows were due."""

    due: float
    queries: int
    cpu: float


@dataclass(frozen=True)
class Watch:
    """A guard that was watched.

    Attributes:
        services: how many it watched.
        grid: their windows.
        heard: its lines about them.
        samples: taken before each cycle, and one after the last; the first cycle only warms up.
        first_seconds: from its start until it watched all of them.
        first_queries: queries until then.
        bare_kib: memory before it began, with all libraries.
        peak_kib: the most memory there ever was.
    """

    services: int
    grid: Grid
    heard: Sequence[Heard]
    samples: Sequence[Sample]
    first_seconds: float
    first_queries: int
    bare_kib: int
    peak_kib: int


@dataclass(frozen=True)
class Figures:
    """A guard that watches so many services.

    Attributes:
        services: how many.
        cycle: ms from when windows are due until the last decision upon them.
        cpu: ms of processor time until then.
        window: ms of processor time of a whole window: the cycle, the looks in between and what is kept.
        queries: of Prometheus, in a window.
        memory: MB at most.
        bare: MB of these, of Python and the libraries.
        first: ms until all of them are watched, after the start.
        first_queries: queries until then.
    """

    services: int
    cycle: Series
    cpu: Series
    window: Series
    queries: Series
    memory: float
    bare: float
    first: float
    first_queries: int


def figures_of(watch: Watch) -> Figures:
    """Return the figures of a guard, without those of the cycle that only warms up.

    Raises:
        ValueError: it did not decide upon some service's window.
    """
    pairs = list(itertools.pairwise(watch.samples))[1:]
    cycles = [cycle(watch.heard, watch.grid, before.due) for before, _after in pairs]
    return Figures(
        services=watch.services,
        cycle=Series.of(each.seconds * 1000 for each in cycles),
        cpu=Series.of((each.cpu - before.cpu) * 1000 for each, (before, _after) in zip(cycles, pairs, strict=True)),
        window=Series.of((after.cpu - before.cpu) * 1000 for before, after in pairs),
        queries=Series.of(after.queries - before.queries for before, after in pairs),
        memory=watch.peak_kib * 1024 / _MB,
        bare=watch.bare_kib * 1024 / _MB,
        first=watch.first_seconds * 1000,
        first_queries=watch.first_queries,
    )
