# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A metric of Argo Rollouts' analysis: its limits, what it has counted, when it is measured next, and its phase."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bench.guard.argo.measurement import Measurement, Phase

RETRY_SECONDS = 10.0
"""Time after a measurement in error until the next one, whatever the metric's interval."""
RETAINED = 10
"""How many measurements are kept, unless something else is set; counters are never touched."""


@dataclass(frozen=True)
class Metric:
    """What the specification of a metric says: seconds, conditions and limits, with the controller's defaults."""

    name: str = "metric"
    interval: float | None = None
    initial_delay: float = 0.0
    count: int = 0
    success_condition: str = ""
    failure_condition: str = ""
    failure_limit: int = 0
    inconclusive_limit: int = 0
    consecutive_error_limit: int = 4
    consecutive_success_limit: int = 0
    providers: int = 1

    @property
    def effective_count(self) -> int | None:
        """After how many measurements it ends; None: never."""
        return self.count or (1 if self.interval is None else None)


@dataclass
class Tally:
    """What a metric has come to; times in seconds since the run was started."""

    phase: Phase | None = None
    count: int = 0
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    consecutive_error: int = 0
    consecutive_success: int = 0
    measurements: list[Measurement] = field(default_factory=list)
    finished_at: float = 0.0

    def record(self, measurement: Measurement, at: float, retained: int = RETAINED) -> None:
        """Count a finished measurement; one in error adds nothing to ``count``."""
        phase = measurement.phase
        self.consecutive_error = self.consecutive_error + 1 if phase is Phase.ERROR else 0
        self.consecutive_success = self.consecutive_success + 1 if phase is Phase.SUCCESSFUL else 0
        self.count += phase is not Phase.ERROR
        self.successful += phase is Phase.SUCCESSFUL
        self.failed += phase is Phase.FAILED
        self.inconclusive += phase is Phase.INCONCLUSIVE
        self.measurements = [*self.measurements, measurement][-retained:]
        self.finished_at = at


def due(metric: Metric, tally: Tally | None, now: float, *, started: bool = True) -> bool:
    """Return whether a metric is to be measured now; ``tally`` is None before its first measurement.

    The first one is due when the initial delay is over, to the second; the next ones strictly after the interval.
    """
    if tally is None or not tally.measurements:
        return started and metric.initial_delay <= now
    if tally.phase is not None and tally.phase.completed:
        return False
    if metric.effective_count is not None and tally.count >= metric.effective_count:
        return False
    return now > tally.finished_at + _wait(metric, tally)


def next_at(metric: Metric, tally: Tally | None) -> float:
    """Return the moment for which the controller sets its timer; the measurement follows at once."""
    return metric.initial_delay if tally is None else tally.finished_at + _wait(metric, tally)


def _wait(metric: Metric, tally: Tally) -> float:
    last = tally.measurements[-1].phase
    return RETRY_SECONDS if last is Phase.ERROR or metric.interval is None else metric.interval


def assess(metric: Metric, tally: Tally, *, terminating: bool) -> Phase:
    """Return the phase of a metric.

    Limits are exceeded, not reached, and failures count over the whole run, not in a row. Where several limits are exceeded,
    Error comes before Inconclusive before Failed.
    """
    if tally.phase is not None and tally.phase.completed:
        return tally.phase
    if not tally.measurements:
        return Phase.SUCCESSFUL if terminating else Phase.PENDING
    if not tally.measurements[-1].phase.completed:
        return Phase.RUNNING
    if (exceeded := _exceeded(metric, tally)) is not None:
        return exceeded
    if 0 < metric.consecutive_success_limit <= tally.consecutive_success:
        return Phase.SUCCESSFUL
    if metric.effective_count is not None and tally.count >= metric.effective_count:
        return _at_the_end(metric)
    return Phase.SUCCESSFUL if terminating else Phase.RUNNING


def _exceeded(metric: Metric, tally: Tally) -> Phase | None:
    if tally.consecutive_error > metric.consecutive_error_limit:
        return Phase.ERROR
    if tally.inconclusive > metric.inconclusive_limit:
        return Phase.INCONCLUSIVE
    return Phase.FAILED if 0 <= metric.failure_limit < tally.failed else None


def _at_the_end(metric: Metric) -> Phase:
    """Return what a metric has come to that was measured as often as wanted, and exceeded no limit."""
    if metric.consecutive_success_limit <= 0:
        return Phase.SUCCESSFUL
    return Phase.INCONCLUSIVE if metric.failure_limit >= 0 else Phase.FAILED
