# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Reasons, evidence and impact as results of tasks have them. Pure functions. Private to this collection."""

from __future__ import annotations

import math

from .._evidence.impact import Cost
from .._operation import Result
from .._words import Metric
from .decision import Reason
from .state import State


def reason_entry(reason: Reason) -> Result:
    """Return a reason as plain data."""
    return {
        "text": reason.text,
        "metric": reason.metric.value if reason.metric else None,
        "value": reason.value,
        "threshold": reason.threshold,
        "evidence": reason.evidence,
    }


def evidence_entry(state: State) -> Result:
    """Return the e-values of a state, in numbers that JSON can hold."""
    found = state.evidence
    return {
        "relative": _number(found.relative),
        "absolute": _number(found.absolute),
        "stable": _number(found.stable),
        "split": _number(found.split),
        "by_metric": {name: _number(value) for name, value in found.relative_by.items()},
    }


def impact_entry(state: State) -> Result:
    """Return what the new revision has cost its users up to a state: numbers of requests and of orders."""
    requests, slow, orders = (
        state.costs.get(metric.value, Cost())
        for metric in (Metric.ERROR_RATE, Metric.RESPONSE_TIME, Metric.ORDER_SUCCESS)
    )
    return {
        "requests": requests.served,
        "failed": requests.failed,
        "excess_failures": round(requests.harmed, 1),
        "slow": slow.failed,
        "excess_slow": round(slow.harmed, 1),
        "orders": orders.served,
        "failed_orders": orders.failed,
        "excess_failed_orders": round(orders.harmed, 1),
    }


def _number(log_e: float) -> float:
    return round(math.exp(min(log_e, 690.0)), 6)
