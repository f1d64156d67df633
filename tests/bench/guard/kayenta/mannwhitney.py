# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Confidence interval of the shift between two samples, from the Mann-Whitney statistic, as R's ``wilcox.test`` makes it.

The interval's ends are the shifts at which the standardised statistic reaches a normal quantile; the estimate is where it is
zero, with the correction for continuity too, which R leaves out there.

Source: D. F. Bauer, Constructing confidence sets using rank statistics, JASA 67 (1972).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import NormalDist

from tests.bench.guard.kayenta.roots import TOLERANCE, brent

Runs = Sequence[tuple[float, int]]
"""Different values in order, and how often each occurs."""


@dataclass(frozen=True)
class Interval:
    """Confidence limits and estimate of how much the experiment's values lie above the control's."""

    low: float
    high: float
    estimate: float


def interval(experiment: Sequence[float], control: Sequence[float], confidence: float) -> Interval:
    """Return the two-sided interval of the shift at this confidence, and its estimate.

    Raises:
        ZeroDivisionError: all values are the same, so that the statistic does not vary.
        ArithmeticError: a root was not found.
    """
    samples = Samples.of(experiment, control)
    z = upper_quantile(1.0 - confidence)
    return Interval(low=samples.shift_at(z), high=samples.shift_at(-z), estimate=samples.shift_at(0.0))


def upper_quantile(alpha: float) -> float:
    """Return the normal quantile above which half of ``alpha`` lies."""
    return -NormalDist().inv_cdf(alpha / 2)


@dataclass(frozen=True)
class Samples:
    """Both samples as runs of equal values."""

    experiment: Runs
    control: Runs

    @classmethod
    def of(cls, experiment: Sequence[float], control: Sequence[float]) -> Samples:
        """Sort both samples."""
        return cls(_runs(experiment), _runs(control))

    def shift_at(self, z: float) -> float:
        """Return the shift at which the standardised statistic is ``z``; the farthest one possible when it never is."""
        lower = self.experiment[0][0] - self.control[-1][0]
        upper = self.experiment[-1][0] - self.control[0][0]

        def excess(shift: float) -> float:
            return self.standardised(shift) - z

        at_lower, at_upper = excess(lower), excess(upper)
        if at_lower <= 0:
            return lower
        if at_upper >= 0:
            return upper
        return brent(excess, lower, upper, at_lower, at_upper, TOLERANCE)

    def standardised(self, shift: float) -> float:
        """Return the Mann-Whitney statistic of the shifted experiment, in standard deviations from its mean.

        Equal values share their ranks, which lessens the variance; the correction for continuity is half a rank.
        """
        m, n = sum(count for _, count in self.experiment), sum(count for _, count in self.control)
        above, ties = self._compared(shift)
        centred = above - m * n / 2
        sigma = math.sqrt(m * n / 12 * ((m + n + 1) - ties / ((m + n) * (m + n - 1))))
        correction = math.copysign(0.5, centred) if centred else 0.0
        return (centred - correction) / sigma

    def _compared(self, shift: float) -> tuple[float, int]:
        """Return how many pairs have the shifted experiment above (equal: half), and the sum of t^3 - t over equal values."""
        mine = _shifted(self.experiment, shift)
        above, ties, below, place = 0.0, 0, 0, 0
        theirs, last = self.control, len(self.control)
        for value, count in mine:
            while place < last and theirs[place][0] < value:
                times = theirs[place][1]
                below += times
                ties += times**3 - times
                place += 1
            equal = theirs[place][1] if place < last and theirs[place][0] == value else 0
            above += count * (below + equal / 2)
            # The control's share of equal values is added when it is passed, or below.
            ties += (count + equal) ** 3 - (count + equal) - (equal**3 - equal)
        return above, ties + sum(times**3 - times for _, times in theirs[place:])


def _shifted(runs: Runs, shift: float) -> Runs:
    """Subtract a shift; different values that rounding makes equal become one."""
    shifted: list[tuple[float, int]] = []
    for value, count in runs:
        moved = value - shift
        if shifted and shifted[-1][0] == moved:
            count += shifted.pop()[1]
        shifted.append((moved, count))
    return shifted


def _runs(values: Sequence[float]) -> Runs:
    return [(value, len(list(same))) for value, same in groupby(sorted(values))]
