# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard's words for people: values, thresholds and evidence. Pure functions. Private to this collection."""

from __future__ import annotations

import math

from .._evidence.counts import Counts
from .._windows.model import Stream
from .._words import Metric
from .policy import Limit, MetricPolicy
from .state import State

_NAMES = {
    Metric.ERROR_RATE: "error rate",
    Metric.RESPONSE_TIME: "response time",
    Metric.REQUEST_RATE: "request rate",
    Metric.ORDER_SUCCESS: "order success",
    Metric.POSITION_LATENCY: "position update latency",
    Metric.RISK_FAILURES: "risk check failures",
}


def e_value(log_e: float) -> str:
    """Return an e-value for people: 0.3, 17, 2300, 10^12."""
    if log_e >= math.log(1e6):
        return f"10^{math.floor(log_e / math.log(10))}"
    value = math.exp(log_e)
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def percent(share: float) -> str:
    """Return a share as per cent with two significant digits where it is small."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.2g} %"


def counts_text(stream: Stream, counts: Counts) -> str:
    """Return counts of a window in words: ``7.3 % of 300 requests failed``."""
    metric, bound = stream.metric, stream.bound
    if metric is Metric.RISK_FAILURES:
        return f"{counts.k} risk checks failed"
    share = percent(counts.k / counts.n) if counts.n else "none"
    if bound is not None:
        what = "position updates" if metric is Metric.POSITION_LATENCY else "requests"
        return f"{share} of {counts.n} {what} took longer than {bound:g} s"
    what = "orders" if metric is Metric.ORDER_SUCCESS else "requests"
    return f"{share} of {counts.n} {what} failed"


def limit_text(metric: MetricPolicy, limit: Limit) -> str:
    """Return a threshold in words."""
    if limit.per_window:
        return f"at most {limit.shown:g} a minute are allowed"
    if limit.stream.bound is not None:
        return f"at most {percent(limit.share)} are allowed"
    if metric.metric is Metric.ORDER_SUCCESS:
        return f"at least {percent(limit.shown)} must succeed"
    return f"at most {percent(limit.shown)} are allowed"


def compared_text(state: State, metric: MetricPolicy) -> str:
    """Return what a metric shows against stable: values of the last window of both, and the evidence.

    Of a metric with several bounds the one with the strongest evidence is told.
    """
    stream = strongest_stream(state, metric)
    last = state.last.get(str(stream))
    evidence = e_value(state.evidence.relative_by.get(metric.metric.value, 0.0))
    name = _NAMES[metric.metric]
    if last is None:
        return f"{name}: evidence {evidence}"
    text = f"{name}: {counts_text(stream, last.canary)}"
    if last.stable is not None:
        text += f", on stable {counts_text(stream, last.stable)}"
    return f"{text} (last window); evidence {evidence}"


def strongest_stream(state: State, metric: MetricPolicy) -> Stream:
    """Return the stream of a metric with the strongest evidence against stable."""
    found = state.relative
    return max(metric.compared, key=lambda each: found[str(each)].log_e if str(each) in found else 0.0)


def threshold_text(state: State, metric: MetricPolicy, limit: Limit, log_e: float) -> str:
    """Return what a metric shows against a threshold: value of the last window, threshold, and the evidence."""
    name, last = _NAMES[metric.metric], state.last.get(str(limit.stream))
    value = f"{counts_text(limit.stream, last.canary)} (last window), " if last else ""
    return f"{name}: {value}{limit_text(metric, limit)}; evidence {e_value(log_e)}"


def value_of(stream: Stream, counts: Counts) -> float | None:
    """Return the value of a metric as a number: a share of failures, of orders the share of successes, or a count."""
    if stream.metric is Metric.RISK_FAILURES:
        return float(counts.k)
    if counts.rate is None:
        return None
    return 1 - counts.rate if stream.metric is Metric.ORDER_SUCCESS else counts.rate


def name_of(metric: Metric) -> str:
    """Return a metric's name in words."""
    return _NAMES[metric]
