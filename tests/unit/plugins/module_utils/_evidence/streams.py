# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Simulated releases: streams of counts with a fixed seed, as plain Python draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random

from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import Counts, Pair

WINDOWS = 60
"""Half an hour of windows of 30 s."""

Rate = Callable[[int], float]


def binomial(rng: Random, n: int, p: float) -> int:
    """Return a draw, by the gaps between successes: quick where there are few."""
    if p <= 0:
        return 0
    if p > 0.5:
        return n - binomial(rng, n, 1 - p)
    scale, position, found = math.log1p(-p), 0, 0
    while True:
        position += int(math.log(1.0 - rng.random()) / scale) + 1
        if position > n:
            return found
        found += 1


def weight(index: int) -> float:
    """Return the canary's share: 10, 25 and 50 %, ten minutes each."""
    return (0.10, 0.25, 0.50)[min(index // 20, 2)]


def release(
    rng: Random, rps: float, stable: Rate, canary: Rate | None = None, windows: int = WINDOWS
) -> Iterator[Pair]:
    """Yield the windows of a release; the rates are shares of failures by window."""
    for index in range(windows):
        total = round(rps * 30)
        new = binomial(rng, total, weight(index))
        failed = binomial(rng, new, (canary or stable)(index)), binomial(rng, total - new, stable(index))
        yield Pair(Counts(new, failed[0]), Counts(total - new, failed[1]))


def upper_limit(found: int, of: int) -> float:
    """Return the upper end of the exact (Clopper-Pearson) 95 % interval, one-sided, of a share."""
    low, high = found / of, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        at_most = sum(math.comb(of, k) * middle**k * (1 - middle) ** (of - k) for k in range(found + 1))
        low, high = (middle, high) if at_most > 0.05 else (low, middle)
    return high
