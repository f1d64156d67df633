# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What an analysis run has come to. Pure functions. Private to this collection."""

from __future__ import annotations

from .._types import Obj
from .arguments import put_in
from .limits import lacks
from .run import run_of, why_bad

PENDING, RUNNING = "Pending", "Running"
VERDICTS = ("Successful", "Failed", "Error", "Inconclusive")
# Ours: Argo calls it Successful or Inconclusive, although nothing was decided.
TERMINATED = "Terminated"
PHASES = (PENDING, RUNNING, *VERDICTS, TERMINATED)

STANDALONE, EXPERIMENT = "Standalone", "Experiment"
KINDS = ("Step", "Background", "PrePromotion", "PostPromotion", EXPERIMENT, STANDALONE)


def phase_of(item: Obj) -> str:
    """Return the phase of a run, never that of a terminated one for a verdict."""
    phase = str((item.get("status") or {}).get("phase") or PENDING)
    if phase in ("Successful", "Inconclusive") and (item.get("spec") or {}).get("terminate") and _cut_short(item):
        return TERMINATED
    return phase


def over(item: Obj) -> bool:
    """Return whether a run measures no more."""
    return phase_of(item) not in (PENDING, RUNNING)


def kind_of(item: Obj) -> str:
    """Return what a run was made for: one of KINDS."""
    found = (item["metadata"].get("labels") or {}).get("rollout-type")
    if found:
        return str(found)
    return EXPERIMENT if owner_of(item).get("kind") == "Experiment" else STANDALONE


def owner_of(item: Obj) -> Obj:
    """Return the reference to the object that controls a run, empty when it is a run of its own."""
    for owner in item["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return dict(owner)
    return {}


def rollout_of(item: Obj) -> str:
    """Return the Rollout that a run belongs to, empty when it belongs to none."""
    owner = owner_of(item)
    return str(owner.get("name")) if owner.get("kind") == "Rollout" else ""


def metrics_of(item: Obj) -> list[tuple[Obj, Obj | None]]:
    """Return each metric of a run, its arguments put in, with its result (None: there is none yet)."""
    spec = item.get("spec") or {}
    results = {result.get("name"): result for result in (item.get("status") or {}).get("metricResults") or []}
    metrics = [put_in(metric, spec.get("args") or []) for metric in spec.get("metrics") or []]
    return [(metric, results.get(metric.get("name"))) for metric in metrics]


def lacking(item: Obj) -> list[str]:
    """Return what each metric that is not done still lacks."""
    return [
        f"metric {metric.get('name')} {lacks(metric, result)}"
        for metric, result in metrics_of(item)
        if not result or result.get("phase") in (None, "", PENDING, RUNNING)
    ]


def why(item: Obj) -> str:
    """Return why a run did not succeed, in words: metric, measured value and threshold."""
    run = run_of(item)
    text = why_bad(run)
    if run.message or not text.endswith(f" is {run.phase}"):
        return text
    # Too few successes in succession: no single measurement was bad, and the controller gives no reason.
    bad = [
        f"metric {metric.get('name')} {lacks(metric, result)}"
        for metric, result in metrics_of(item)
        if metric.get("name") in run.bad_metrics
    ]
    return f"{text}: {'; '.join(bad)}" if bad else text


def _cut_short(item: Obj) -> bool:
    status = item.get("status") or {}
    if status.get("message") == "Run Terminated":
        return True
    measurements = [
        entry
        for result in status.get("metricResults") or []
        if not result.get("dryRun")
        for entry in result.get("measurements") or []
    ]
    return any(entry.get("message") == "Metric Terminated" for entry in measurements)
