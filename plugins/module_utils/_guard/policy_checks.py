# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a policy's keys must be to each other. Private to this collection."""

from __future__ import annotations

from .._catalog.problems import Place
from .._catalog.values import seconds
from .._types import Obj
from .._words import Metric

_BY_TIME = (Metric.RESPONSE_TIME.value, Metric.POSITION_LATENCY.value)


def check(values: Obj, place: Place) -> None:
    """Note every value that does not go together with another one."""
    _check_times(values, place)
    _check_evidence(values, place)
    metrics = place.key("metrics")
    for name, given in values["metrics"].items():
        if given["enabled"] and name != Metric.REQUEST_RATE.value:
            _check_metric(name, given, metrics.key(name))
    _check_weights(values["metrics"], metrics)
    _check_certify(values, place)
    for position, rule in enumerate(values["burn_rate"]["windows"]):
        here = place.key("burn_rate").key("windows").index(position)
        if seconds(rule["short"]) >= seconds(rule["long"]):
            here.key("short").problem(f"{rule['short']} is not shorter than long, {rule['long']}")
        if seconds(rule["short"]) < seconds(values["window"]):
            here.key("short").problem(f"{rule['short']} is shorter than window, {values['window']}")


def _check_times(values: Obj, place: Place) -> None:
    if seconds(values["window"]) < 2:
        place.key("window").problem(f"{values['window']} is too short to hold two scrapes; give 2s or more")
    if seconds(values["staleness"]) < seconds(values["window"]):
        place.key("staleness").problem(
            f"{values['staleness']} is shorter than window, {values['window']}: one missed scrape would lose counts"
        )


def _check_evidence(values: Obj, place: Place) -> None:
    evidence, here = values["evidence"], place.key("evidence")
    if evidence["rollback"] >= evidence["hold"]:
        here.key("rollback").problem(
            f"{evidence['rollback']:g} is not below hold, {evidence['hold']:g}: a release is held before it is rolled back"
        )
    if evidence["resume_below"] >= 1 / evidence["hold"]:
        here.key("resume_below").problem(
            f"{evidence['resume_below']:g} is not below the evidence that holds, {1 / evidence['hold']:g}"
        )
    if not evidence["effects"]:
        here.key("effects").problem("is empty; give at least one odds ratio above 1")
    if len(evidence["effects"]) > 20:
        here.key("effects").problem(f"has {len(evidence['effects'])} entries; give at most 20")


def _check_metric(name: str, given: Obj, here: Place) -> None:
    warning, critical = given["warning"], given["critical"]
    if warning and critical:
        if name == Metric.ORDER_SUCCESS.value and warning <= critical:
            here.key("warning").problem(f"{warning:g} is not above critical, {critical:g}: it would come too late")
        if name != Metric.ORDER_SUCCESS.value and warning >= critical:
            here.key("warning").problem(f"{warning:g} is not below critical, {critical:g}: it would come too late")
    if name in _BY_TIME and given["weight"] > 0 and not given["bounds"]:
        here.key("bounds").problem("is empty; give seconds to compare revisions at, or weight 0")
    if name in _BY_TIME and len(given["bounds"]) > 8:
        here.key("bounds").problem(f"has {len(given['bounds'])} entries; give at most 8")


def _check_weights(metrics: Obj, here: Place) -> None:
    if not any(given["enabled"] and given.get("weight", 0) > 0 for given in metrics.values()):
        here.problem("no metric is enabled with a weight above 0, so nothing would be compared")


def _check_certify(values: Obj, place: Place) -> None:
    here = place.key("certify").key("metrics")
    for position, name in enumerate(values["certify"]["metrics"]):
        if name in (Metric.REQUEST_RATE.value, Metric.RISK_FAILURES.value):
            here.index(position).problem(f"{name} has no trials, so it cannot be certified; take it out")
