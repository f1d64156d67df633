# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How a pod behaves, told from the tag of its image: the one table of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from sandbox.simulator.draws import Shape, log_normal, mixed

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds, in seconds, of the histograms that pods show (besides the bucket without a bound)."""

QUICK = log_normal(0.040, 0.60, BUCKETS)
SLOW = log_normal(0.800, 0.70, BUCKETS)
STALLED = log_normal(7.000, 0.10, BUCKETS)
POSITION = log_normal(0.050, 0.60, BUCKETS)
POSITION_SLOW = log_normal(1.500, 0.60, BUCKETS)


class Readiness(Enum):
    """What becomes of the pod's status in the API."""

    NORMAL = "normal"
    NEVER_READY = "neverready"
    IMAGE_PULL = "imagepull"
    CRASH = "crash"


@dataclass(frozen=True)
class Behaviour:
    """What a pod does with requests. Rates are shares of 1, durations seconds.

    ``fault_rate`` is the error rate while the fault is on (None: no fault): from ``onset`` seconds after the pod
    became Ready, and, when ``period`` is positive, only in the first ``burst`` seconds of every ``period``.
    """

    name: str
    latency: Shape = QUICK
    position: Shape = POSITION
    error_rate: float = 0.001
    order_failure_rate: float = 0.002
    risk_failures_per_minute: float = 0.3
    readiness: Readiness = Readiness.NORMAL
    fault_rate: float | None = None
    onset: float = 0.0
    burst: float = 0.0
    period: float = 0.0

    def error_rate_at(self, now: float, ready_since: float) -> float:
        """The share of requests answered 500 at ``now``; both times in seconds since the epoch.

        Bursts follow the clock, not the pod, so that all pods of a service burst together, as those that
        share a slow database do: it is what makes the errors correlated.
        """
        if self.fault_rate is None or now - ready_since < self.onset:
            return self.error_rate
        if self.period > 0 and now % self.period >= self.burst:
            return self.error_rate
        return self.fault_rate


HEALTHY = Behaviour("healthy")


@dataclass(frozen=True)
class Rule:
    """One row of the table: ``pattern`` ends the tag, ``build`` gets its match."""

    suffix: str
    pattern: str
    build: Callable[[re.Match[str]], Behaviour]
    description: str
    readiness: Readiness = Readiness.NORMAL
    fails_jobs: bool = False
    """Whether the pods of Jobs end with exit code 1."""


def _share(match: re.Match[str]) -> float:
    return min(float(match["n"]) / 100.0, 1.0)


_N = r"(?P<n>\d+(?:\.\d+)?)"

RULES: tuple[Rule, ...] = (
    Rule(
        "-errorsN",
        rf"-errors{_N}$",
        lambda m: replace(HEALTHY, error_rate=_share(m)),
        "N % of requests answer 500 (N may be decimal, `-errors0.5`)",
    ),
    Rule(
        "-slow",
        r"-slow$",
        lambda _: replace(HEALTHY, latency=SLOW),
        "latency: median 800 ms, p99 above 3 s",
    ),
    Rule(
        "-stallN",
        rf"-stall{_N}$",
        lambda m: replace(HEALTHY, latency=mixed(QUICK, STALLED, _share(m))),
        "N % of requests take some 7 s; the median stays what it was",
    ),
    Rule(
        "-ordersN",
        rf"-orders{_N}$",
        lambda m: replace(HEALTHY, order_failure_rate=_share(m)),
        "N % of orders fail (requests still answer 200)",
    ),
    Rule(
        "-lateN, -lateN-Ds",
        rf"-late{_N}(?:-(?P<delay>\d+)s)?$",
        lambda m: replace(HEALTHY, fault_rate=_share(m), onset=float(m["delay"] or 60)),
        "healthy until D seconds (60) after the pod became Ready, then N % errors",
    ),
    Rule(
        "-burstN",
        rf"-burst{_N}$",
        lambda m: replace(HEALTHY, fault_rate=_share(m), burst=5.0, period=30.0),
        "N % errors during the first 5 s of every 30 s of the clock, all pods together",
    ),
    Rule(
        "-riskN",
        rf"-risk{_N}$",
        lambda m: replace(HEALTHY, risk_failures_per_minute=float(m["n"])),
        "N risk check failures a minute in every pod",
    ),
    Rule(
        "-positionslow",
        r"-positionslow$",
        lambda _: replace(HEALTHY, position=POSITION_SLOW),
        "position updates: median 1.5 s instead of 50 ms",
    ),
    Rule(
        "-crash",
        r"-crash$",
        lambda _: replace(HEALTHY, readiness=Readiness.CRASH),
        "Ready, crashes after 5 s, CrashLoopBackOff for 5 s, 10 s, 20 s... (at most 300 s), Ready for 5 s, and so on",
        Readiness.CRASH,
    ),
    Rule(
        "-neverready",
        r"-neverready$",
        lambda _: replace(HEALTHY, readiness=Readiness.NEVER_READY),
        "runs, but never turns Ready",
        Readiness.NEVER_READY,
    ),
    Rule(
        "-imagepull",
        r"-imagepull$",
        lambda _: replace(HEALTHY, readiness=Readiness.IMAGE_PULL),
        "stays Pending, its container waits with ImagePullBackOff",
        Readiness.IMAGE_PULL,
    ),
    Rule(
        "-badmigration",
        r"-badmigration$",
        lambda _: HEALTHY,
        "serves well, but the pods of its Jobs end with exit code 1 and leave a message",
        fails_jobs=True,
    ),
)


def image_tag(image: str) -> str:
    """The tag of an image reference, without a digest; empty when it has none."""
    last = image.split("@", 1)[0].rsplit("/", 1)[-1]
    return last.split(":", 1)[1] if ":" in last else ""


@lru_cache(maxsize=4096)
def behaviour_of(image: str) -> Behaviour:
    """The behaviour an image's tag asks for; a tag without a known suffix is healthy."""
    return _lookup(image_tag(image)) or HEALTHY


def behaviour_named(name: str) -> Behaviour:
    """The behaviour of a bare suffix such as ``errors20`` or ``healthy``.

    Raises ValueError when the table has none of that name.
    """
    bare = name.removeprefix("-")
    if bare == HEALTHY.name:
        return HEALTHY
    for rule in RULES:
        if match := re.fullmatch(rule.pattern, f"-{bare}"):
            return replace(rule.build(match), name=bare)
    known = ", ".join([HEALTHY.name, *(f" {rule.suffix}".replace(" -", " ").strip() for rule in RULES)])
    raise ValueError(f"no behaviour is named {name!r}; there are {known}")


def _lookup(tag: str) -> Behaviour | None:
    for rule in RULES:
        if match := re.search(rule.pattern, tag):
            return replace(rule.build(match), name=match.group(0).removeprefix("-"))
    return None
