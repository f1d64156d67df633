# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A mixture of likelihood-ratio processes over effect sizes and start times. Private to this collection.

``log e = log sum_s v_s sum_j p_j exp(S_sj)`` with equal ``p_j`` over the effect sizes j. Whatever gives the factors of a window
(relative.py, share.py) must see to it that each has a conditional mean of at most 1 under its null hypothesis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import add

from .starts import Starts, log_sum


@dataclass(frozen=True, slots=True)
class Row:
    """A process: the logarithm of its weight, and the sum of log factors for each effect size."""

    log_weight: float
    sums: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Process:
    """The state, all plain numbers.

    Attributes:
        seen: index of the last window that was taken in; each is taken in once.
        started: how many starts have been.
        log_e: the evidence now.
        peak: the highest it ever was, 0 included: ``exp(-peak)`` is a p-value that may be read at any time.
    """

    seen: int = -1
    started: int = 0
    log_e: float = 0.0
    peak: float = 0.0
    rows: tuple[Row, ...] = ()

    def to_plain(self) -> list[object]:
        """Return the state as lists of numbers, which JSON keeps to the last bit."""
        rows = [[row.log_weight, *row.sums] for row in self.rows]
        return [self.seen, self.started, self.log_e, self.peak, rows]

    @classmethod
    def from_plain(cls, plain: object) -> Process:
        """Return the state that `to_plain` gave.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(plain, list) or len(plain) != 5 or not isinstance(plain[4], list):
            raise ValueError("not the state of a process")
        seen, started, log_e, peak, rows = plain
        read = tuple(Row(float(weight), tuple(float(each) for each in sums)) for weight, *sums in rows)
        return cls(int(seen), int(started), float(log_e), float(peak), read)

    @property
    def p_value(self) -> float:
        """The p-value that holds at any time: at most 1."""
        return math.exp(-self.peak)


def advanced(process: Process, index: int, factors: tuple[float, ...] | None, starts: Starts) -> Process:
    """Return the state after window ``index``.

    Args:
        process: the state before.
        index: number of the window, from 0 at the start of the watch. One that was seen already, or is older, changes nothing.
        factors: logarithm of the window's factor for each effect size; None: nothing can be learnt from it.
        starts: the schedule, the same from the first window to the last.
    """
    if index <= process.seen:
        return process
    if factors is None:
        return Process(index, process.started, process.log_e, process.peak, process.rows)
    rows, started = list(process.rows), process.started
    if started < starts.due(index):
        # What was due in windows without data starts now: until here its factors were 1 anyway.
        opening = starts.opening(started, index)
        started = starts.due(index)
        if opening > 0:
            if len(rows) >= starts.kept:
                rows.remove(min(rows, key=_log_wealth))
            rows.append(Row(math.log(opening), (0.0,) * len(factors)))
    rows = [Row(row.log_weight, tuple(map(add, row.sums, factors))) for row in rows]
    log_e = log_sum([*map(_log_wealth, rows), starts.log_rest(started)])
    return Process(index, started, log_e, max(process.peak, log_e), tuple(rows))


def _log_wealth(row: Row) -> float:
    return row.log_weight + log_sum(row.sums) - math.log(len(row.sums))
