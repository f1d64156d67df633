# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Exact random draws for batches: the standard library has none that suits counts on Python 3.11.

Large counts are halved by order statistics (Ahrens and Dieter) until a short search is enough, so a draw
costs microseconds whatever the load.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

# Below this many expected events a search from zero is quicker than halving.
_SEARCH_MEAN = 12.0
# Up to this many requests, placing each by itself is quicker than a chain of binomials.
_ONE_BY_ONE = 24


def poisson(rng: Random, mean: float) -> int:
    """How many events of a Poisson process with this expected count (0 when it is not positive)."""
    count = 0
    while mean > _SEARCH_MEAN:
        # The time of the m-th event is gamma(m): either it lies before the end, and m events have happened,
        # or the m - 1 events before it are spread evenly over the time up to it.
        m = int(mean * 7 / 8)
        reached = rng.gammavariate(m, 1.0)
        if reached > mean:
            return count + binomial(rng, m - 1, mean / reached)
        count += m
        mean -= reached
    if mean <= 0:
        return count
    probability = math.exp(-mean)
    left = rng.random()
    k = 0
    while left > probability and k < 200:
        left -= probability
        k += 1
        probability *= mean / k
    return count + k


def binomial(rng: Random, n: int, p: float) -> int:
    """How many of ``n`` independent trials succeed, each with probability ``p`` (clamped to 0..1)."""
    if n <= 0 or p <= 0.0:
        return 0
    if p >= 1.0:
        return n
    if p > 0.5:
        return n - binomial(rng, n, 1.0 - p)
    successes = 0
    while n * p > _SEARCH_MEAN:
        # The a-th smallest of n uniforms is beta(a, n + 1 - a): it tells on which side of it p falls.
        a = 1 + n // 2
        pivot = rng.betavariate(a, n + 1 - a)
        if pivot >= p:
            n = a - 1
            p /= pivot
        else:
            successes += a
            n -= a
            p = (p - pivot) / (1.0 - pivot)
        if n <= 0 or p <= 0.0:
            return successes
        if p > 0.5:
            return successes + binomial(rng, n, p)
    odds = p / (1.0 - p)
    probability = (1.0 - p) ** n
    left = rng.random()
    k = 0
    while left > probability and k < n:
        left -= probability
        k += 1
        probability *= odds * (n - k + 1) / k
    return successes + k


def spread_evenly(rng: Random, n: int, parts: int) -> list[int]:
    """``n`` requests over ``parts`` equal places, each request by itself (``parts`` >= 1)."""
    if n <= _ONE_BY_ONE:
        counts = [0] * parts
        for _ in range(n):
            counts[int(rng.random() * parts)] += 1
        return counts
    counts = []
    for place in range(parts, 1, -1):
        here = binomial(rng, n, 1.0 / place)
        counts.append(here)
        n -= here
    counts.append(n)
    return counts


@dataclass(frozen=True)
class Shape:
    """A distribution of durations, cut into histogram buckets.

    ``upto[i]``: probability of a duration at or below bound i, the last one (no bound) being 1.
    ``means[i]``: mean duration inside bucket i, in seconds, so that a histogram's sum needs no single draws.
    """

    upto: tuple[float, ...]
    means: tuple[float, ...]


def log_normal(median: float, sigma: float, bounds: Sequence[float]) -> Shape:
    """The log-normal distribution with this median (seconds) and log-scale ``sigma``, over these bucket bounds."""
    mu = math.log(median)

    def normal(x: float) -> float:
        return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))

    scaled = [(math.log(bound) - mu) / sigma for bound in bounds]
    upto = [normal(x) for x in scaled] + [1.0]
    partial = [normal(x - sigma) for x in scaled] + [1.0]
    whole = math.exp(mu + sigma * sigma / 2.0)
    means = []
    for i, edge in enumerate([*bounds, math.inf]):
        below = (upto[i - 1], partial[i - 1]) if i else (0.0, 0.0)
        mass = upto[i] - below[0]
        lowest = bounds[i - 1] if i else 0.0
        mean = whole * (partial[i] - below[1]) / mass if mass > 1e-12 else lowest
        means.append(min(max(mean, lowest), edge))
    return Shape(tuple(upto), tuple(means))


def mixed(one: Shape, other: Shape, share: float) -> Shape:
    """The distribution of durations of which a ``share`` (0..1) is of another shape, over the same bounds."""
    upto = tuple((1 - share) * a + share * b for a, b in zip(one.upto, other.upto, strict=True))
    means = []
    for i, (a, b) in enumerate(zip(one.means, other.means, strict=True)):
        of_one = (1 - share) * (one.upto[i] - (one.upto[i - 1] if i else 0.0))
        of_other = share * (other.upto[i] - (other.upto[i - 1] if i else 0.0))
        mass = of_one + of_other
        means.append((of_one * a + of_other * b) / mass if mass > 0 else a)
    return Shape(upto, tuple(means))


def buckets(rng: Random, n: int, shape: Shape) -> list[int]:
    """How many of ``n`` durations fall in each bucket of the shape (not cumulative, one more than bounds)."""
    upto = shape.upto
    counts = [0] * len(upto)
    if n <= _ONE_BY_ONE:
        for _ in range(n):
            counts[bisect_left(upto, rng.random())] += 1
        return counts
    before = 0.0
    for i, edge in enumerate(upto):
        if n == 0:
            break
        here = binomial(rng, n, (edge - before) / (1.0 - before)) if before < 1.0 else n
        counts[i] = here
        n -= here
        before = edge
    counts[-1] += n
    return counts
