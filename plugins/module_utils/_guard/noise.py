# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How bursty each metric of a service is, before a release. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._evidence.burstiness import measured
from .._evidence.counts import Counts
from .._words import Metric
from .policy import Policy

ByPod = Sequence[Mapping[str, Counts]]
"""For each window in succession the counts of each pod of stable, by name."""


def burstiness_of(policy: Policy, counted: Mapping[Metric, ByPod]) -> dict[Metric, float]:
    """Return the burstiness of every metric that has trials; nothing where none could be measured.

    A metric of which too little went wrong to measure it is taken for as bursty as the burstiest of the others, and never for
    less bursty than the policy says: what lets requests fail in bursts does not spare the orders among them.

    Args:
        policy: that of the service.
        counted: of the stream `MetricPolicy.main`, for windows before the release, `burstiness.WINDOWS` of them at best.
    """
    trials = [each for each in policy.metrics if each.trials]
    phis = {each.metric: measured(counted.get(each.metric, ())) for each in trials}
    known = {metric: phi for metric, phi in phis.items() if phi is not None}
    if not known:
        return {}
    worst = max(known.values())
    return {each.metric: known.get(each.metric, max(worst, each.relative.burstiness)) for each in trials}
