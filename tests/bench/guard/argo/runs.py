# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""An analysis run of Argo Rollouts: several metrics, the phase they come to, and what the Rollout does about it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.bench.guard.argo.measurement import Measurement, Phase
from tests.bench.guard.argo.metrics import RETAINED, Metric, Tally, assess, due, next_at

# From the best phase of a run to the worst.
_ORDER = (Phase.SUCCESSFUL, Phase.RUNNING, Phase.PENDING, Phase.INCONCLUSIVE, Phase.ERROR, Phase.FAILED)
# These end a run at once, unless the metric runs dry.
_ENDING = (Phase.FAILED, Phase.ERROR, Phase.INCONCLUSIVE)
# A timer never fires too early: whoever is woken at some time comes a moment after it.
_MOMENT = 0.001


class Effect(StrEnum):
    """What a Rollout does when its analysis run has come to something."""

    NONE = "none"
    GO_ON = "go on"
    PAUSE = "pause"
    ABORT = "abort"


@dataclass(frozen=True)
class Run:
    """The specification: metrics, names of those that run dry, and how many measurements to keep, both by pattern."""

    metrics: Sequence[Metric]
    dry: Sequence[str] = ()
    retention: Mapping[str, int] = field(default_factory=dict)

    def is_dry(self, metric: Metric) -> bool:
        """Whether a metric neither ends nor worsens the run; patterns are not anchored."""
        return any(re.search(pattern, metric.name) for pattern in self.dry)

    def retained(self, metric: Metric) -> int:
        """Return how many of a metric's measurements are kept."""
        limits = [limit for pattern, limit in self.retention.items() if re.search(pattern, metric.name)]
        return limits[0] if limits and limits[0] > 0 else RETAINED


def invalid(run: Run) -> str | None:
    """Return why a specification cannot be run, which makes the run an Error; None when it can."""
    if not run.metrics:
        return "no metrics specified"
    twice = [name for name, times in Counter(metric.name for metric in run.metrics).items() if times > 1]
    if twice:
        return f"two metrics have the name {twice[0]!r}"
    for metric in run.metrics:
        if problem := _problem(metric):
            return f"metric {metric.name!r}: {problem}"
    for rules in (run.dry, list(run.retention)):
        if problem := _wrong_rule(rules, run.metrics):
            return problem
    return None


def advance(run: Run, tallies: dict[str, Tally], now: float, ask: Callable[[Metric], Measurement]) -> Phase:
    """Measure whatever is due at ``now`` and return the phase of the run; ``tallies`` are kept by metric name."""
    for metric in run.metrics:
        if not due(metric, tallies.get(metric.name), now + _MOMENT):
            continue
        tally = tallies.setdefault(metric.name, Tally())
        tally.record(ask(metric), now, run.retained(metric))
        tally.phase = assess(metric, tally, terminating=False)
    return phase_of(run, tallies, terminating=ends(run, tallies))


def ends(run: Run, tallies: Mapping[str, Tally]) -> bool:
    """Return whether a metric ends the run: no measurement begins any more."""
    real = [metric for metric in run.metrics if not run.is_dry(metric)]
    return any(tallies[metric.name].phase in _ENDING for metric in real if metric.name in tallies)


def next_moment(run: Run, tallies: Mapping[str, Tally]) -> float | None:
    """Return when the next measurement is due; None when there is none to come."""
    moments = []
    for metric in run.metrics:
        tally = tallies.get(metric.name)
        if tally is None or tally.phase is None or not tally.phase.completed:
            moments.append(next_at(metric, tally))
    return min(moments, default=None)


def phase_of(run: Run, tallies: Mapping[str, Tally], *, terminating: bool) -> Phase:
    """Return the phase of a run: Running while any metric is, then the worst of those that do not run dry."""
    if invalid(run):
        return Phase.ERROR
    phases = {}
    for metric in run.metrics:
        tally = tallies.get(metric.name)
        if tally is None and not terminating:
            return Phase.RUNNING
        phases[metric.name] = assess(metric, tally or Tally(), terminating=terminating)
        if not phases[metric.name].completed and not terminating:
            return Phase.RUNNING
    real = [phases[metric.name] for metric in run.metrics if not run.is_dry(metric)]
    return max(real, key=_ORDER.index, default=Phase.SUCCESSFUL)


def effect(phase: Phase) -> Effect:
    """Return what the Rollout does: an error aborts it like a failure."""
    if phase in (Phase.FAILED, Phase.ERROR):
        return Effect.ABORT
    if phase is Phase.INCONCLUSIVE:
        return Effect.PAUSE
    return Effect.GO_ON if phase is Phase.SUCCESSFUL else Effect.NONE


def _problem(metric: Metric) -> str | None:
    success, failures, count = metric.consecutive_success_limit, metric.failure_limit, metric.count
    wrong = {
        "consecutiveSuccessLimit must be >= 0": success < 0,
        "failureLimit must be >= -1": failures < -1,
        "consecutiveSuccessLimit or failureLimit must be set": success == 0 and failures == -1,
        "inconclusiveLimit must be >= 0": metric.inconclusive_limit < 0,
        "consecutiveErrorLimit must be >= 0": metric.consecutive_error_limit < 0,
        "count must be >= failureLimit + consecutiveSuccessLimit": 0 < count < max(failures, 0) + success,
        "count must be >= inconclusiveLimit": 0 < count < metric.inconclusive_limit,
        "interval must be set when count > 1": count > 1 and metric.interval is None,
        "there must be exactly one provider": metric.providers != 1,
    }
    return next((problem for problem, found in wrong.items() if found), None)


def _wrong_rule(patterns: Sequence[str], metrics: Sequence[Metric]) -> str | None:
    for pattern in patterns:
        try:
            found = [metric for metric in metrics if re.search(pattern, metric.name)]
        except re.error as error:
            return f"{pattern!r} is no regular expression: {error}"
        if not found:
            return f"no metric matches {pattern!r}"
        if patterns.count(pattern) > 1:
            return f"two rules with the pattern {pattern!r}"
    return None
