# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers as results of tasks. Pure functions. Private: other collections must not import it.

NaN and the infinities do not exist in JSON, and what makes JSON of them anyway (Ansible among others) writes what other
programs cannot read. So a value is a finite number or null, and ``state`` says which of them it was.
"""

from __future__ import annotations

import math
from typing import Any

from .judging import Condition, number, only, state_of
from .model import Answer, Kind, Point, Sample, Series

Data = dict[str, Any]


def to_ansible(answer: Answer) -> Data:
    """Return an answer as entries of a task's result."""
    sample = only(answer)
    result: Data = {
        "result_type": answer.kind.value,
        "value": plain_value(sample.value) if sample else None,
        "no_data": answer.empty,
        "query_warnings": list(answer.warnings),
        "query_infos": list(answer.infos),
    }
    if answer.kind is Kind.MATRIX:
        return {**result, "series": [_series(one) for one in answer.series]}
    if answer.kind is Kind.STRING:
        result["text"] = answer.text
    return {**result, "samples": samples(answer)}


def samples(answer: Answer) -> list[Data]:
    """Return the samples of an answer."""
    return [{"labels": dict(sample.labels), **_point(sample)} for sample in answer.samples]


def plain_value(value: float) -> float | None:
    """Return a finite value; None for others."""
    return value if math.isfinite(value) else None


def _series(series: Series) -> Data:
    return {"labels": dict(series.labels), "points": [_point(point) for point in series.points]}


def _point(point: Point | Sample) -> Data:
    return {"timestamp": point.timestamp, "value": plain_value(point.value), "state": state_of(point.value)}


def message(answer: Answer, condition: Condition | None) -> str:
    """Return an answer in a sentence."""
    met = f", which is {condition}" if condition else ""
    if answer.empty:
        return "There is no data."
    if answer.kind is Kind.STRING:
        return f"The text is {answer.text}."
    if answer.kind is Kind.MATRIX:
        points = sum(len(one.points) for one in answer.series)
        return f"Number of series: {len(answer.series)}, of points in them: {points}."
    sample = only(answer)
    if sample:
        return f"The value is {number(sample.value)}{met}."
    values = [sample.value for sample in answer.samples if not math.isnan(sample.value)]
    span = f" from {number(min(values))} to {number(max(values))}" if values else ""
    met = f", all of them {condition}" if condition else ""
    return f"There are {len(answer.samples)} values{span}{met}."
