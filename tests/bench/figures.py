# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Measured values: medians, and comparisons round by round. Pure functions."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """The values of one thing, one of each round; milliseconds unless it is a ratio."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Series:
        """Return a series of these values.

        Raises:
            ValueError: there are none.
        """
        made = cls(tuple(float(value) for value in values))
        if not made.values:
            raise ValueError("a series needs at least one value")
        return made

    @property
    def median(self) -> float:
        """The middle value: one disturbed round does not move it."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The smallest value."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The largest value."""
        return max(self.values)

    def minus(self, other: Series) -> Series:
        """Return the differences, each within its round, so that a slow round is compared with itself."""
        return Series(tuple(mine - theirs for mine, theirs in zip(self.values, other.values, strict=True)))

    def over(self, other: Series) -> Series:
        """Return the ratios, each within its round.

        Raises:
            ZeroDivisionError: the other one is zero in some round.
        """
        return Series(tuple(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True)))

    def divided(self, number: float) -> Series:
        """Return every value divided by a number."""
        return Series(tuple(value / number for value in self.values))

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.low)}..{_short(self.high)})"


def gaps(moments: Iterable[float]) -> list[float]:
    """Return the time between each moment and the next one."""
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


def _short(value: float) -> str:
    """Return a value with as many decimals as it deserves: three digits tell enough."""
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
