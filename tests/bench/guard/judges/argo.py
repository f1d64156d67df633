# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Argo Rollouts' own analysis: conditions on the canary's error rate, latency and orders, with limits on failures.

Every 30 seconds each metric is asked over the last minute (``rate(...[1m])``), scoped to the canary's pods, during the whole
release. A careful author is assumed: no traffic, which is NaN, is a success. A question without an answer is an error, as it is
in the controller: asked again after ten seconds, and the fifth one in a row aborts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from tests.bench.guard.argo.measurement import Answer, Measurement, measure
from tests.bench.guard.argo.metrics import Metric, Tally
from tests.bench.guard.argo.runs import Effect, Run, advance, effect, next_moment
from tests.bench.guard.judges.judge import Outcome
from tests.bench.guard.judges.seed import CRITICAL, Thresholds
from tests.bench.guard.stream import WINDOW_SECONDS, Counts, Stream

# Range of the queries, in windows.
_RANGE = 2
_VALUES: Mapping[str, Callable[[Counts], float]] = {
    "error-rate": lambda counts: counts.error_ratio,
    "latency-p99": lambda counts: counts.p99,
    "order-success": lambda counts: counts.order_success,
}


@dataclass(frozen=True)
class Argo:
    """``failure_limit``: how many bad measurements of a metric are forgiven in the whole release."""

    failure_limit: int
    thresholds: Thresholds = CRITICAL

    def __call__(self, stream: Stream) -> Outcome:
        """Run the analysis from the end of the first window to the end of the last."""
        tallies: dict[str, Tally] = {}
        since = 0.0
        # The run starts when there is a first window to ask about.
        while (now := since + WINDOW_SECONDS) <= len(stream.windows) * WINDOW_SECONDS:
            phase = advance(self._run, tallies, since, _asking(stream, int(now // WINDOW_SECONDS) - 1))
            if effect(phase) is Effect.ABORT:
                return Outcome.at(stream, math.ceil(now / WINDOW_SECONDS) - 1)
            following = next_moment(self._run, tallies)
            if following is None:
                break
            since = following
        return Outcome.at(stream, None)

    @cached_property
    def _run(self) -> Run:
        limits = self.thresholds
        conditions = {
            "error-rate": f"isNaN(result[0]) || result[0] < {limits.error_rate}",
            "latency-p99": f"isNaN(result[0]) || result[0] < {limits.response_time}",
            "order-success": f"isNaN(result[0]) || result[0] >= {limits.order_success}",
        }
        return Run(
            [
                Metric(name, interval=WINDOW_SECONDS, success_condition=condition, failure_limit=self.failure_limit)
                for name, condition in conditions.items()
            ]
        )


def _asking(stream: Stream, window: int) -> Callable[[Metric], Measurement]:
    """Return how a metric is asked about the time up to the end of this window."""

    def ask(metric: Metric) -> Measurement:
        values = []
        if stream.answers(window):
            values.append(_VALUES[metric.name](stream.canary.last(window, _RANGE)))
        return measure(lambda: Answer("vector", values), metric.success_condition, metric.failure_condition)

    return ask
