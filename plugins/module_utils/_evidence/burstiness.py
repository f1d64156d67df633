# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How much noisier than independent requests a service is. Private to this collection.

An A/A comparison: in every window the pods of stable are split into two halves a and b, which differ by chance only. Of K
failures ``ka`` is then hypergeometric with mean ``K na/n``, and ``X = (ka - K na/n)^2 / (K (na/n) (nb/n))`` is 1 on average when
requests fail independently, and phi when the variance is phi times that. Bursts that last longer than a window show in sums of
windows, so blocks of several windows are looked at too, and the largest phi counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .counts import NOTHING, Counts, Pair

DEFAULT = 1.5
"""Taken until enough was measured."""

HIGHEST = 10.0
"""With more than that nothing could be decided; such a service needs another metric."""

_BLOCKS = (1, 4, 10)
_NEEDED = 30
WINDOWS = max(_BLOCKS) * _NEEDED
"""Windows that it takes to see bursts of every length that is looked for: two and a half hours of half minutes. With fewer,
bursts that last longer than a window go unseen, and where little fails nothing is measured at all."""

# One-sided 95 % of the normal distribution.
_Z = 1.645


def burstiness(windows: Sequence[Mapping[str, Counts]], *, default: float = DEFAULT) -> float:
    """Return what `measured` does, or the default where it has nothing to say."""
    found = measured(windows)
    return default if found is None else found


def measured(windows: Sequence[Mapping[str, Counts]]) -> float | None:
    """Return phi: the upper 95 % limit of the variance in units of the binomial's, from 1 to 10.

    None when fewer than 30 windows had two pods with requests and a failure.

    Args:
        windows: for each window in succession the counts of each pod, by name. All pods run the same revision.
    """
    names = sorted({name for window in windows for name in window})
    # Every other pod, and the same ones in each window: a burst that moves between the halves would cancel itself.
    first = set(names[::2])
    pairs = [_halves(window, first) for window in windows]
    limits = [_upper_limit(_blocks(pairs, size)) for size in _BLOCKS]
    found = [limit for limit in limits if limit is not None]
    if limits[0] is None:
        return None
    return min(max(1.0, *found), HIGHEST)


def _halves(window: Mapping[str, Counts], first: set[str]) -> Pair:
    a, b = NOTHING, NOTHING
    for name, counts in window.items():
        if name in first:
            a += counts
        else:
            b += counts
    return Pair(a, b)


def _blocks(pairs: Sequence[Pair], size: int) -> list[Pair]:
    """Return the sums of ``size`` windows in succession, what is left over at the end dropped."""
    found = []
    for begin in range(0, len(pairs) - size + 1, size):
        block = pairs[begin : begin + size]
        found.append(Pair(sum((p.canary for p in block), NOTHING), sum((p.stable for p in block), NOTHING)))
    return found


def _upper_limit(pairs: Sequence[Pair]) -> float | None:
    values = [_dispersion(pair) for pair in pairs if pair.informative]
    if len(values) < _NEEDED:
        return None
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean + _Z * math.sqrt(variance / len(values))


def _dispersion(pair: Pair) -> float:
    a, b = pair.canary, pair.stable
    failed, total = a.k + b.k, a.n + b.n
    share = a.n / total
    return (a.k - failed * share) ** 2 / (failed * share * (1 - share))
