# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Brent's root finder, as R's ``uniroot`` and so Kayenta use it.

Written from the published algorithm: R. Brent, Algorithms for Minimization without Derivatives (1973), section 4.5.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

TOLERANCE = 1e-4
"""Kayenta's: absolute, whatever the size of what is measured."""
_MOST_STEPS = 1000


def brent(
    function: Callable[[float], float], lower: float, upper: float, at_lower: float, at_upper: float, tolerance: float
) -> float:
    """Return a root between two points at which the function has different signs, to an absolute tolerance.

    ``at_lower``, ``at_upper``: the function's values there.

    Raises:
        ArithmeticError: no convergence in 1000 steps.
    """
    before, f_before, best, f_best = lower, at_lower, upper, at_upper
    other, f_other = before, f_before
    for _ in range(_MOST_STEPS):
        step_before = best - before
        if abs(f_other) < abs(f_best):
            before, best, other = best, other, best
            f_before, f_best, f_other = f_best, f_other, f_best
        enough = 2 * sys.float_info.epsilon * abs(best) + tolerance / 2
        step = (other - best) / 2
        if abs(step) <= enough or f_best == 0:
            return best
        if abs(step_before) >= enough and abs(f_before) > abs(f_best):
            step = _interpolated(step, step_before, (before, best, other), (f_before, f_best, f_other), enough)
        if abs(step) < enough:
            step = math.copysign(enough, step)
        before, f_before = best, f_best
        best += step
        f_best = function(best)
        if (f_best > 0) == (f_other > 0):
            other, f_other = before, f_before
    raise ArithmeticError(f"no root found in {_MOST_STEPS} steps")


def _interpolated(
    half: float,
    step_before: float,
    points: tuple[float, float, float],
    values: tuple[float, float, float],
    enough: float,
) -> float:
    """Return the step of inverse quadratic (of two points: linear) interpolation, or bisection's if that one is too bold."""
    before, best, other = points
    f_before, f_best, f_other = values
    span = other - best
    if before == other:
        ratio = f_best / f_before
        p, q = span * ratio, 1.0 - ratio
    else:
        q, ratio, slope = f_before / f_other, f_best / f_other, f_best / f_before
        p = slope * (span * q * (q - ratio) - (best - before) * (ratio - 1.0))
        q = (q - 1.0) * (ratio - 1.0) * (slope - 1.0)
    if p > 0:
        q = -q
    else:
        p = -p
    if p < 0.75 * span * q - abs(enough * q) / 2 and p < abs(step_before * q / 2):
        return p / q
    return half
