# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a revision is over a fixed threshold. Private to this collection.

Null hypothesis: the failure probability is at most p0 in every window. For effect size theta and ``p1 = min(.95, p0 theta)``,
``S = (k log(p1/p0) + (n-k) log((1-p1)/(1-p0))) / burstiness`` is the logarithm of a supermartingale for all p <= p0 (monotone
likelihood ratio). Events without a denominator, at most lambda0 in a unit of exposure:
``S = (k log theta - lambda0 n (theta-1)) / burstiness``.

Both depend on the counts since the start only, so a process is two numbers, and one state serves any number of thresholds.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Protocol

from .counts import NOTHING, Counts
from .relative import GRID
from .starts import Starts, log_sum

_HIGHEST = 0.95


class Threshold(Protocol):
    """What is tested: a fixed value of the null hypothesis."""

    def log_e(self, total: Counts) -> float:
        """Return the logarithm of the e-value of what was counted since a start."""


@dataclass(frozen=True)
class ShareLimit:
    """At most the share ``p0`` (above 0, below .95) of the trials fails."""

    p0: float
    burstiness: float = 1.5
    grid: tuple[float, ...] = GRID

    def __post_init__(self) -> None:
        if not 0 < self.p0 < _HIGHEST:
            raise ValueError(f"a threshold is above 0 and below {_HIGHEST}, not {self.p0}")

    def log_e(self, total: Counts) -> float:
        """Return the logarithm of the e-value of what was counted since a start."""
        failed, passed = total.k / self.burstiness, (total.n - total.k) / self.burstiness
        return _mean([failed * up + passed * down for up, down in _steps(self.p0, self.grid)])


@dataclass(frozen=True)
class EventLimit:
    """At most ``rate`` events happen, on average, in a unit of exposure; ``Counts.n`` is the exposure."""

    rate: float
    burstiness: float = 1.5
    grid: tuple[float, ...] = GRID

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError(f"a rate is above 0, not {self.rate}")

    def log_e(self, total: Counts) -> float:
        """Return the logarithm of the e-value of what was counted since a start."""
        expected = self.rate * total.n
        return _mean([(total.k * math.log(effect) - expected * (effect - 1)) / self.burstiness for effect in self.grid])


@functools.lru_cache(maxsize=1024)
def _steps(p0: float, grid: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """Return what a failure and a success add for each effect size."""
    ends = [min(_HIGHEST, p0 * effect) for effect in grid]
    return tuple((math.log(p1 / p0), math.log((1 - p1) / (1 - p0))) for p1 in ends)


def _mean(terms: list[float]) -> float:
    return log_sum(terms) - math.log(len(terms))


@dataclass(frozen=True, slots=True)
class Since:
    """A process: the logarithm of its weight and what was counted since it started."""

    log_weight: float
    total: Counts


@dataclass(frozen=True, slots=True)
class Absolute:
    """The state, all plain numbers: the last window taken in, the starts so far, and a process for each."""

    seen: int = -1
    started: int = 0
    rows: tuple[Since, ...] = ()

    def to_plain(self) -> list[object]:
        """Return the state as lists of numbers, which JSON keeps to the last bit."""
        return [self.seen, self.started, [[row.log_weight, row.total.n, row.total.k] for row in self.rows]]

    @classmethod
    def from_plain(cls, plain: object) -> Absolute:
        """Return the state that `to_plain` gave.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(plain, list) or len(plain) != 3 or not isinstance(plain[2], list):
            raise ValueError("not the state of an absolute process")
        seen, started, rows = plain
        read = tuple(Since(float(weight), Counts(int(n), int(k))) for weight, n, k in rows)
        return cls(int(seen), int(started), read)

    def log_e(self, threshold: Threshold, starts: Starts) -> float:
        """Return the logarithm of the e-value against a threshold; 0 before anything was counted."""
        terms = [row.log_weight + threshold.log_e(row.total) for row in self.rows]
        return log_sum([*terms, starts.log_rest(self.started)])


def counted(state: Absolute, index: int, counts: Counts | None, starts: Starts, threshold: Threshold) -> Absolute:
    """Return the state after window ``index``.

    Args:
        state: the state before.
        index: number of the window. One that was seen already, or is older, changes nothing.
        counts: those of the window; None, or no trials and no events: it says nothing.
        starts: the schedule, the same from the first window to the last.
        threshold: when there are more processes than are kept, the one with the least evidence against it is given up.
    """
    if index <= state.seen:
        return state
    if counts is None or counts == NOTHING:
        return Absolute(index, state.started, state.rows)
    rows, started = list(state.rows), state.started
    if started < starts.due(index):
        opening = starts.opening(started, index)
        started = starts.due(index)
        if opening > 0:
            if len(rows) >= starts.kept:
                rows.remove(min(rows, key=lambda row: row.log_weight + threshold.log_e(row.total)))
            rows.append(Since(math.log(opening), NOTHING))
    return Absolute(index, started, tuple(Since(row.log_weight, row.total + counts) for row in rows))
