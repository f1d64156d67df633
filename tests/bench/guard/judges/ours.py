# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The collection's own guard: the product's code, with its default policy, window by window.

What it gets is what the guard gets from Prometheus, no more: counts of both revisions, nothing at all for a window whose question
found no data, and the weight. The streams have neither position updates nor risk checks, so those two metrics have no data and
the others have to do without their share of the evidence. There is no cold start in the streams: their first window comes after
the warm-up, for this judge as for all.

A rollback is one that the mode ``enforce`` would carry out. A hold is not: it stops a rollout and takes nothing back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.burstiness import WINDOWS
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import Counts as Tally
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.cycle import begin, policy_for, take_in
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.facts import Facts
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.noise import burstiness_of
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.past import Past
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy_reading import policy_of, read_policies
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import Measured, ServiceWindow
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import Stream as Series
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric, Verdict

from tests.bench.guard.judges.judge import Outcome
from tests.bench.guard.stream import BOUNDS, WINDOW_SECONDS, Counts, Stream, Window

_POLICIES = read_policies({})
_USUAL = policy_of(_POLICIES.base, trading=True)
_COMPARED = next(each for each in _USUAL.metrics if each.metric is Metric.RESPONSE_TIME).definition.streams
# Where a histogram lacks a bucket the guard takes the next one above (`_windows.measuring`); None: there is none.
_BUCKETS: Mapping[Series, int | None] = {
    series: place if (place := bisect_left(BOUNDS, series.bound or 0.0)) < len(BOUNDS) else None for series in _COMPARED
}
_WARM = Facts(ready_at=-_USUAL.warm_up)


@dataclass(frozen=True)
class Ours:
    """``measured``: whether burstiness is measured before each release, as the guard does, or the policy's default taken."""

    measured: bool = True

    def __call__(self, stream: Stream) -> Outcome:
        """Take every window in, and look."""
        state = begin(
            _POLICIES,
            "trading-service",
            uid="simulated",
            revision="canary",
            trading=True,
            origin=0.0,
            past=Past(measured_on(stream)) if self.measured else Past(),
        )
        policy, _ = policy_for(state, _POLICIES)
        for index, window in enumerate(stream.windows):
            now = (index + 1) * WINDOW_SECONDS + policy.delay
            state, decision = take_in(policy, state, [as_counted(index, window)], _WARM, now)
            if decision.action is Verdict.ROLLBACK:
                return Outcome.at(stream, index)
        return Outcome.at(stream, None)


def measured_on(stream: Stream) -> dict[Metric, float]:
    """Return the burstiness of every metric of the streams, from the stable pods before the release."""
    halves = [(_measured(one), _measured(other)) for one, other in stream.before(WINDOWS)]
    counted = {}
    for each in _USUAL.metrics:
        counted[each.metric] = [
            {name: counts for name, side in zip("ab", pair) if (counts := _of(side, each.main)) is not None}
            for pair in halves
        ]
    return burstiness_of(_USUAL, counted)


def as_counted(index: int, window: Window) -> ServiceWindow:
    """Return a window as the guard has it of Prometheus."""
    if window.canary is None or window.stable is None:
        return ServiceWindow(index)
    return ServiceWindow(index, _measured(window.canary), _measured(window.stable), window.weight)


def _measured(counts: Counts) -> Mapping[Metric, Measured]:
    requests = counts.requests
    slow = {series: None if place is None else counts.slow[place] for series, place in _BUCKETS.items()}
    return {
        Metric.ERROR_RATE: Measured(requests, {Series(Metric.ERROR_RATE): counts.errors}, 1),
        Metric.RESPONSE_TIME: Measured(requests, slow, 1),
        Metric.REQUEST_RATE: Measured(requests, {Series(Metric.REQUEST_RATE): 0}, 1),
        Metric.ORDER_SUCCESS: Measured(counts.orders, {Series(Metric.ORDER_SUCCESS): counts.failed_orders}, 1),
    }


def _of(side: Mapping[Metric, Measured], series: Series) -> Tally | None:
    measured = side.get(series.metric)
    return measured.counts(series) if measured else None
