# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What stable was like before a release. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._evidence.counts import NOTHING, Counts
from .._windows.clock import Clock
from .._windows.measuring import counts_by_pod
from .._windows.tracks import Pods
from .._words import Metric
from .noise import ByPod, burstiness_of
from .policy import MetricPolicy, Policy


@dataclass(frozen=True)
class Past:
    """What stable was like, by metric; a metric that was not measured is absent.

    Attributes:
        burstiness: phi, as `burstiness_of` gives it.
        usual: counts of the stream `MetricPolicy.main`.
    """

    burstiness: Mapping[Metric, float] = field(default_factory=dict)
    usual: Mapping[Metric, Counts] = field(default_factory=dict)


UNKNOWN = Past()
"""Nothing was measured."""


def past_of(policy: Policy, pods: Mapping[Metric, Pods], clock: Clock, count: int) -> Past:
    """Return what stable was like in the first windows of a clock.

    Args:
        policy: that of the service.
        pods: the counters of stable's pods, by metric.
        clock: its windows.
        count: how many of them; `burstiness.WINDOWS` are enough to see bursts of every length.
    """
    counted: dict[Metric, ByPod] = {}
    for each in policy.metrics:
        found = pods.get(each.metric)
        windows = [_counts(found, each, clock, index) for index in range(count)] if found else []
        if any(windows):
            counted[each.metric] = windows
    usual = {
        metric: sum((counts for window in windows for counts in window.values()), NOTHING)
        for metric, windows in counted.items()
    }
    return Past(burstiness_of(policy, counted), usual)


def _counts(pods: Pods, each: MetricPolicy, clock: Clock, index: int) -> dict[str, Counts]:
    return counts_by_pod(pods, each.definition, each.main, clock.span(index), clock.staleness)
