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
    """Requests of the last few seconds."""

    __slots__ = ("_batches",)

    def __init__(self) -> None:
        self._batches: deque[tuple[float, int]] = deque()

    def add(self, now: float, requests: int) -> None:
        """Counts a batch; times are seconds since the epoch."""
        self._batches.append((now, requests))
        while self._batches[0][0] <= now - WINDOW:
            self._batches.popleft()

    def rate(self, now: float) -> float:
        """Requests a second over the window.

        A pod that is younger than that has a lower rate than it will have: so the rates of all pods of a service add up to
        its load, also while new pods take over from old ones.
        """
        return sum(count for when, count in self._batches if when > now - WINDOW) / WINDOW


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
