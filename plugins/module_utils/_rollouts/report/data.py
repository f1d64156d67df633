# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The status of workloads as data. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from ..._analysis_runs.run import Run
from ..._types import Obj
from ..model import Pod, View
from ..revisions import Revision, revisions_of
from ..states import holding, serves_stable


def entry_of(view: View) -> Obj:
    """Return a workload's entry in a result: small, stable, documented in the modules' RETURN."""
    return {
        "kind": view.kind,
        "strategy": view.strategy,
        "phase": view.phase.name,
        "message": view.phase.message,
        "revision": view.revision,
        "stable_revision": view.stable_revision,
        "current_hash": view.current_hash,
        "stable_hash": view.stable_hash,
        "in_flight": view.in_flight,
        "aborted": view.aborted,
        "paused": view.paused,
        "pause_reasons": list(view.pause_reasons),
        "states": holding(view),
        "on_stable": serves_stable(view),
        "step": asdict(view.step) if view.step else None,
        "weight": asdict(view.weight) if view.weight else None,
        "images": [asdict(image) for image in view.images],
        "replicas": asdict(view.replicas),
        "release": view.release,
    }


def details(view: View) -> Obj:
    """Return what `rollout_info` tells beside the fields that every verb returns."""
    traffic = view.traffic
    return {
        "serving": {"hash": traffic.main, "ready": traffic.ready, "canary_weight": traffic.weight}
        if traffic.known
        else None,
        "revisions": [_revision(revision) for revision in revisions_of(view)],
        "analysis_runs": [_run(run) for run in view.runs],
    }


def document(namespace: str, read_at: datetime, rollouts: Obj) -> Obj:
    """Return the status of a namespace as one document; README of the role `status` describes it."""
    return {"namespace": namespace, "read_at": in_utc(read_at), "rollouts": rollouts}


def in_utc(moment: datetime) -> str:
    """Return a moment as the API server writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _revision(revision: Revision) -> Obj:
    return {
        "hash": revision.hash,
        "revision": revision.number,
        "replica_set": revision.name,
        "roles": list(revision.roles),
        "status": revision.status,
        "message": revision.message,
        "desired": revision.desired,
        "ready": revision.ready,
        "available": revision.available,
        "images": list(revision.images),
        "scale_down_at": revision.scale_down_at,
        "banned": revision.banned,
        "pods": [_pod(pod) for pod in revision.pods],
    }


def _pod(pod: Pod) -> Obj:
    return {
        "name": pod.name,
        "status": pod.status,
        "message": pod.message,
        "ready": pod.ready,
        "containers": {"ready": pod.containers_ready, "total": pod.containers},
        "restarts": pod.restarts,
        "created": pod.created,
    }


def _run(run: Run) -> Obj:
    return {
        "name": run.name,
        "kind": run.kind,
        "hash": run.hash,
        "phase": run.phase,
        "message": run.message,
        "metrics": [asdict(metric) for metric in run.metrics],
        "measurements": [
            {
                "metric": item.metric,
                "phase": item.phase,
                "value": item.value,
                "condition": item.condition,
                "message": item.message,
            }
            for item in run.measurements
        ],
    }
