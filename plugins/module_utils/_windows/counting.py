# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a pod's counters rose by in a window. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from operator import lt
from typing import NamedTuple

from .clock import Span
from .tracks import Reading, later


class Rise(NamedTuple):
    """What each counter of a pod rose by, and in how many seconds of its life: from one scrape (or its birth) to another."""

    values: tuple[float, ...]
    seconds: float


def rise(readings: Sequence[Reading], span: Span, staleness: float, born: float | None = None) -> Rise | None:
    """Return what each counter of a pod rose by in a window; None if that was not measured.

    The difference begins at the last scrape before the window, however little before the border that was, and ends at the last
    one in it. So what one window misses for want of a scrape, the next one has, and nothing counts twice. A pod that vanished
    counts up to its last scrape.

    A value below the one before means that the process began anew: all counters then count from 0, also those that have risen
    above their old value already.

    Args:
        readings: scrapes of the pod, oldest first.
        span: the window.
        staleness: how old, in seconds before the window, a scrape may be for a difference to begin there. Without such a one
            it begins with the first one in the window...
        born: ...unless the pod is known to have been created (seconds since the epoch) in the window: then at 0. None: not known.
    """
    first, end = later(readings, span.start), later(readings, span.end)
    if first == end:
        return None
    since: float
    last: tuple[float, ...]
    if first > 0 and readings[first - 1][0] > span.start - staleness:
        since, last = readings[first - 1]
    elif born is not None and born >= span.start:
        since, last = born, (0.0,) * len(readings[first][1])
    elif end - first > 1:
        since, last = readings[first]
        first += 1
    else:
        return None
    total = [0.0] * len(last)
    for _moment_of, values in readings[first:end]:
        if any(map(lt, values, last)):
            last = (0.0,) * len(values)
        total = [so_far + now - before for so_far, now, before in zip(total, values, last)]
        last = values
    return Rise(tuple(total), readings[end - 1][0] - since)
