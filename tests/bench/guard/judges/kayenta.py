# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kayenta's NetflixACAJudge, with a run every five minutes over all that was measured since the release began.

The metrics are, per window and revision, the share of requests that fail, the 99th percentile of the latency and the share of
orders that fail, each in a group of its own; an increase is bad. Scores are Kayenta's usual ones: a run at or below 75 stops the
canary, the last one needs 95. The stable revision is the baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.guard.judges.judge import Outcome
from tests.bench.guard.kayenta.classifying import Direction, Settings, classify
from tests.bench.guard.kayenta.scoring import Scored, passes, score, stops
from tests.bench.guard.stream import Counts, Stream, Window

_SETTINGS = Settings(direction=Direction.INCREASE)
_METRICS: Mapping[str, Callable[[Counts], float]] = {
    "error-rate": lambda counts: counts.error_ratio,
    "latency-p99": lambda counts: counts.p99,
    "order-failures": lambda counts: 1.0 - counts.order_success,
}


@dataclass(frozen=True)
class Kayenta:
    """``every``: windows between two runs. ``marginal``, ``wanted``: scores."""

    every: int = 10
    marginal: float = 75.0
    wanted: float = 95.0

    def __call__(self, stream: Stream) -> Outcome:
        """Judge after every so many windows; the last run decides about a score in between."""
        scores: list[float] = []
        for upto in range(self.every, len(stream.windows) + 1, self.every):
            scores.append(_score(stream.windows[:upto]))
            if stops(scores[-1], self.marginal):
                return Outcome.at(stream, upto - 1)
        failed = not passes(scores, self.marginal, self.wanted)
        return Outcome.at(stream, len(stream.windows) - 1 if failed else None)


def _score(windows: Sequence[Window]) -> float:
    metrics = []
    for name, value in _METRICS.items():
        canary = [value(window.canary) for window in windows if window.canary is not None]
        stable = [value(window.stable) for window in windows if window.stable is not None]
        found = classify(canary, stable, _SETTINGS)
        metrics.append(Scored(name, found.label, [name], found.critical))
    return score(metrics, {})
