# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Querying Prometheus, as an operation of the collection. Private to this collection."""

from __future__ import annotations

import time
from typing import Any

from .. import _argspec
from .._errors import DeliveryError
from .._operation import Call, Operation, Result
from .access import Access
from .client import Prometheus, Window
from .judging import NAN, NO_DATA, Judged, Rules, judge
from .model import Answer, Ask
from .report import message, to_ansible
from .times import duration, moment
from .waiting import Patience, ask_until_good


def _query(call: Call) -> Result:
    given = call.params
    rules = Rules.from_params(given)
    patience = _patience(given)
    with Prometheus(Access.from_params(given), warn=call.warn) as prometheus:
        judged = ask_until_good(
            lambda within: judge(_ask(prometheus, given, within if patience.timeout else None), rules),
            patience,
            call.say,
        )
        ask = Ask(prometheus.address, given["query"])
    answer = judged.answer
    for warning in answer.warnings:
        call.warn(f"{ask.where}: {warning}")
    result: Result = {"changed": False, **to_ansible(answer)}
    if judged.lacks:
        raise _over(judged, patience).error(ask, result)
    return {**result, "msg": message(answer, rules.condition)}


def _ask(prometheus: Prometheus, given: dict[str, Any], within: float | None) -> Answer:
    # Every time anew: what is relative moves on while we wait.
    now = time.time()
    if given["start"] is None:
        at = None if given["time"] is None else moment("time", given["time"], now)
        return prometheus.query(given["query"], at, within=within)
    window = Window(
        start=moment("start", given["start"], now),
        end=moment("end", given["end"] or "now", now),
        step=duration("step", given["step"]),
    )
    return prometheus.query_range(given["query"], window, within=within)


def _patience(given: dict[str, Any]) -> Patience:
    if given["timeout"] < 0 or given["interval"] <= 0:
        raise DeliveryError("timeout must be 0 or more, and interval above 0", reason="BadOption")
    return Patience(given["timeout"], given["interval"])


def _over(judged: Judged, patience: Patience) -> Judged:
    """Return the answer with the time it was waited for."""
    if not patience.timeout:
        return judged
    return Judged(judged.answer, f"{judged.lacks}, after {patience.timeout:g} s", judged.reason, judged.hint)


QUERY = Operation(
    _query,
    {
        **_argspec.prometheus(),
        **_argspec.group_defaults(),
        "query": {"type": "str", "required": True},
        "time": {"type": "str"},
        "start": {"type": "str"},
        "end": {"type": "str"},
        "step": {"type": "str"},
        "no_data": {"type": "str", "choices": list(NO_DATA), "default": "fail"},
        "nan": {"type": "str", "choices": list(NAN), "default": "fail"},
        "condition": {"type": "str"},
        **_argspec.waiting(0),
        "interval": {"type": "float", "default": 5.0},
    },
    mutually_exclusive=[("time", "start"), ("condition", "start")],
    required_together=[("start", "step")],
    required_by={"end": "start"},
    private=("prometheus_url", "prometheus_headers"),
)
