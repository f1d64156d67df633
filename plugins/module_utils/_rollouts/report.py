# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The status of workloads, for people and as data. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import asdict

from .._types import Obj
from .analysis import describe
from .model import Measurement, Run, View
from .progress import versions
from .view import revision_of


def details(view: View) -> Obj:
    """Return what `rollout_info` tells beside the fields that every verb returns."""
    traffic = view.traffic
    return {
        "serving": {"hash": traffic.main, "ready": traffic.ready, "canary_weight": traffic.weight}
        if traffic.known
        else None,
        "revisions": [
            {
                "hash": name,
                "revision": revision_of(item),
                "replica_set": item["metadata"]["name"],
                "desired": int((item.get("spec") or {}).get("replicas") or 0),
                "ready": int((item.get("status") or {}).get("readyReplicas") or 0),
                "images": [
                    str(container.get("image"))
                    for container in item["spec"]["template"]["spec"].get("containers") or []
                ],
            }
            for name, item in _newest_first(view)
        ],
        "analysis_runs": [_run(run) for run in view.runs],
    }


def table(views: dict[str, View]) -> list[str]:
    """Return a table of workloads as lines: name, strategy, phase, version, weight, pods."""
    rows = [("SERVICE", "STRATEGY", "PHASE", "REVISION", "VERSION", "PODS", "STEP", "WEIGHT")]
    for name, view in views.items():
        rows.append(
            (
                name,
                view.strategy,
                view.phase.name,
                str(view.revision),
                versions(view),
                f"{view.replicas.updated}/{view.replicas.desired}",
                f"{view.step.index}/{view.step.total}" if view.step else "-",
                f"{view.weight.actual} %" if view.weight and view.in_flight else "-",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def tree(views: dict[str, View]) -> list[str]:
    """Return workloads with their revisions and analysis runs as lines of a tree."""
    lines: list[str] = []
    for view in views.values():
        lines += _branch(view)
    return lines or ["There is no rollout and no deployment."]


def _branch(view: View) -> list[str]:
    message = f" ({view.phase.message})" if view.phase.message else ""
    place = f", step {view.step.index}/{view.step.total}" if view.step and view.in_flight else ""
    weight = f", weight {view.weight.actual} %" if view.weight and view.in_flight else ""
    lines = [f"{view.name}  {view.strategy}  {view.phase.name}{message}{place}{weight}"]
    roles = {view.stable_hash: ["stable"]}
    roles.setdefault(view.current_hash, []).append("current" if view.in_flight else "")
    if view.traffic.known and view.traffic.main:
        roles.setdefault(view.traffic.main, []).append("serving")
    for name, item in _newest_first(view):
        desired = int((item.get("spec") or {}).get("replicas") or 0)
        if not desired and name not in roles:
            continue
        marks = ", ".join(mark for mark in roles.get(name, []) if mark)
        ready = int((item.get("status") or {}).get("readyReplicas") or 0)
        images = ", ".join(
            str(container.get("image")) for container in item["spec"]["template"]["spec"].get("containers") or []
        )
        lines.append(
            f"  revision {revision_of(item)}  {name}  {images}  {ready}/{desired} ready{'  ' + marks if marks else ''}"
        )
        for run in view.runs:
            if run.hash == name:
                lines.append(f"    analysis {run.name}  {run.phase}")
                lines += [f"      {describe(last)}: {last.phase}" for last in _latest(run)]
    return lines


def _latest(run: Run) -> list[Measurement]:
    """Return the last measurement of each metric."""
    return list({item.metric: item for item in run.measurements}.values())


def _run(run: Run) -> Obj:
    return {
        "name": run.name,
        "kind": run.kind,
        "hash": run.hash,
        "phase": run.phase,
        "message": run.message,
        "measurements": [
            {key: value for key, value in asdict(item).items() if key != "key"} for item in run.measurements
        ],
    }


def _newest_first(view: View) -> list[tuple[str, Obj]]:
    return sorted(view.hashes.items(), key=lambda pair: revision_of(pair[1]), reverse=True)
