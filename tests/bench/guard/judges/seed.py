# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The rule of the seed (section 5C.3.2): the whole service against fixed thresholds, every 30 seconds.

Kept as it was written: canary and stable are not told apart; a question without an answer counts as 0, which is a good error
rate and latency and a bad order success; NaN exceeds nothing; the warning thresholds and the risk failures are not used. The
position latency is 0, as there are no position updates in the streams. Violations are counted under the service's name and
the minute of the clock, so that with a look every 30 seconds the third violation never comes. ``minutes=False`` is what was
meant: violations at three looks in a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.bench.guard.judges.judge import Outcome
from tests.bench.guard.stream import WINDOW_SECONDS, Counts, Stream

# Ranges of the seed's queries, in windows: five minutes, and two for the orders.
_SERVICE_RANGE = 10
_ORDERS_RANGE = 4
_MAX_VIOLATIONS = 3
_KEPT_MINUTES = 10
_NO_DATA: Mapping[str, float] = {"error_rate": 0.0, "response_time": 0.0, "order_success": 0.0}


@dataclass(frozen=True)
class Thresholds:
    """Shares, and seconds: worse than these is a violation."""

    error_rate: float
    response_time: float
    order_success: float = 0.95


CRITICAL = Thresholds(0.05, 5.0)
WARNING = Thresholds(0.02, 2.0)


@dataclass(frozen=True)
class Seed:
    """``minutes``: count violations under the minute of the clock, as written, rather than in a row, as meant."""

    minutes: bool
    thresholds: Thresholds = CRITICAL

    def __call__(self, stream: Stream) -> Outcome:
        """Look at the end of every window."""
        counter = _ByMinute() if self.minutes else _InARow()
        for window in range(len(stream.windows)):
            violated = self._violated(self._metrics(stream, window))
            if counter.count(violated, (window + 1) * WINDOW_SECONDS) >= _MAX_VIOLATIONS:
                return Outcome.at(stream, window)
        return Outcome.at(stream, None)

    def _metrics(self, stream: Stream, window: int) -> Mapping[str, float]:
        if not stream.answers(window):
            return _NO_DATA
        service, orders = (_whole(stream, window, length) for length in (_SERVICE_RANGE, _ORDERS_RANGE))
        return {
            "error_rate": service.error_ratio,
            "response_time": service.p99,
            "order_success": orders.order_success,
        }

    def _violated(self, metrics: Mapping[str, float]) -> bool:
        limits = self.thresholds
        return (
            metrics["error_rate"] > limits.error_rate
            or metrics["response_time"] > limits.response_time
            or metrics["order_success"] < limits.order_success
        )


class _InARow:
    def __init__(self) -> None:
        self._found = 0

    def count(self, violated: bool, _: int) -> int:
        self._found = self._found + 1 if violated else 0
        return self._found


class _ByMinute:
    def __init__(self) -> None:
        self._found: dict[int, int] = {}

    def count(self, violated: bool, seconds: int) -> int:
        if not violated:
            return 0
        minute = seconds // 60
        kept = {key: found for key, found in self._found.items() if key >= minute - _KEPT_MINUTES}
        self._found = kept | {minute: kept.get(minute, 0) + 1}
        return self._found[minute]


def _whole(stream: Stream, window: int, length: int) -> Counts:
    """Return what both revisions counted: the seed's queries name the service only."""
    return stream.canary.last(window, length) + stream.stable.last(window, length)
