# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""An analysis run as lines: each metric, how often it passed, what was measured. Pure functions. Private to this collection."""

from __future__ import annotations

from ..._analysis_runs.run import Measurement, Metric, Run
from .look import WARN, Node, Pen, mark_of

# So many measurements of a metric are shown.
_LAST = 3
_KINDS = {
    "Step": "in a step",
    "Background": "in the background",
    "PrePromotion": "before promotion",
    "PostPromotion": "after promotion",
    "Experiment": "of an experiment",
}
# What the controller calls Successful although nobody waited for its verdict.
_TERMINATED = "Run Terminated"


def run_node(pen: Pen, run: Run, *, brief: bool = False) -> Node:
    """Return an analysis run with its metrics; `brief` leaves those of a successful one out."""
    terminated = run.phase == "Successful" and run.message == _TERMINATED
    mark = WARN if terminated else mark_of(run.phase)
    kind = f" {_KINDS[run.kind]}" if run.kind in _KINDS else ""
    phase = pen.paint("terminated without a verdict" if terminated else run.phase, mark)
    node = Node(f"{pen.mark(mark)} analysis{kind}  {run.name}  {phase}")
    if run.message and not terminated:
        node.facts.append(pen.text(" ".join(run.message.split())))
    if not brief or mark_of(run.phase) != mark_of("Successful"):
        node.children += [_metric(pen, run, metric) for metric in run.metrics]
    return node


def _metric(pen: Pen, run: Run, metric: Metric) -> Node:
    counts = [("successful", metric.successful), ("failed", metric.failed)]
    counts += [("inconclusive", metric.inconclusive), ("not measured", metric.error)]
    told = ", ".join(f"{count} {name}" for name, count in counts if count or name == "successful")
    needs = f"needs {metric.condition}" if metric.condition else "has no success condition"
    dry = " (dry run)" if metric.dry_run else ""
    line = f"{pen.mark(mark_of(metric.phase))} {pen.text(metric.name)}{dry}  {told}; {pen.text(needs)}"
    last = [item for item in run.measurements if item.metric == metric.name][-_LAST:]
    return Node(line, [f"last: {', '.join(_measurement(pen, item) for item in last)}"] if last else [])


def _measurement(pen: Pen, item: Measurement) -> str:
    if item.phase == "Error":
        return pen.paint(pen.text(f"could not be measured ({item.message})"), mark_of(item.phase))
    return pen.paint(pen.text(item.value or "no data"), mark_of(item.phase))
