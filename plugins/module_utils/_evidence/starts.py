# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""When the processes of a mixture start, and the share of alpha that each may spend. Private to this collection.

A single process drifts down while a release is healthy and has to climb back when something breaks late. A mixture over start
times does not: ``E = sum_s v_s E_s`` with ``sum v_s <= 1``, where a process that has not started counts as ``E_s = 1``, is an
e-process again: a constant is one, and so is a mixture with fixed weights.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

_BASEL = 6 / math.pi**2


@dataclass(frozen=True)
class Starts:
    """A schedule of starts, fixed before the first window.

    Attributes:
        every: windows from one start to the next.
        planned: starts within the planned time; they share ``1 - tail`` equally. 0: the time is unknown.
        tail: what is left for starts after the planned time; start number s of them gets ``6 / (pi (s + 1))^2`` of it.
        kept: how many processes are kept. Before one more starts, the poorest is given up, its wealth counted as 0 from
            then on: that can only lower the evidence. While all is well the poorest is the oldest, far below the others.
    """

    every: int = 10
    planned: int = 6
    tail: float = 0.1
    kept: int = 6

    def weight(self, number: int) -> float:
        """Return the share of start ``number``, counted from 0."""
        tail = self.tail if self.planned else 1.0
        if number < self.planned:
            return (1.0 - tail) / self.planned
        return tail * _BASEL / (number - self.planned + 1) ** 2

    def due(self, index: int) -> int:
        """Return how many starts there have been by window ``index``, this one included."""
        return index // self.every + 1

    def opening(self, started: int, index: int) -> float:
        """Return the weight of all starts that are due by window ``index`` and were not begun."""
        return math.fsum(self.weight(number) for number in range(started, self.due(index)))

    def log_rest(self, started: int) -> float:
        """Return the logarithm of the weight of all starts to come; minus infinity if there are none."""
        rest = _rest(self, started)
        return log(rest) if rest > 0 else -math.inf


USUAL = Starts()
"""A start every five minutes of windows of 30 s, for half an hour and with something left for later."""

SINGLE = Starts(every=1 << 40, planned=1, tail=0.0, kept=1)
"""One process from the first window on, which may spend everything."""


@functools.lru_cache(maxsize=4096)
def _rest(starts: Starts, started: int) -> float:
    return max(1.0 - math.fsum(starts.weight(number) for number in range(started)), 0.0)


def log_sum(values: Sequence[float]) -> float:
    """Return the logarithm of the sum of what has these logarithms; minus infinity for nothing."""
    highest = max(values, default=-math.inf)
    if highest == -math.inf:
        return highest
    # What is smaller by e^-40 is lost in the sum anyway, and exp is what this costs.
    least = highest - 40.0
    return highest + log(sum([exp(value - highest) for value in values if value > least]))
