# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What simulated releases say about probabilities and delays. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

_STEPS = 200
_SMALL = 1e-300
# Halvings of the interval 0..1: as many as a float has bits, and then some.
_HALVINGS = 60


def upper_limit(hits: int, trials: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper confidence limit of a probability (Clopper and Pearson, Biometrika 26, 1934).

    It is the quantile of the beta distribution with ``hits + 1`` and ``trials - hits``; 1 when every trial was a hit.

    Raises:
        ValueError: there are no trials, or more hits than trials.
    """
    if trials < 1 or not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits in {trials} trials")
    return 1.0 if hits == trials else beta_quantile(confidence, hits + 1, trials - hits)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the quantile of a beta distribution, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if beta_cdf(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function, by its continued fraction (DLMF 8.17.22).

    Raises:
        ArithmeticError: the fraction did not converge.
    """
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    # The fraction converges quickly on this side of the mean only.
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1.0 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(front) / a / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """Return 1 + d1/(1 + d2/(1 + ...)), by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, _STEPS):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / _away_from_zero(1.0 + term * d)
        c = _away_from_zero(1.0 + term / c)
        value *= c * d
        if abs(c * d - 1.0) < 1e-14:
            return value
    raise ArithmeticError(f"the incomplete beta function did not converge for x={x}, a={a}, b={b}")


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _SMALL else _SMALL


def middle(values: Sequence[float], share: float = 0.5) -> float | None:
    """Return the value that this share of the values does not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def share(value: float) -> str:
    """Return a probability with as many digits as tell something: nothing and certainty have none."""
    if value in (0.0, 1.0):
        return f"{value:.0f}"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
