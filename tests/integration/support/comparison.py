# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the plugin and `rollout_info` tell of the same Rollouts at the same moment, compared field by field."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.integration.support.beside import Differences, State
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.plays import Ansible, task
from tests.integration.support.plugin import Plugin, Shown

# The plugin's answer changes only with one of these.
_LOOKED_AT = ("Rollout", "ReplicaSet", "Pod", "AnalysisRun", "Experiment", "Deployment")
_STRATEGIES = {"canary": "Canary", "blue_green": "BlueGreen"}
# What a metric counts, and the plugin's mark for it.
_COUNTED = {"successful": "✔", "failed": "✖", "inconclusive": "?", "error": "⚠"}
_AT_ONCE = 4
_TRIES = 5
_LOOKS, _LOOK_SECONDS = 20, 0.5


def differences(space: Space, states: Sequence[State], plugin: Plugin, ansible: Ansible) -> dict[str, Differences]:
    """Return in which fields the plugin and `rollout_info` differ, by Rollout.

    Both are asked between two looks at the objects; what changed meanwhile is asked again.
    """
    asked, found = [state.name for state in states], dict[str, Differences]()
    for _ in range(_TRIES):
        before = _settled(space, asked)
        ours = ansible.tasks(space.name, [task("rollout_info", rollouts=asked)])["rollout_info"].rollouts
        theirs = _shown(space, plugin, asked, ours)
        after = _versions(space, asked)
        still = [name for name in asked if before[name] == after[name]]
        found |= {name: _compared(name, theirs[name], ours[name]) for name in still}
        asked = [name for name in asked if name not in still]
        if not asked:
            return found
    raise AssertionError(f"did not keep still while both were asked: {', '.join(asked)}")


def _shown(space: Space, plugin: Plugin, names: list[str], ours: dict[str, Obj]) -> dict[str, Shown]:
    """Ask the plugin for all of them, and once for each phase by its command `status`, which tells no more."""
    first = {ours[name]["phase"]: name for name in reversed(names)}.values()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(names, pool.map(lambda name: plugin.show(space.name, name, status=name in first), names)))


def complaint(states: Sequence[State], found: dict[str, Differences]) -> str:
    """Return where the differences are not those that are meant, empty when all are."""
    lines: list[str] = []
    for state in states:
        there, meant = found[state.name], state.differs
        for name in sorted({*there, *meant}):
            if there.get(name) == meant.get(name):
                continue
            if name not in there:
                lines.append(f"{state.name}: {name} no longer differs, as {meant[name]!r} says")
                continue
            theirs, ours = there[name]
            lines.append(f"{state.name}: {name}\n    plugin: {theirs!r}\n    ours:   {ours!r}")
            if name in meant:
                lines.append(f"    meant:  {meant[name]!r}")
    return "\n".join(lines)


def _settled(space: Space, names: list[str]) -> dict[str, dict[str, str]]:
    """Wait (not for ever) until nothing moves, and return the versions: looking costs less than asking twice."""
    before = _versions(space, names)
    for _ in range(_LOOKS):
        time.sleep(_LOOK_SECONDS)
        now = _versions(space, names)
        if now == before:
            break
        before = now
    return before


def _versions(space: Space, names: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for kind in _LOOKED_AT:
        for item in space.list(kind):
            metadata = item["metadata"]
            owners = [name for name in names if f"{metadata['name']}-".startswith(f"{name}-")]
            if owners:
                # One name may begin with another.
                found[max(owners, key=len)][f"{kind}/{metadata['name']}"] = metadata["resourceVersion"]
    return found


def _compared(name: str, theirs: Shown, ours: Obj) -> Differences:
    if theirs.error:
        return {"answer": (theirs.error, ours["phase"])}
    left, right = _theirs(theirs), {"name": name, **_ours(ours)}
    found = {key: (left[key], right[key]) for key in left if left[key] not in (None, right[key])}
    if {"phase", "message"} & set(found):
        # It follows from them.
        found.pop("status", None)
    return found


def _theirs(shown: Shown) -> dict[str, Any]:
    own = [node for node in shown.nodes if "Experiment" not in node.below]
    sets = [node for node in own if node.kind == "ReplicaSet"]
    return {
        "name": shown.name,
        "strategy": shown.strategy,
        "phase": shown.phase,
        "message": shown.message,
        "status": shown.status,
        "step": shown.step,
        "set weight": shown.set_weight,
        "actual weight": shown.actual_weight,
        "images": {
            image: sorted(tag.replace("Σ:", "experiment:") for tag in tags) for image, tags in shown.images.items()
        },
        "replicas": shown.replicas,
        "revisions": {node.name: node.revision for node in sets},
        "roles": {node.revision: sorted(tag for tag in node.info if not tag.startswith("delay:")) for node in sets},
        "delay": sorted(node.revision for node in sets if any(tag.startswith("delay:") for tag in node.info)),
        "replica sets": {node.revision: node.status for node in sets},
        "pods": {node.name: [node.status, *node.info] for node in own if node.kind == "Pod"},
        "analysis runs": {node.name: [node.status, *node.info] for node in shown.nodes if node.kind == "AnalysisRun"},
    }


def _ours(entry: Obj) -> dict[str, Any]:
    step, weight, message = entry["step"], entry["weight"], entry["message"]
    # The plugin's `status` leaves out why a Rollout is degraded.
    told = message and entry["phase"] not in ("Healthy", "Degraded")
    images: dict[str, set[str]] = {}
    for item in entry["images"]:
        images.setdefault(item["image"], set()).update(item["tags"])
    return {
        "strategy": _STRATEGIES[entry["strategy"]],
        "phase": entry["phase"],
        "message": message,
        "status": f"{entry['phase']} - {message}" if told else entry["phase"],
        "step": f"{step['index']}/{step['total']}" if step else "",
        "set weight": str(weight["set"]) if weight else "",
        "actual weight": str(weight["actual"]) if weight else "",
        "images": {image: sorted(tags) for image, tags in images.items()},
        "replicas": entry["replicas"],
        "revisions": {item["replica_set"]: item["revision"] for item in entry["revisions"]},
        "roles": {item["revision"]: sorted(item["roles"]) for item in entry["revisions"]},
        "delay": sorted(item["revision"] for item in entry["revisions"] if item["scale_down_at"]),
        "replica sets": {item["revision"]: item["status"] for item in entry["revisions"]},
        "pods": {pod["name"]: _pod(pod) for item in entry["revisions"] for pod in item["pods"]},
        "analysis runs": {item["name"]: _run(item) for item in entry["analysis_runs"]},
    }


def _pod(pod: Obj) -> list[str]:
    restarts = [f"restarts:{pod['restarts']}"] if pod["restarts"] else []
    return [pod["status"], f"ready:{pod['containers']['ready']}/{pod['containers']['total']}", *restarts]


def _run(run: Obj) -> list[str]:
    counts = {mark: sum(metric[key] for metric in run["metrics"]) for key, mark in _COUNTED.items()}
    return [run["phase"], *(f"{mark} {count}" for mark, count in counts.items() if count)]
