# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What an applied object still lacks before it can be called ready. Pure functions. Private to this collection."""

from __future__ import annotations

from .._rollouts.phase import phase_of
from .._types import Obj


def lacks(item: Obj) -> str:
    """Return what an object lacks, in words; empty when it is ready. Kinds without a notion of ready are ready."""
    status, spec = item.get("status") or {}, item.get("spec") or {}
    kind = item.get("kind")
    if kind == "Namespace":
        return "" if status.get("phase") == "Active" else "is not Active"
    if kind == "CustomResourceDefinition":
        return "" if _condition(status, "Established") else "is not Established"
    if kind == "Job":
        return _job(spec, status)
    if kind == "Rollout":
        phase = phase_of(item)
        return "" if phase.name == "Healthy" else f"is {phase.name}: {phase.message}".rstrip(": ")
    if kind in ("Deployment", "StatefulSet", "DaemonSet"):
        return _replicas(item, spec, status)
    return ""


def failed(item: Obj, before: Obj | None = None) -> bool:
    """Return whether an object will not be ready by itself: waiting for it is in vain.

    Args:
        item: the object as it is.
        before: as it was before the apply. A Deployment that was over its deadline then may be given what it lacked.
    """
    status, kind = item.get("status") or {}, item.get("kind")
    if kind == "Job":
        return _condition(status, "Failed")
    over = kind == "Deployment" and not _unseen(item) and bool(_over_deadline(status))
    return over and not _over_deadline((before or {}).get("status") or {})


def _job(spec: Obj, status: Obj) -> str:
    verdict = _entry(status, "Failed")
    if verdict:
        return f"failed: {_words(verdict)}".rstrip(": ")
    if _condition(status, "Complete") or spec.get("suspend"):
        # One that is wanted suspended is what was asked for.
        return ""
    counts = [f"{status[name]} pods {name}" for name in ("active", "failed") if status.get(name)]
    return "is not complete" + (f": {', '.join(counts)}" if counts else "")


def _replicas(item: Obj, spec: Obj, status: Obj) -> str:
    if _unseen(item):
        return "was not yet seen by its controller"
    if item["kind"] == "DaemonSet":
        wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
        available = status.get("numberAvailable", 0)
    else:
        wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
        available = status.get("availableReplicas", 0)
        if status.get("replicas", 0) > max(updated, wanted):
            return f"has {status['replicas'] - updated} old pods left"
    due = _due(item["kind"], spec, wanted)
    if updated < due or available < wanted:
        why = _over_deadline(status) or _words(_entry(status, "ReplicaFailure"))
        return f"has {updated} of {due} pods updated and {available} available{': ' if why else ''}{why}"
    return ""


def _due(kind: str, spec: Obj, wanted: int) -> int:
    """Return how many pods the controller brings up to date by itself."""
    strategy = spec.get("updateStrategy") or {}
    if kind != "Deployment" and strategy.get("type") == "OnDelete":
        return 0
    kept = (strategy.get("rollingUpdate") or {}).get("partition", 0) if kind == "StatefulSet" else 0
    return max(wanted - int(kept), 0)


def _unseen(item: Obj) -> bool:
    seen = (item.get("status") or {}).get("observedGeneration", 0)
    return bool(seen < item["metadata"].get("generation", 0))


def _over_deadline(status: Obj) -> str:
    conditions: list[Obj] = status.get("conditions") or []
    over = [entry for entry in conditions if entry.get("reason") == "ProgressDeadlineExceeded"]
    return _words(over[0]) if over else ""


def _words(condition: Obj) -> str:
    """Return why a condition is as it is: a reason is one word, a message may be long and of several lines."""
    text = " ".join(f"{condition.get('reason') or ''}: {condition.get('message') or ''}".split())
    return text.strip(": ")


def _entry(status: Obj, name: str) -> Obj:
    for entry in status.get("conditions") or []:
        if entry.get("type") == name and entry.get("status") == "True":
            return dict(entry)
    return {}


def _condition(status: Obj, name: str) -> bool:
    return bool(_entry(status, name))
