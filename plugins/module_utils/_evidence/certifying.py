# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Showing that a canary is not worse than stable, so that it may be promoted. Private to this collection.

Null hypothesis: the odds ratio is w1 or more. The factor of a window is ``P_1(kc) / P_w1(kc)`` with the exact probabilities of
Fisher's noncentral hypergeometric distribution, ``P_w(k) = C(nc, k) C(ns, K-k) w^k / Z(w)``; by the monotone likelihood ratio its
mean is at most 1 for every odds ratio from w1 on. The binomial form of relative.py does not work in this direction: its mean was
found as high as 2.6 there. Raised to 1 / burstiness as in relative.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .counts import Pair


@dataclass(frozen=True, slots=True)
class Certificate:
    """The state: the last window taken in, the evidence that the canary is not worse, and the highest it ever was."""

    seen: int = -1
    log_e: float = 0.0
    peak: float = 0.0

    def to_plain(self) -> list[object]:
        """Return the state as a list of numbers."""
        return [self.seen, self.log_e, self.peak]

    @classmethod
    def from_plain(cls, plain: object) -> Certificate:
        """Return the state that `to_plain` gave.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(plain, list) or len(plain) != 3:
            raise ValueError("not the state of a certificate")
        return cls(int(plain[0]), float(plain[1]), float(plain[2]))


@dataclass(frozen=True)
class NotWorse:
    """The settings: the odds ratio w1 (above 1) that is to be ruled out, and the burstiness."""

    margin: float = 2.0
    burstiness: float = 1.5

    def __post_init__(self) -> None:
        if self.margin <= 1 or self.burstiness < 1:
            raise ValueError("the margin is above 1 and burstiness 1 or more")

    def log_factor(self, pair: Pair) -> float:
        """Return the logarithm of the window's factor; 0 if it tells nothing.

        Raises:
            ValueError: more failed than there were.
        """
        if not pair.informative:
            return 0.0
        canary, stable = pair.canary, pair.stable
        if canary.k > canary.n or stable.k > stable.n:
            raise ValueError("certification needs trials: k is at most n")
        failed = canary.k + stable.k
        tilted = _log_z(canary.n, stable.n, failed, self.margin)
        level = _log_choose(canary.n + stable.n, failed)
        return (tilted - level - canary.k * math.log(self.margin)) / self.burstiness

    def update(self, state: Certificate, index: int, pair: Pair | None) -> Certificate:
        """Return the state after window ``index``; one that was seen already, or is older, changes nothing."""
        if index <= state.seen:
            return state
        log_e = state.log_e + (self.log_factor(pair) if pair else 0.0)
        return Certificate(index, log_e, max(state.peak, log_e))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _log_z(canary: int, stable: int, failed: int, odds: float) -> float:
    """Return log sum_k C(canary, k) C(stable, failed-k) odds^k, summed outwards from its largest term."""
    lowest, highest = max(0, failed - stable), min(canary, failed)
    mode = min(max(_mode(canary, stable, failed, odds), lowest), highest)
    total, term = 1.0, 1.0
    for k in range(mode, highest):
        term *= odds * (canary - k) * (failed - k) / ((k + 1) * (stable - failed + k + 1))
        total += term
        if term < 1e-17 * total:
            break
    term = 1.0
    for k in range(mode, lowest, -1):
        term *= k * (stable - failed + k) / (odds * (canary - k + 1) * (failed - k + 1))
        total += term
        if term < 1e-17 * total:
            break
    return _log_choose(canary, mode) + _log_choose(stable, failed - mode) + mode * math.log(odds) + math.log(total)


def _mode(canary: int, stable: int, failed: int, odds: float) -> int:
    """Return where the largest term is: behind the point where a term and its successor would be equal."""
    a = odds - 1
    b = odds * (canary + failed) + stable - failed + 2
    c = odds * canary * failed - (stable - failed + 1)
    return math.floor(2 * c / (b + math.sqrt(max(b * b - 4 * a * c, 0.0)))) + 1
