# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Definitions, series and answers to build tests from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import Point, Series
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.definitions import Definition, Kind
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import Revision
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric

ERRORS = Definition(Metric.ERROR_RATE, Kind.SHARE, "http_requests_total", failed='status=~"5.."')
SLOW = Definition(Metric.RESPONSE_TIME, Kind.SLOWER, "http_request_duration_seconds", bounds=(0.5, 2.0))
RISKS = Definition(
    Metric.RISK_FAILURES, Kind.EVENTS, "risk_check_failures_total", exposure="trading_orders_total", trading=True
)
TRAFFIC = Definition(Metric.REQUEST_RATE, Kind.TRAFFIC, "http_requests_total")
NEW, OLD = Revision("web", "new"), Revision("web", "old")

Values = Mapping[int, float] | Sequence[tuple[int, float]]


def one(pod: str, values: Values, *, revision: Revision = NEW, **labels: str) -> Series:
    """Return a series of a pod; `values` are value by time."""
    pairs = values.items() if isinstance(values, Mapping) else values
    names = {"service": revision.service, "rollouts_pod_template_hash": revision.hash, "pod": pod, **labels}
    return Series(names, tuple(Point(moment, value) for moment, value in pairs))


def counter(
    pod: str, trials: Values, failed: Values | None = None, *, revision: Revision = NEW, times: Values | None = None
) -> list[Series]:
    """Return the series of a pod as the query of a counter gives them."""
    found = [one(pod, trials, revision=revision, part="all")]
    if failed is not None:
        found.append(one(pod, failed, revision=revision, part="failed"))
    if times is not None:
        found.append(one(pod, times, revision=revision, part="time"))
    return found


def histogram(pod: str, buckets: Mapping[str, Values], *, revision: Revision = NEW) -> list[Series]:
    """Return the series of a pod as the query of a histogram gives them, by the text of `le`."""
    return [one(pod, values, revision=revision, le=bound) for bound, values in buckets.items()]
