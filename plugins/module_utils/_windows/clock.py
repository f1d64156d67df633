# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The numbers of windows, and the times they stand for. Pure functions. Private to this collection.

Windows do not overlap, and each is counted from the start of the watch, not from the clock on the wall: so a guard that was
killed goes on with the window it had not seen, and none counts twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A window: what happened after ``start`` until ``end``, seconds since the epoch."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Range:
    """What has to be asked of Prometheus: points from ``start`` to ``end``, ``step`` seconds apart."""

    start: float
    end: float
    step: float


@dataclass(frozen=True)
class Clock:
    """The windows of a watch.

    Attributes:
        origin: when the watch began, seconds since the epoch.
        length: seconds of a window.
        delay: seconds until Prometheus certainly has what happened: one scrape and a bit.
        staleness: seconds for which the last sample of a counter is good enough as the beginning of a difference. One missed
            scrape must not be longer.
    """

    origin: float
    length: float = 30.0
    delay: float = 15.0
    staleness: float = 60.0

    def span(self, index: int) -> Span:
        """Return the window of a number."""
        return Span(self.origin + index * self.length, self.origin + (index + 1) * self.length)

    def complete(self, now: float) -> int:
        """Return the number of the last window that Prometheus has all of; -1 before the first."""
        return max(math.floor((now - self.delay - self.origin) / self.length + 1e-9) - 1, -1)

    def due(self, seen: int, now: float, most: int = 20) -> range:
        """Return the numbers of the windows to take in: after ``seen``, of those the last ``most``."""
        last = self.complete(now)
        return range(max(seen + 1, last - most + 1, 0), last + 1)

    def when(self, index: int) -> float:
        """Return when a window can be taken in."""
        return self.span(index).end + self.delay

    def needed(self, windows: range) -> Range:
        """Return what to ask for these windows: their borders, a point between them, and what may be before."""
        step = self.length / 2
        before = math.ceil(self.staleness / step) * step
        return Range(self.span(windows[0]).start - before, self.span(windows[-1]).end, step)
