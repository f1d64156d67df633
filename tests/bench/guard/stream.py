# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What every judge of a release gets to see: counts of both revisions, window by window."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

WINDOW_SECONDS = 30
# Weight of the canary, and for how many windows: ten minutes each.
STEPS = ((0.10, 20), (0.25, 20), (0.50, 20))
WINDOWS = sum(length for _, length in STEPS)
BOUNDS = (0.5, 1.0, 2.0, 5.0)
"""Upper bounds of the latency buckets, in seconds, besides the last one."""
LONGEST = 10.0
"""Upper bound of the last bucket, in seconds: no request takes longer."""
STALLED = BOUNDS.index(5.0)
"""Place in ``Counts.slow`` of the requests that a customer gives up on."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the pods of one revision counted in some time.

    ``errors``: requests that failed, out of ``requests``. ``slow``: requests slower than each of ``BOUNDS``.
    ``failed_orders``: out of ``orders``, which are counted apart from the requests.
    """

    requests: int
    errors: int
    slow: tuple[int, ...]
    orders: int
    failed_orders: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.requests + other.requests,
            self.errors + other.errors,
            tuple([a + b for a, b in zip(self.slow, other.slow)]),
            self.orders + other.orders,
            self.failed_orders + other.failed_orders,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.requests - other.requests,
            self.errors - other.errors,
            tuple([a - b for a, b in zip(self.slow, other.slow)]),
            self.orders - other.orders,
            self.failed_orders - other.failed_orders,
        )

    @property
    def error_ratio(self) -> float:
        """Share of the requests that failed; NaN without requests, as Prometheus has it."""
        return self.errors / self.requests if self.requests else math.nan

    @property
    def order_success(self) -> float:
        """Share of the orders that succeeded; NaN without orders."""
        return (self.orders - self.failed_orders) / self.orders if self.orders else math.nan

    @property
    def p99(self) -> float:
        """The 99th percentile of the latency in seconds, as ``histogram_quantile`` estimates it; NaN without requests."""
        return quantile(self.requests, self.slow, 0.99)

    @property
    def bad(self) -> int:
        """Requests that failed or stalled, and orders that failed."""
        return self.errors + self.slow[STALLED] + self.failed_orders


NOTHING = Counts(0, 0, (0,) * len(BOUNDS), 0, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """Half a minute of a release.

    ``canary``, ``stable``: what was measured; None when the question at the window's end found no data.
    ``served``: what the canary's customers got, whether or not anybody measured it.
    """

    weight: float
    canary: Counts | None
    stable: Counts | None
    served: Counts


def no_history(_: int) -> Sequence[tuple[Counts, Counts]]:
    """Return no windows from before the release."""
    return ()


@dataclass(frozen=True)
class Stream:
    """One release, from the first window of the canary to the last.

    ``before``: takes a number of windows and gives what the stable revision's pods counted in so many of them before the
    release, in two halves that are alike: from these a judge may measure how bursty failures are.
    """

    windows: Sequence[Window]
    before: Callable[[int], Sequence[tuple[Counts, Counts]]] = field(default=no_history, compare=False, repr=False)

    @cached_property
    def canary(self) -> Sums:
        """What was measured of the canary."""
        return Sums.of(window.canary for window in self.windows)

    @cached_property
    def stable(self) -> Sums:
        """What was measured of the stable revision."""
        return Sums.of(window.stable for window in self.windows)

    def answers(self, window: int) -> bool:
        """Whether Prometheus has data when it is asked at the end of this window."""
        return self.windows[window].canary is not None

    def bad_until(self, window: int | None) -> int:
        """Return how many bad requests and orders the canary served up to the end of a window (None: the last one)."""
        upto = len(self.windows) if window is None else window + 1
        return sum(each.served.bad for each in self.windows[:upto])


@dataclass(frozen=True)
class Sums:
    """Running totals, so that any range of windows is one subtraction; ``totals[i]``: the windows before window i."""

    totals: Sequence[Counts]

    @classmethod
    def of(cls, counts: Iterable[Counts | None]) -> Sums:
        """Add counts up; what was not measured adds nothing."""
        totals = [NOTHING]
        for each in counts:
            totals.append(totals[-1] if each is None else totals[-1] + each)
        return cls(totals)

    def last(self, window: int, length: int) -> Counts:
        """Return the counts of the last ``length`` windows up to this one, as ``rate`` over a range takes them in."""
        return self.totals[window + 1] - self.totals[max(0, window + 1 - length)]

    def until(self, window: int) -> Counts:
        """Return the counts of all windows up to this one."""
        return self.totals[window + 1]


def quantile(requests: int, slow: Sequence[int], q: float) -> float:
    """Return a quantile of the latency in seconds from bucket counts, by linear interpolation inside the bucket.

    It is Prometheus's ``histogram_quantile``: the rank is ``q`` times the number of observations, the first bucket begins at
    zero, and without observations the answer is NaN.
    """
    if not requests:
        return math.nan
    rank = q * requests
    before, lower = 0, 0.0
    for upper, above in zip((*BOUNDS, LONGEST), (*slow, 0)):
        upto = requests - above
        if upto >= rank:
            return lower + (upper - lower) * (rank - before) / (upto - before)
        before, lower = upto, upper
    return lower
