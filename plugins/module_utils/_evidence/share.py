# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether requests are split as the weight says: sample ratio mismatch. Private to this collection.

Of N requests ``nc ~ Binomial(N, w)``; the factor of a window is the likelihood ratio at odds that are off by each effect size,
up or down. Requests of one connection go the same way, so the burstiness has to be large, and the evidence is good enough for
saying that routing or telemetry is broken, never for a rollback.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .process import Process, advanced
from .starts import USUAL, Starts

GRID = (0.5, 0.67, 0.8, 1.25, 1.5, 2.0)
"""Effect sizes: odds of a request going to the canary, in units of what the weight says."""


@dataclass(frozen=True)
class Split:
    """The settings, fixed before the first window: burstiness, effect sizes and starts as in `Relative`."""

    burstiness: float = 10.0
    grid: tuple[float, ...] = GRID
    starts: Starts = USUAL

    def factors(self, canary: int, stable: int, weight: float) -> tuple[float, ...] | None:
        """Return the logarithm of the window's factor for each effect size; None if it tells nothing.

        Args:
            canary: requests that went there.
            stable: the others.
            weight: the share that was set for the canary during the whole window, 0 to 1.
        """
        if canary + stable == 0 or not 0 < weight < 1:
            return None
        result = []
        for effect in self.grid:
            less = -math.log(effect * weight + 1 - weight)
            result.append((canary * (math.log(effect) + less) + stable * less) / self.burstiness)
        return tuple(result)

    def update(self, process: Process, index: int, canary: int, stable: int, weight: float | None) -> Process:
        """Return the state after window ``index``; without a weight (None) the window says nothing."""
        found = None if weight is None else self.factors(canary, stable, weight)
        return advanced(process, index, found, self.starts)
