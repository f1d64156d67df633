# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The textbook test of two proportions, looked at after every window as if each look were the only one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from tests.bench.guard.judges.judge import Outcome
from tests.bench.guard.stream import BOUNDS, Counts, Stream

# Failing requests, slow requests, failing orders: each out of how many.
_METRICS = 3
# Slow is what one request in a hundred is: of those that stall there are too few for any normal approximation.
_SLOW = BOUNDS.index(1.0)


@dataclass(frozen=True)
class Peeked:
    """``alpha``: probability of a false alarm of one look, at all metrics together (Bonferroni)."""

    alpha: float = 0.05

    def __call__(self, stream: Stream) -> Outcome:
        """Test all that was counted so far, at the end of every window."""
        limit = NormalDist().inv_cdf(1 - self.alpha / _METRICS)
        for window in range(len(stream.windows)):
            canary, stable = _pairs(stream.canary.until(window)), _pairs(stream.stable.until(window))
            if stream.answers(window) and any(z(*mine, *theirs) > limit for mine, theirs in zip(canary, stable)):
                return Outcome.at(stream, window)
        return Outcome.at(stream, None)


def z(bad: int, of: int, other_bad: int, of_other: int) -> float:
    """Return how many standard errors the first proportion lies above the second, with the pooled variance.

    Zero when a side has no events to be counted, or nothing varies.
    """
    if not of or not of_other:
        return 0.0
    pooled = (bad + other_bad) / (of + of_other)
    variance = pooled * (1 - pooled) * (1 / of + 1 / of_other)
    return (bad / of - other_bad / of_other) / math.sqrt(variance) if variance else 0.0


def _pairs(counts: Counts) -> Sequence[tuple[int, int]]:
    return (
        (counts.errors, counts.requests),
        (counts.slow[_SLOW], counts.requests),
        (counts.failed_orders, counts.orders),
    )
