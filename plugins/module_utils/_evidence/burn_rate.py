# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How fast an error budget is spent, for the time after promotion when there is nothing to compare with. Private.

Multiwindow, multi-burn-rate alerts (The Site Reliability Workbook, chapter 5): a pair of windows fires when both the long and the
short one spend the budget faster than ``factor`` times what would use it up exactly at its end. The long window says that it
matters, the short one that it still goes on. There is no guarantee against false alarms as with e-values.

What was before the first window counts as traffic without failures: the rate of a young revision is not that of an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .counts import Counts

# Parts of the short window; it moves on by that much.
_PARTS = 5


@dataclass(frozen=True)
class BurnWindows:
    """A pair of windows; lengths in windows of the watch, ``long`` above ``short``."""

    factor: float
    long: int
    short: int

    @property
    def part(self) -> int:
        """Windows of the watch that are counted together."""
        return max(self.short // _PARTS, 1)

    @property
    def kept(self) -> int:
        """How many such parts have to be kept."""
        return -(-self.long // self.part)


@dataclass(frozen=True, slots=True)
class Trail:
    """What was counted lately: the last window taken in, the first one, and counts for each part (its number first)."""

    seen: int = -1
    first: int = -1
    parts: tuple[tuple[int, int, int], ...] = ()

    def to_plain(self) -> list[object]:
        """Return the state as lists of numbers."""
        return [self.seen, self.first, [list(part) for part in self.parts]]

    @classmethod
    def from_plain(cls, plain: object) -> Trail:
        """Return the state that `to_plain` gave.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(plain, list) or len(plain) != 3 or not isinstance(plain[2], list):
            raise ValueError("not the state of a trail")
        parts = tuple((int(number), int(n), int(k)) for number, n, k in plain[2])
        return cls(int(plain[0]), int(plain[1]), parts)


@dataclass(frozen=True)
class Burn:
    """The rates of a pair of windows, in units of the budget's, and whether both are over its factor."""

    windows: BurnWindows
    long: float
    short: float

    @property
    def fires(self) -> bool:
        """Whether both windows are over."""
        return self.long > self.windows.factor and self.short > self.windows.factor


def followed(trail: Trail, index: int, counts: Counts | None, windows: BurnWindows) -> Trail:
    """Return the trail after window ``index``; one that was seen already, or is older, changes nothing."""
    if index <= trail.seen:
        return trail
    first = index if trail.first < 0 else trail.first
    number = index // windows.part
    oldest = number - windows.kept + 1
    parts = [part for part in trail.parts if part[0] >= oldest]
    if counts is not None:
        n, k = counts.n, counts.k
        if parts and parts[-1][0] == number:
            last = parts.pop()
            n, k = n + last[1], k + last[2]
        parts.append((number, n, k))
    return Trail(index, first, tuple(parts))


def burn(trail: Trail, windows: BurnWindows, budget: float) -> Burn:
    """Return how fast the budget is spent.

    Args:
        trail: what was counted, for this pair of windows.
        windows: the pair.
        budget: share of failures that the objective allows, such as .005 for 99.5 %.
    """
    last = trail.seen // windows.part
    covered = trail.seen - trail.first + 1
    rates = [
        _rate(trail.parts, last - -(-length // windows.part) + 1, length, covered) / budget
        for length in (windows.long, windows.short)
    ]
    return Burn(windows, rates[0], rates[1])


def _rate(parts: Sequence[tuple[int, int, int]], oldest: int, length: int, covered: int) -> float:
    """Return the share of failures of the last ``length`` windows, of which only ``covered`` may have been watched."""
    trials = sum([n for number, n, _k in parts if number >= oldest])
    failed = sum([k for number, _n, k in parts if number >= oldest])
    return failed / trials * min(covered / length, 1.0) if trials else 0.0
