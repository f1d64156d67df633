# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Analysis runs: what was measured, against what, and why a run failed. Pure functions. Private to this collection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._types import Obj
from .arguments import put_in

BAD = ("Failed", "Error", "Inconclusive")


@dataclass(frozen=True)
class Measurement:
    """One measurement of a metric: ``key`` tells it from every other one."""

    key: str
    metric: str
    phase: str
    value: str
    condition: str
    message: str = ""


@dataclass(frozen=True)
class Metric:
    """What became of one metric of an analysis run: how often it was measured, with which result.

    ``phase`` is that of the metric as a whole: one failure within its limits does not make it Failed.
    """

    name: str
    phase: str
    condition: str
    successful: int = 0
    failed: int = 0
    inconclusive: int = 0
    error: int = 0
    dry_run: bool = False


@dataclass(frozen=True)
class Run:
    """An analysis run of a workload.

    ``bad_metrics`` are those whose result is bad as a whole: one within its limits, or a dry run, is none.
    """

    name: str
    phase: str
    kind: str
    hash: str
    message: str
    measurements: tuple[Measurement, ...] = ()
    bad_metrics: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()


def run_of(item: Obj) -> Run:
    """Return an AnalysisRun object as a run with all measurements it still holds, oldest first.

    Conditions and names of metrics have the run's arguments put in, as the controller saw them.
    """
    labels = item["metadata"].get("labels") or {}
    status = item.get("status") or {}
    name = item["metadata"]["name"]
    spec = item.get("spec") or {}
    metrics = [put_in(metric, spec.get("args") or []) for metric in spec.get("metrics") or []]
    specs = {metric.get("name"): metric for metric in metrics}
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
        metrics=tuple(
            _metric(result, specs.get(result.get("name"), {})) for result in status.get("metricResults") or []
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


def _metric(result: Obj, spec: Obj) -> Metric:
    return Metric(
        name=str(result.get("name") or ""),
        phase=str(result.get("phase") or ""),
        condition=threshold(spec),
        successful=int(result.get("successful") or 0),
        failed=int(result.get("failed") or 0),
        inconclusive=int(result.get("inconclusive") or 0),
        error=int(result.get("error") or 0),
        dry_run=bool(result.get("dryRun")),
    )


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
    """Return what a measurement has to be, without the guards against empty vectors and NaN, e.g. ``< 0.02``.

    Of a metric with a failure condition alone it is the opposite of that, e.g. ``not >= 0.02``.
    """
    if spec.get("successCondition") or not spec.get("failureCondition"):
        return _shortened(str(spec.get("successCondition") or ""))
    return f"not {_shortened(str(spec['failureCondition']))}"


def _shortened(text: str) -> str:
    parts = [part.strip() for part in text.split("&&")]
    kept = [part for part in parts if not re.search(r"len\(result\)|isNaN|isNil|isInf", part)]
    return re.sub(r"^result(\[0\])?\s*", "", kept[0]) if len(kept) == 1 else text
