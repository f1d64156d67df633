# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One pod's simulated process: its counters, and the tally of what it has done."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from sandbox.simulator.behaviours import BUCKETS, HEALTHY, Behaviour, Readiness
from sandbox.simulator.draws import Shape, binomial, buckets, poisson
from sandbox.simulator.records import PodRecord
from sandbox.simulator.usage import Meter

POST_SHARE = 0.3
"""Share of requests that are POST; those of trading services are orders."""
POSITION_SHARE = 0.5
"""Share of a trading service's requests that update a position."""

_OVER_A_SECOND = BUCKETS.index(1.0) + 1


class Histogram:
    """Counts per bucket (not cumulative, the last without a bound) and the sum in seconds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def add(self, counts: list[int], shape: Shape) -> None:
        """Adds a batch drawn from ``shape``."""
        mine = self.counts
        for i, count in enumerate(counts):
            if count:
                mine[i] += count
                self.total += count * shape.means[i]


@dataclass
class Counters:
    """What a process has counted since it started (``started``: seconds since the epoch)."""

    started: float
    requests: dict[tuple[str, str], int] = field(
        default_factory=lambda: {("GET", "200"): 0, ("GET", "500"): 0, ("POST", "200"): 0, ("POST", "500"): 0}
    )
    latency: Histogram = field(default_factory=Histogram)
    position: Histogram = field(default_factory=Histogram)
    orders_succeeded: int = 0
    orders_failed: int = 0
    risk_failures: int = 0


@dataclass
class Tally:
    """Totals of a pod for the ledger; unlike counters they outlive a crash and can be cleared.

    ``first_bad``: when the first of its requests failed, was slow or lost its order, ``last_request``: when it answered
    its last one, both in seconds since the epoch; 0: there was none.
    """

    requests: int = 0
    errors: int = 0
    slow: int = 0
    orders: int = 0
    orders_failed: int = 0
    first_bad: float = 0.0
    last_request: float = 0.0


@dataclass
class CrashState:
    """Where a crash-looping pod is: running until, or backing off until, ``until`` (seconds since the epoch)."""

    running: bool
    until: float
    restarts: int


@dataclass(eq=False)
class PodLife:
    """A pod, by its UID, as long as the simulator remembers it. Times are seconds since the epoch."""

    record: PodRecord
    behaviour: Behaviour
    counters: Counters
    first_seen: float
    ready_since: float
    tally: Tally = field(default_factory=Tally)
    meter: Meter = field(default_factory=Meter)
    crash: CrashState | None = None
    gone: bool = False
    last_seen: float = 0.0
    """When it went away; 0 while it is there."""
    restore: bool = False
    """Set when a behaviour that kept the pod from being ready was taken back: its status must be repaired."""

    @property
    def trading(self) -> bool:
        """Whether it takes orders, updates positions and checks risks."""
        app = self.record.app
        return "trading" in app or "broker" in app

    @property
    def running(self) -> bool:
        """Whether its process would answer."""
        if self.gone or self.record.phase != "Running" or self.behaviour.readiness is Readiness.IMAGE_PULL:
            return False
        return self.crash is None or self.crash.running

    def restart(self, now: float) -> None:
        """Starts the process anew: every counter is 0 again."""
        self.counters = Counters(now)
        self.meter = Meter()

    def take(self, rng: Random, requests: int, now: float) -> None:
        """Answers a batch of requests."""
        behaviour, counters, tally = self.behaviour, self.counters, self.tally
        errors = binomial(rng, requests, behaviour.error_rate_at(now, self.ready_since))
        posts_failed = binomial(rng, errors, POST_SHARE)
        posts_answered = binomial(rng, requests - errors, POST_SHARE)
        counts = counters.requests
        counts[("GET", "200")] += requests - errors - posts_answered
        counts[("POST", "200")] += posts_answered
        counts[("GET", "500")] += errors - posts_failed
        counts[("POST", "500")] += posts_failed
        latencies = buckets(rng, requests, behaviour.latency)
        counters.latency.add(latencies, behaviour.latency)
        tally.requests += requests
        tally.errors += errors
        tally.slow += sum(latencies[_OVER_A_SECOND:])
        if self.trading:
            self._take_orders(rng, posts_answered + posts_failed)
            positions = binomial(rng, requests, POSITION_SHARE)
            counters.position.add(buckets(rng, positions, behaviour.position), behaviour.position)
        tally.last_request = now
        if not tally.first_bad and (tally.errors or tally.slow or tally.orders_failed):
            tally.first_bad = now

    def check_risks(self, rng: Random, seconds: float) -> None:
        """Lets time pass for the risk checks, which do not depend on requests."""
        self.counters.risk_failures += poisson(rng, self.behaviour.risk_failures_per_minute * seconds / 60.0)

    def _take_orders(self, rng: Random, orders: int) -> None:
        failed = binomial(rng, orders, self.behaviour.order_failure_rate)
        self.counters.orders_failed += failed
        self.counters.orders_succeeded += orders - failed
        self.tally.orders += orders
        self.tally.orders_failed += failed


def new_life(record: PodRecord, behaviour: Behaviour = HEALTHY, *, now: float) -> PodLife:
    """The life of a pod first seen at ``now``; a pod that is Ready already has been so since its record says."""
    ready_since = record.ready_at if record.ready and record.ready_at else now
    return PodLife(record, behaviour, Counters(now), first_seen=now, ready_since=ready_since)
