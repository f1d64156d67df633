# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a canary is worse than stable: the conditional binomial e-process. Private to this collection.

Of the K failures of a window, those of the canary are, given the numbers of requests, hypergeometric (requests fail
independently, odds ratio w) or binomial (failures come as a Poisson stream). For w up to the margin w0 >= 1 their mean is at
most ``K r`` with ``r = w0 nc / (w0 nc + ns)`` and their spread is dominated by that of Binomial(K, r) in convex order, so the
likelihood ratio of Binomial(K, q) to Binomial(K, r), q > r, has a mean of at most 1 whatever the base rate of the window
is. Neither a shared incident, nor drift, nor a change of weights makes it lie.

What can: failures that come in bursts in one revision only. Against those every factor is raised to the power 1 / burstiness,
which keeps the mean at most 1 (Jensen) and makes the guarantee hold approximately when the variance is that many times the
binomial's. Sources: Ville's inequality; Fisher's noncentral hypergeometric distribution; Hoeffding, "Probability
inequalities for sums of bounded random variables", 1963.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from .counts import Pair
from .process import Process, advanced
from .starts import USUAL, Starts

GRID = (1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0)
"""Effect sizes: odds ratios, in units of the margin."""


@functools.lru_cache(maxsize=64)
def _logs(grid: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    return tuple((effect, math.log(effect)) for effect in grid)


@dataclass(frozen=True)
class Relative:
    """The settings, fixed before the first window.

    Attributes:
        margin: w0, the odds ratio up to which a canary is as good as stable; 1 or more.
        burstiness: phi, the variance in units of that of independent requests; 1 or more.
        grid: effect sizes, each above 1.
        starts: when processes start.
    """

    margin: float = 1.2
    burstiness: float = 1.5
    grid: tuple[float, ...] = GRID
    starts: Starts = USUAL

    def __post_init__(self) -> None:
        if self.margin < 1 or self.burstiness < 1 or not self.grid or min(self.grid) <= 1:
            raise ValueError("margin and burstiness are 1 or more, and effect sizes above 1")

    def factors(self, pair: Pair) -> tuple[float, ...] | None:
        """Return the logarithm of the window's factor for each effect size; None if it tells nothing."""
        if not pair.informative:
            return None
        exposed, control = self.margin * pair.canary.n, pair.stable.n
        failed, others = pair.canary.k, pair.stable.k
        null = exposed + control
        # log((1-q)/(1-r)) = log(null/total) with total = effect exposed + control, and log(q/r) is log(effect) more.
        together, level, phi = failed + others, math.log(null), self.burstiness
        return tuple(
            [
                (failed * log_effect + together * (level - math.log(effect * exposed + control))) / phi
                for effect, log_effect in _logs(self.grid)
            ]
        )

    def update(self, process: Process, index: int, pair: Pair | None) -> Process:
        """Return the state after window ``index``; None is a window without data, which says nothing."""
        return advanced(process, index, self.factors(pair) if pair else None, self.starts)
