# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a pod uses while it answers requests: its rate, and cpu and memory by a plain model. Pure but for the meter.

A container uses a share of what it requests, growing with the requests a second that its pod answers, up to its limit.
At 100 a second that is 55 % of the cpu and 30 % of the memory.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from sandbox.simulator.records import Container

WINDOW = 5.0
"""Seconds over which rates are averaged: long enough to calm chance, short enough for releases that take seconds."""

IDLE_CPU, CPU_PER_REQUEST = 0.05, 0.005
IDLE_MEMORY, MEMORY_PER_REQUEST = 0.20, 0.001
# What a container without requests is taken to ask for: a tenth of a core and 128 MiB.
_DEFAULT_CPU, _DEFAULT_MEMORY = 0.1, 128.0 * 2**20


class Meter:
    """Requests of the last few seconds of traffic.

    Times are seconds of traffic that have passed in the simulation, not of the clock: a simulator that gets no turn for a
    while deals out the requests of that while later, and must not show a gap and then a burst.
    """

    __slots__ = ("_batches",)

    def __init__(self) -> None:
        self._batches: deque[tuple[float, float, int]] = deque()

    def add(self, begin: float, end: float, requests: int) -> None:
        """Counts what came in between two times."""
        self._batches.append((begin, end, requests))
        while self._batches[0][1] <= end - WINDOW:
            self._batches.popleft()

    def rate(self, now: float) -> float:
        """Requests a second over the window.

        A pod that is younger than that has a lower rate than it will have: so the rates of all pods of a service add up to
        its load, also while new pods take over from old ones.
        """
        start = now - WINDOW
        within = (count * _share_after(start, begin, end) for begin, end, count in self._batches)
        return sum(within) / WINDOW


def _share_after(start: float, begin: float, end: float) -> float:
    """The share of the time between ``begin`` and ``end`` that lies behind ``start``."""
    return min(max((end - start) / (end - begin), 0.0), 1.0)


@dataclass(frozen=True)
class Usage:
    """Cores and bytes."""

    cpu: float = 0.0
    memory: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.cpu + other.cpu, self.memory + other.memory)

    def quantities(self) -> dict[str, str]:
        """As metrics-server writes them."""
        return {"cpu": f"{round(self.cpu * 1e9)}n", "memory": f"{round(self.memory / 1024)}Ki"}


def usage_of(container: Container, rate: float) -> Usage:
    """What a container uses in a pod that answers ``rate`` requests a second."""
    asked, limits = container.requests, container.limits
    cpu = (asked.cpu or _DEFAULT_CPU) * (IDLE_CPU + CPU_PER_REQUEST * rate)
    memory = (asked.memory or _DEFAULT_MEMORY) * (IDLE_MEMORY + MEMORY_PER_REQUEST * rate)
    return Usage(min(cpu, limits.cpu or cpu), min(memory, limits.memory or memory))
