# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Workloads as lines of a table. Pure functions. Private to this collection."""

from __future__ import annotations

from collections import Counter

from ..model import View
from ..progress import versions
from .look import columns

_HEAD = ("SERVICE", "STRATEGY", "PHASE", "REVISION", "VERSION", "PODS", "STEP", "WEIGHT")


def table(views: dict[str, View]) -> list[str]:
    """Return a table of workloads as lines: name, strategy, phase, version, weight, pods."""
    return columns([_HEAD, *(_row(name, view) for name, view in views.items())])


def summary(views: dict[str, View], namespace: str) -> str:
    """Return how many workloads there are and in which phases, e.g. ``2 rollouts and deployments ..., 1 Paused``."""
    phases = Counter(view.phase.name for view in views.values())
    counts = "".join(f", {count} {phase}" for phase, count in phases.most_common())
    what = "rollout or deployment" if len(views) == 1 else "rollouts and deployments"
    return f"{len(views)} {what} in namespace {namespace}{counts}"


def _row(name: str, view: View) -> tuple[str, ...]:
    return (
        name,
        view.strategy,
        view.phase.name,
        str(view.revision),
        versions(view),
        f"{view.replicas.updated}/{view.replicas.desired}",
        f"{view.step.index}/{view.step.total}" if view.step else "-",
        f"{view.weight.actual} %" if view.weight and view.in_flight else "-",
    )
