# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From the lines of a guard to how long its cycles took. Pure functions.

A cycle begins when a window of all services is due: it has ended, and Prometheus has been given its delay. It ends when the guard
has said the last service's decision upon it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

_LOOK = re.compile(r"(?P<name>[^ :]+): window (?P<number>\d+)\b")


@dataclass(frozen=True)
class Heard:
    """A line about a service's window: when it was said (seconds since the epoch), and the processor time taken by then."""

    at: float
    cpu: float
    name: str
    number: int


@dataclass(frozen=True)
class Grid:
    """When windows are due: seconds of a window and of the delay, and of each service when its window 0 began."""

    length: float
    delay: float
    origins: Mapping[str, float]

    def number(self, name: str, due: float) -> int:
        """Return the number that a service's window has which is due then."""
        return round((due - self.delay - self.origins[name]) / self.length) - 1

    def next(self, moment: float) -> float:
        """Return when windows are due next, at this moment or after it. All services' windows have the same borders."""
        return math.ceil((moment - self.delay) / self.length) * self.length + self.delay


@dataclass(frozen=True)
class Cycle:
    """A cycle: when its windows were due, seconds until the last decision, and the processor time taken by then."""

    due: float
    seconds: float
    cpu: float


def heard_in(lines: Iterable[tuple[float, float, str]]) -> list[Heard]:
    """Return the lines about windows; others are of no interest here."""
    found = ((at, cpu, _LOOK.match(text)) for at, cpu, text in lines)
    return [Heard(at, cpu, match["name"], int(match["number"])) for at, cpu, match in found if match]


def cycle(heard: Iterable[Heard], grid: Grid, due: float) -> Cycle:
    """Return the cycle of the windows that were due then; one that was taken in together with later ones counts, too.

    Raises:
        ValueError: nothing was decided upon some service's window.
    """
    first: dict[str, Heard] = {}
    for line in sorted(heard, key=attrgetter("at")):
        if line.name in grid.origins and line.number >= grid.number(line.name, due):
            first.setdefault(line.name, line)
    missing = sorted(grid.origins.keys() - first.keys())
    if missing:
        raise ValueError(f"{len(missing)} of {len(grid.origins)} services were not decided upon, {missing[0]} for one")
    last = max(first.values(), key=attrgetter("at"))
    return Cycle(due, last.at - due, last.cpu)
