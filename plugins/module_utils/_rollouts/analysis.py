# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Analysis runs: what was measured, against what, and why a run failed. Pure functions. Private to this collection."""

from __future__ import annotations

import re

from .._types import Obj
from .model import Measurement, Run

BAD = ("Failed", "Error", "Inconclusive")


def run_of(item: Obj) -> Run:
    """Return an AnalysisRun object as a run with all measurements it still holds, oldest first."""
    labels = item["metadata"].get("labels") or {}
    status = item.get("status") or {}
    name = item["metadata"]["name"]
    specs = {metric.get("name"): metric for metric in (item.get("spec") or {}).get("metrics") or []}
    measurements = [
        _measurement(name, result, entry, specs.get(result.get("name"), {}))
        for result in status.get("metricResults") or []
        for entry in result.get("measurements") or []
        if entry.get("finishedAt")
    ]
    return Run(
        name=name,
        phase=str(status.get("phase") or "Pending"),
        kind=str(labels.get("rollout-type") or ""),
        hash=str(labels.get("rollouts-pod-template-hash") or ""),
        message=str(status.get("message") or ""),
        measurements=tuple(measurements),
        bad_metrics=tuple(
            str(result.get("name"))
            for result in status.get("metricResults") or []
            if result.get("phase") in BAD and not result.get("dryRun")
        ),
    )


def why_bad(run: Run) -> str:
    """Return why a run did not succeed: each metric with its last bad value and its condition; empty when it did."""
    if run.phase not in BAD:
        return ""
    worst = {}
    for measurement in run.measurements:
        if measurement.phase in BAD and measurement.metric in run.bad_metrics:
            worst[measurement.metric] = measurement
    if not worst:
        return f"analysis run {run.name} is {run.phase}: {run.message}".rstrip(": ")
    return f"analysis run {run.name} is {run.phase}: " + "; ".join(describe(item) for item in worst.values())


def describe(measurement: Measurement) -> str:
    """Return one measurement as a sentence: metric, value and threshold."""
    if measurement.phase == "Error":
        return f"metric {measurement.metric} could not be measured: {measurement.message}"
    value = measurement.value or "no data"
    return f"metric {measurement.metric} measured {value}, {_needs(measurement.condition)}"


def _needs(text: str) -> str:
    return f"needs {text}" if text else "has no success condition"


def _measurement(run: str, result: Obj, entry: Obj, spec: Obj) -> Measurement:
    return Measurement(
        key=f"{run}/{result.get('name')}/{entry.get('startedAt')}",
        metric=str(result.get("name") or ""),
        phase=str(entry.get("phase") or ""),
        value=shown_value(str(entry.get("value") or "")),
        condition=threshold(spec),
        message=" ".join(str(entry.get("message") or "").split()),
    )


def shown_value(value: str) -> str:
    """Return a measured value without the brackets of a vector and with at most six significant digits."""
    text = value.strip().removeprefix("[").removesuffix("]")
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text


def threshold(spec: Obj) -> str:
    """Return a metric's success condition without the guards against empty vectors and NaN, e.g. ``< 0.02``."""
    text = str(spec.get("successCondition") or "")
    parts = [part.strip() for part in text.split("&&")]
    kept = [part for part in parts if not re.search(r"len\(result\)|isNaN|isNil|isInf", part)]
    return re.sub(r"^result(\[0\])?\s*", "", kept[0]) if len(kept) == 1 else text
