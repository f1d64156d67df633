# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the head of a workload's tree says: step, weight, images, pods, traffic. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from ..._types import Obj
from ..model import View
from ..progress import describe_step
from .look import OFF, WARN, Pen
from .moments import elapsed, seconds_of, short

_LABEL = 9


def facts_of(pen: Pen, view: View, now: datetime) -> list[str]:
    """Return the lines that stand below a workload's name."""
    lines: list[str] = []
    for label, texts in (
        ("message", [view.phase.message] if view.phase.message else []),
        ("step", _step(view, now)),
        ("weight", _weight(view)),
        ("images", _images(view)),
        ("pods", [", ".join(f"{count} {name}" for name, count in asdict(view.replicas).items())]),
        ("traffic", _traffic(view)),
        ("release", [view.release] if view.release else []),
    ):
        for index, text in enumerate(texts):
            lines.append(pen.paint((label if not index else "").ljust(_LABEL), OFF) + pen.text(text))
    problem = _nobody_serves(view)
    if problem:
        lines.append(f"{pen.mark(WARN)} {pen.paint(problem, WARN)}")
    return lines


def _step(view: View, now: datetime) -> list[str]:
    # An abort sets the index back to 0, where the canary never was again.
    if view.step is None or not view.in_flight or view.aborted:
        return []
    index, total = view.step.index, view.step.total
    if index >= total:
        return [f"all {total} done"]
    step = view.raw["spec"]["strategy"]["canary"]["steps"][index]
    return [f"{index + 1}/{total} {describe_step(step)}{_left(view, step, now)}"]


def _left(view: View, step: Obj, now: datetime) -> str:
    """Return how long a pause with a duration goes on."""
    pause = step.get("pause")
    seconds = seconds_of(pause.get("duration")) if isinstance(pause, dict) else None
    for condition in (view.raw.get("status") or {}).get("pauseConditions") or []:
        passed = elapsed(str(condition.get("startTime") or ""), now)
        if condition.get("reason") == "CanaryPauseStep" and seconds is not None and passed is not None:
            return f", {short(max(seconds - passed, 0.0))} left"
    return ""


def _weight(view: View) -> list[str]:
    if view.weight is None or not view.in_flight:
        return []
    return [f"{view.weight.set} % set, {view.weight.actual} % actual"]


def _images(view: View) -> list[str]:
    several = len({image.name for image in view.images}) > 1
    lines = []
    for image in view.images:
        named = f"{image.name} {image.image}" if several else image.image
        lines.append(f"{named} ({', '.join(image.tags)})" if image.tags else named)
    return lines


def _traffic(view: View) -> list[str]:
    """Return where production traffic goes, as Service selectors, router and ready endpoints say."""
    traffic = view.traffic
    if not traffic.known:
        return []
    endpoints = {name: f"{count} ready endpoint{'s' if count != 1 else ''}" for name, count in traffic.ready.items()}
    if not traffic.main:
        parts = [f"{_named(view, name)}: {text}" for name, text in endpoints.items()]
        return [f"all pods, by label: {'; '.join(parts)}" if parts else "all pods, by label"]
    weight = traffic.weight or 0
    main = f"{_named(view, traffic.main)}, {endpoints.get(traffic.main, 'no ready endpoint')}"
    if not weight or not view.in_flight:
        return [f"100 % to {main}"]
    return [f"{100 - weight} % to {main}", f"{weight} % to {_named(view, view.current_hash)}"]


def _named(view: View, name: str) -> str:
    roles = view.roles.get(name)
    return f"{name} ({', '.join(roles)})" if roles else name


def _nobody_serves(view: View) -> str:
    nobody = view.traffic.known and view.traffic.main and not view.traffic.ready.get(view.traffic.main)
    return "nobody serves production traffic" if nobody and view.replicas.desired else ""
