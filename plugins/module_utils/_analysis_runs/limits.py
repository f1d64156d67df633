# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""When a metric is done, and what it still lacks. Pure functions. Private to this collection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._types import Obj

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
# What Argo Rollouts tolerates when a metric does not say.
_CONSECUTIVE_ERRORS = 4


@dataclass(frozen=True)
class Limits:
    """The limits of a metric.

    Attributes:
        count: measurements to take; None: without end.
        failure: measurements that may fail; -1: any number.
        inconclusive: measurements that may be inconclusive.
        consecutive_error: measurements in succession that may not be possible.
        consecutive_success: measurements that have to succeed in succession, 0 when none have to.
    """

    count: int | None
    failure: int
    inconclusive: int
    consecutive_error: int
    consecutive_success: int

    @property
    def endless(self) -> bool:
        """Whether only a failure ends the metric."""
        return self.count is None and self.consecutive_success <= 0


def limits_of(metric: Obj) -> Limits:
    """Return the limits of a metric whose arguments are put in."""
    count = _number(metric.get("count"), 0)
    endless = count == 0 and bool(metric.get("interval"))
    return Limits(
        count=None if endless else count or 1,
        failure=_number(metric.get("failureLimit"), 0),
        inconclusive=_number(metric.get("inconclusiveLimit"), 0),
        consecutive_error=_number(metric.get("consecutiveErrorLimit"), _CONSECUTIVE_ERRORS),
        consecutive_success=_number(metric.get("consecutiveSuccessLimit"), 0),
    )


def shortest(metric: Obj) -> float:
    """Return the seconds after which a metric can be done with success at the earliest."""
    limits = limits_of(metric)
    needed = [number for number in (limits.count, limits.consecutive_success) if number and number > 0]
    measurements = min(needed, default=1)
    return seconds(str(metric.get("initialDelay") or "")) + (measurements - 1) * seconds(
        str(metric.get("interval") or "")
    )


def lacks(metric: Obj, result: Obj | None) -> str:
    """Return what a metric that is not done still lacks, as the rest of a sentence."""
    limits = limits_of(metric)
    if not result or not result.get("measurements"):
        delay = metric.get("initialDelay")
        return f"has not been measured yet{f' (its first measurement comes after {delay})' if delay else ''}"
    last = result["measurements"][-1]
    errors = int(result.get("consecutiveError") or 0)
    if errors:
        message = " ".join(str(last.get("message") or "").split())
        return f"could not be measured {errors} times in succession{f': {message}' if message else ''}"
    if limits.consecutive_success > 0:
        return (
            f"has {int(result.get('consecutiveSuccess') or 0)} of {limits.consecutive_success} successes in succession"
        )
    measured = int(result.get("count") or 0)
    if limits.count is None:
        return f"has {measured} measurements and no count, so it goes on without end"
    return f"has {measured} of {limits.count} measurements"


def seconds(duration: str) -> float:
    """Return a duration as Go writes it (``1m30s``) in seconds, 0 when it is none: the controller says so itself."""
    parts = list(_PART.finditer(duration))
    if not parts or "".join(part.group(0) for part in parts) != duration:
        return 0.0
    return sum(float(part.group(1)) * _UNITS[part.group(2)] for part in parts)


def _number(value: object, default: int) -> int:
    """Return an IntOrString as the controller reads it: what is no number is 0."""
    if value is None:
        return default
    try:
        return int(str(value))
    except ValueError:
        return 0
