# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines of live progress of an analysis run, one for each measurement. Pure functions. Private to this collection."""

from __future__ import annotations

from .._types import Obj
from .limits import limits_of
from .run import Measurement, describe, run_of
from .state import lacking, metrics_of

_MARKS = {"Successful": "ok", "Failed": "FAILED", "Inconclusive": "no verdict"}


def news(told: dict[str, int], item: Obj) -> tuple[list[str], dict[str, int]]:
    """Return a line for each measurement that was not told yet, and how many of each metric were told now.

    Args:
        told: metric -> number of its measurements that were told.
        item: the AnalysisRun.
    """
    lines: list[str] = []
    now = dict(told)
    measured: dict[str, list[Measurement]] = {}
    for measurement in run_of(item).measurements:
        measured.setdefault(measurement.metric, []).append(measurement)
    for metric, result in metrics_of(item):
        name = str(metric.get("name"))
        if result is None:
            continue
        # The controller keeps the last ten only: they are the last of all that were taken.
        total = int(result.get("count") or 0) + int(result.get("error") or 0)
        fresh = min(total - told.get(name, 0), len(measured.get(name, [])))
        if fresh > 0:
            lines += _told(metric, result, measured[name][-fresh:])
        now[name] = max(total, told.get(name, 0))
    return lines, now


def last_measured(item: Obj) -> str:
    """Return the last measurement of each metric in words."""
    latest = {measurement.metric: measurement for measurement in run_of(item).measurements}
    return "; ".join(describe(measurement) for measurement in latest.values())


def heartbeat(item: Obj) -> str:
    """Return what is awaited, for when nothing changed for a while."""
    if not item.get("status"):
        return "the controller has not taken it up yet"
    return "; ".join(lacking(item)) or "all metrics are done"


def _told(metric: Obj, result: Obj, measurements: list[Measurement]) -> list[str]:
    """Return the lines of a metric's last measurements."""
    count = limits_of(metric).count
    number = int(result.get("count") or 0)
    lines = []
    for measurement in reversed(measurements):
        lines.append(f"analysis {_verdict(measurement, bool(result.get('dryRun')), number, count)}")
        number -= measurement.phase != "Error"
    return lines[::-1]


def _verdict(measurement: Measurement, dry_run: bool, number: int, count: int | None) -> str:
    dry = " (dry run)" if dry_run else ""
    if measurement.phase == "Error":
        return f"{describe(measurement)}{dry}"
    of = f" ({number} of {count})" if count and count > 1 else ""
    return f"{describe(measurement)}: {_MARKS.get(measurement.phase, measurement.phase)}{of}{dry}"
