# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Lines of live progress: one for each transition. Pure functions. Private to this collection."""

from __future__ import annotations

from .._analysis_runs.run import Measurement, describe
from .._types import Obj
from .model import CANARY, View


def transitions(before: View | None, now: View) -> list[str]:
    """Return what happened to a workload between two views, in words; one line each."""
    lines: list[str] = []
    if before is None and now.phase.settled and now.phase.name == "Healthy" and not now.in_flight:
        return [f"Healthy with revision {now.revision} ({versions(now)})"]
    is_new = before is None or _release_of(before) != _release_of(now)
    if is_new and now.current_hash:
        lines.append(f"revision {now.revision} ({versions(now)}), {now.strategy}")
    lines += _measurements(before, now)
    # While the abort is only asked for, the controller has not yet said why.
    if now.aborted and now.phase.settled and not (before and before.aborted and before.phase.settled):
        lines.append(f"aborted: {now.phase.message or 'the controller goes back to stable'}")
    moved = _where(now)
    if moved and (before is None or moved != _where(before)) and not now.aborted:
        lines.append(moved)
    if before and before.traffic.main != now.traffic.main and before.traffic.main and now.traffic.main:
        lines.append(f"production traffic switched from {before.traffic.main} to {now.traffic.main}")
    # An abort was told with its reason above.
    news = now.phase.settled and not now.aborted and now.phase.name != "Progressing"
    if news and (before is None or before.phase != now.phase):
        lines.append(f"{now.phase.name}{f': {now.phase.message}' if now.phase.message else ''}")
    return lines


def heartbeat(view: View) -> str:
    """Return where a workload stands, for when nothing changed for a while."""
    parts = [f"{view.phase.name}{f' ({view.phase.message})' if view.phase.message else ''}"]
    if _where(view):
        parts.append(_where(view))
    parts.append(f"{view.replicas.available} of {view.replicas.desired} pods available")
    return ", ".join(parts)


def versions(view: View) -> str:
    """Return the tags (or digests) of the images of the current pod template, e.g. ``v2.8.0``."""
    return tags_of(view.template_owner)


def tags_of(owner: Obj | None) -> str:
    """Return the tags (or digests) of the images in the pod template of an object, empty when it is not there."""
    spec = (((owner or {}).get("spec") or {}).get("template") or {}).get("spec") or {}
    images = [str(container.get("image", "")) for container in spec.get("containers") or []]
    tags = [image.rsplit("/", 1)[-1].partition(":")[2] or image for image in images]
    return ", ".join(dict.fromkeys(tags))


def describe_step(step: Obj) -> str:
    """Return one canary step in words, e.g. ``set weight 10``."""
    if "setWeight" in step:
        return f"set weight {step['setWeight']}"
    if "pause" in step:
        duration = (step["pause"] or {}).get("duration")
        return f"pause {duration}{'s' if isinstance(duration, int) else ''}" if duration else "pause until promoted"
    if "analysis" in step:
        names = [str(entry.get("templateName")) for entry in step["analysis"].get("templates") or []]
        return f"analysis {', '.join(names)}"
    if "experiment" in step:
        return f"experiment with {_names((step['experiment'] or {}).get('templates'))}"
    if "setCanaryScale" in step:
        return f"scale the canary to {_scale(step['setCanaryScale'] or {})}"
    for kind, words in (("setHeaderRoute", "route by header"), ("setMirrorRoute", "mirror"), ("plugin", "plugin")):
        if kind in step:
            return f"{words} {(step[kind] or {}).get('name') or ''}".rstrip()
    return next(iter(step), "empty step")


def _names(items: list[Obj] | None) -> str:
    return ", ".join(str(item.get("name")) for item in items or [])


def _scale(scale: Obj) -> str:
    if scale.get("replicas") is not None:
        return f"{scale['replicas']} pods"
    return f"{scale['weight']} %" if scale.get("weight") is not None else "the traffic weight"


def _release_of(view: View) -> str | int:
    """Return what is another one with each release, and changes last: the number of a Rollout comes before its hash."""
    return view.current_hash if view.kind == "Rollout" else view.revision


def _where(view: View) -> str:
    pods = f"{view.replicas.updated} of {view.replicas.desired} pods new"
    if view.strategy == CANARY and view.step and view.weight:
        if view.step.index >= view.step.total:
            return "" if not view.in_flight else f"all {view.step.total} steps done, {pods}"
        step = view.raw["spec"]["strategy"]["canary"]["steps"][view.step.index]
        return (
            f"step {view.step.index + 1}/{view.step.total} {describe_step(step)}, weight {view.weight.actual} %, {pods}"
        )
    if view.kind == "Deployment" and view.phase.name == "Healthy":
        return ""
    return pods if view.in_flight or view.kind == "Deployment" else ""


def _measurements(before: View | None, now: View) -> list[str]:
    known = {item.key for run in (before.runs if before else ()) for item in run.measurements}
    # At the first look, only what still goes on is news.
    runs = [run for run in now.runs if before is not None or run.phase in ("Running", "Pending")]
    fresh = [(run.kind, item) for run in runs for item in run.measurements if item.key not in known]
    return [f"analysis {_kind(kind)}{_verdict(item)}" for kind, item in fresh]


def _kind(kind: str) -> str:
    names = {"PrePromotion": "before promotion: ", "PostPromotion": "after promotion: ", "Background": "background: "}
    return names.get(kind, "")


def _verdict(item: Measurement) -> str:
    mark = {"Successful": "ok", "Failed": "FAILED", "Inconclusive": "no verdict", "Error": "ERROR"}
    return f"{describe(item)}: {mark.get(item.phase, item.phase)}" if item.phase != "Error" else describe(item)
