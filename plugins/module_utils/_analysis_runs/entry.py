# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""An analysis run as a result tells it. Pure functions. Private to this collection.

Queries as they were sent are left out: the controller keeps them with the values of Secrets put in.
"""

from __future__ import annotations

from .._types import Obj
from .arguments import shown_arguments
from .limits import limits_of
from .run import shown_value, threshold
from .state import PENDING, kind_of, metrics_of, phase_of, rollout_of


def entry_of(item: Obj) -> Obj:
    """Return the entry of a run, documented in the modules' RETURN."""
    metadata, status, spec = item["metadata"], item.get("status") or {}, item.get("spec") or {}
    labels = metadata.get("labels") or {}
    return {
        "name": metadata["name"],
        "kind": kind_of(item),
        "rollout": rollout_of(item),
        "revision": _revision(item),
        "hash": str(labels.get("rollouts-pod-template-hash") or ""),
        "step": int(labels["step-index"]) if str(labels.get("step-index", "")).isdigit() else None,
        "phase": phase_of(item),
        "message": _one_line(status.get("message")),
        "termination_requested": bool(spec.get("terminate")),
        "created": str(metadata.get("creationTimestamp") or ""),
        "started": str(status.get("startedAt") or ""),
        "finished": str(status.get("completedAt") or ""),
        "arguments": shown_arguments(spec.get("args") or []),
        "metrics": [_metric(metric, result or {}) for metric, result in metrics_of(item)],
    }


def _metric(metric: Obj, result: Obj) -> Obj:
    limits = limits_of(metric)
    return {
        "name": str(metric.get("name")),
        "provider": next(iter(metric.get("provider") or {}), ""),
        "phase": str(result.get("phase") or PENDING),
        "message": _one_line(result.get("message")),
        "success_condition": str(metric.get("successCondition") or ""),
        "failure_condition": str(metric.get("failureCondition") or ""),
        "dry_run": bool(result.get("dryRun")),
        "count": int(result.get("count") or 0),
        "successful": int(result.get("successful") or 0),
        "failed": int(result.get("failed") or 0),
        "inconclusive": int(result.get("inconclusive") or 0),
        "error": int(result.get("error") or 0),
        "limits": {
            "count": limits.count,
            "failed": limits.failure,
            "inconclusive": limits.inconclusive,
            "consecutive_error": limits.consecutive_error,
            "consecutive_success": limits.consecutive_success,
        },
        "measurements": [_measurement(entry, metric) for entry in result.get("measurements") or []],
    }


def _measurement(entry: Obj, metric: Obj) -> Obj:
    return {
        "phase": str(entry.get("phase") or ""),
        "value": shown_value(str(entry.get("value") or "")),
        "condition": threshold(metric),
        "started": str(entry.get("startedAt") or ""),
        "finished": str(entry.get("finishedAt") or ""),
        "message": _one_line(entry.get("message")),
    }


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())


def _revision(item: Obj) -> int:
    text = str((item["metadata"].get("annotations") or {}).get("rollout.argoproj.io/revision") or "")
    return int(text) if text.isdigit() else 0
