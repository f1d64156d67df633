# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Releases of the past, as Prometheus has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import Point, Series
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.recording import (
    Recorded,
    Recording,
    Release,
    question,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy_reading import policy_of, read_policies
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.definitions import (
    USUAL_LABELS,
    Definition,
    Kind,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric

START = 1_795_774_500.0
"""2026-11-27T10:15:00Z."""
RELEASE = Release("shop", "web", False, "new", "old", START, START + 600, 0.0, START - 600)
POLICIES = read_policies({})
POLICY = policy_of(POLICIES.base, trading=True)
STEP = 15.0


@dataclass(frozen=True)
class Pod:
    """A pod: what it does in a second, as a function of the seconds since the start of the release.

    `requests` and `failed`, `slow` (slower than 5 s) and `orders` and `failed_orders` are rates; it has no series before `born`.
    """

    name: str
    revision: str
    requests: float = 10.0
    failed: Callable[[float], float] = lambda _: 0.05
    slow: float = 0.0
    orders: float = 0.0
    failed_orders: float = 0.0
    born: float = -math.inf
    gone: float = math.inf


def bad_from(moment: float, share: float = 0.3) -> Callable[[float], float]:
    """Return a rate of failures that rises to a share of ten requests a second."""
    return lambda second: 10 * share if second >= moment else 0.05


STABLE = tuple(Pod(f"old-{number}", "old") for number in range(3))


def recording(*pods: Pod, release: Release = RELEASE, **changed: Any) -> Recording:
    """Return the recording of some pods; `changed` are fields of the release."""
    release = replace(release, **changed)
    metrics = {}
    for definition in policy_for(release).definitions:
        found = [one for pod in pods for one in series(pod, definition, release)]
        metrics[definition.metric] = Recorded(question(definition, release, USUAL_LABELS), tuple(found))
    return Recording(release, STEP, USUAL_LABELS, metrics)


def policy_for(release: Release, **written: Any) -> Any:
    """Return the policy of a release."""
    return policy_of(read_policies(written).base, trading=release.trading)


def series(pod: Pod, definition: Definition, release: Release) -> list[Series]:
    """Return the series of a pod as the query of a metric gives them, every fifteen seconds."""
    first = -release.history - 60.0
    moments = [first + STEP * step for step in range(int((release.end - release.start - first) / STEP) + 1)]
    moments = [moment for moment in moments if pod.born <= moment <= pod.gone]
    failures, so_far = {}, 0.0
    for moment in moments:
        so_far += pod.failed(moment - STEP) * STEP
        failures[moment] = float(math.floor(so_far))
    since = moments[0] if moments else 0.0

    def count(rate: float) -> dict[float, float]:
        return {moment: float(math.floor(rate * (moment - since))) for moment in moments}

    def made(what: Mapping[float, float], **labels: str) -> Series:
        names = {"service": release.service, "rollouts_pod_template_hash": pod.revision, "pod": pod.name, **labels}
        return Series(names, tuple(Point(release.start + moment, value) for moment, value in what.items()))

    times = made({moment: release.start + moment for moment in moments}, part="time")
    if definition.metric in (Metric.ERROR_RATE, Metric.REQUEST_RATE):
        parts = [made(count(pod.requests), part="all")]
        if definition.kind is Kind.SHARE:
            parts.append(made(failures, part="failed"))
        return [*parts, times]
    if definition.metric is Metric.RESPONSE_TIME:
        quick = count(pod.requests - pod.slow)
        return [made(quick, le=bound) for bound in ("0.1", "0.5", "1.0", "2.5", "5.0")] + [
            made(count(pod.requests), le="+Inf"),
            times,
        ]
    if definition.metric is Metric.ORDER_SUCCESS and pod.orders:
        return [made(count(pod.orders), part="all"), made(count(pod.failed_orders), part="failed"), times]
    return []
