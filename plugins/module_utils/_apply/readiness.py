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
        if _condition(status, "Failed"):
            return "failed"
        return "" if _condition(status, "Complete") else "is not complete"
    if kind == "Rollout":
        phase = phase_of(item)
        return "" if phase.name == "Healthy" else f"is {phase.name}: {phase.message}".rstrip(": ")
    if kind in ("Deployment", "StatefulSet", "DaemonSet"):
        return _replicas(item, spec, status)
    return ""


def failed(item: Obj) -> bool:
    """Return whether an object will never be ready by itself: waiting for it is in vain."""
    return item.get("kind") == "Job" and _condition(item.get("status") or {}, "Failed")


def _replicas(item: Obj, spec: Obj, status: Obj) -> str:
    if status.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
        return "was not yet seen by its controller"
    if item["kind"] == "DaemonSet":
        wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
        available = status.get("numberAvailable", 0)
    else:
        wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
        available = status.get("availableReplicas", 0)
        if status.get("replicas", 0) > max(updated, wanted):
            return f"has {status['replicas'] - updated} old pods left"
    if updated < wanted or available < wanted:
        return f"has {updated} of {wanted} pods updated and {available} available"
    return ""


def _condition(status: Obj, name: str) -> bool:
    return any(entry.get("type") == name and entry.get("status") == "True" for entry in status.get("conditions") or [])
