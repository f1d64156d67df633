# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The samples of a release, out of Prometheus. Private to this collection."""

from __future__ import annotations

import math

from .._analysis.client import Prometheus, Window
from .._analysis.model import Series
from .._errors import DeliveryError
from .._guard.policy import Policy
from .recording import Recorded, Recording, Release, merged, question

# Points asked for at once: Prometheus gives 11 000 for a series at most, and a histogram of many pods has many series.
_POINTS = 1000


def fetch(prometheus: Prometheus, policy: Policy, release: Release) -> Recording:
    """Return a release with its samples: of each metric of the policy, from the history before it to its end.

    Args:
        prometheus: an open connection.
        policy: says which metrics, and how far apart the points are: two in each window.
        release: which one.

    Raises:
        DeliveryError: a query was not answered, or there is nothing of the new revision.
    """
    step = policy.window / 2
    begin = release.start - release.history - math.ceil(policy.staleness / step) * step
    metrics = {}
    for definition in policy.definitions:
        text = question(definition, release, policy.labels)
        pieces = [prometheus.query_range(text, piece).series for piece in _pieces(begin, release.end, step)]
        metrics[definition.metric] = Recorded(text, merged(pieces))
    recording = Recording(release, step, policy.labels, metrics)
    if not any(_has(recorded.series, policy.labels.hash, release.canary) for recorded in metrics.values()):
        raise DeliveryError(
            f"Prometheus has nothing of revision {release.canary} of {release.service} in this time",
            reason="NoData",
            hint="check service, canary_hash, start, and the policy's labels and series",
            where=f"{prometheus.address}, namespace {release.namespace}",
        )
    return recording


def _pieces(begin: float, end: float, step: float) -> list[Window]:
    """Return successive ranges of points; the next one begins a step after the last."""
    count = math.floor((end - begin) / step + 1e-9) + 1
    return [
        Window(begin + first * step, begin + (min(first + _POINTS, count) - 1) * step, step)
        for first in range(0, count, _POINTS)
    ]


def _has(series: tuple[Series, ...], label: str, value: str) -> bool:
    return any(one.labels.get(label) == value for one in series)
