# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One e-value of many. Private to this collection."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeVar

from .starts import log_sum

Name = TypeVar("Name")


def average(weighted: Iterable[tuple[float, float]]) -> float:
    """Return the logarithm of the weighted average of e-values; 0 (an e-value of 1) for none.

    ``E = sum w_i E_i / sum w_i`` is an e-value under any dependence of the E_i and never weaker than Bonferroni's correction
    (Vovk and Wang, "E-values: calibration, combination and applications", 2021). A product would not be one: metrics of the same
    requests depend on each other.

    Args:
        weighted: weight (0 or more) and logarithm of the e-value of each.
    """
    kept = [(weight, log_e) for weight, log_e in weighted if weight > 0]
    if not kept:
        return 0.0
    total = math.fsum(weight for weight, _log_e in kept)
    return log_sum([math.log(weight / total) + log_e for weight, log_e in kept])


def strongest(weights: Mapping[Name, float], log_es: Mapping[Name, float]) -> list[Name]:
    """Return the names in the order of what they contribute to the average, the most first."""
    present = [name for name in log_es if weights.get(name, 0) > 0]
    return sorted(present, key=lambda name: math.log(weights[name]) + log_es[name], reverse=True)
