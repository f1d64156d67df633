# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The phase of a Rollout or Deployment, and whether the status can be trusted yet. Pure functions.

Private: other collections must not import it. The order of the rules is Argo Rollouts' own (`GetRolloutPhase` of 1.10);
what is added are the moments in which the controller has not caught up with a request.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._types import Obj

HEALTHY, DEGRADED, PROGRESSING, PAUSED = "Healthy", "Degraded", "Progressing", "Paused"


@dataclass(frozen=True)
class Phase:
    """A phase and the controller's reason for it.

    ``settled`` is False while the controller has not yet taken the latest request: then the phase speaks of the past.
    """

    name: str
    message: str = ""
    settled: bool = True


def phase_of(workload: Obj, referenced: Obj | None = None, current: Obj | None = None) -> Phase:
    """Return the phase of a Rollout or Deployment.

    Args:
        workload: the Rollout or Deployment.
        referenced: the workload a Rollout's ``workloadRef`` names, if it has one.
        current: the ReplicaSet of a Rollout's ``status.currentPodHash``, if it was read.
    """
    if workload.get("kind") == "Deployment":
        return _deployment(workload)
    lag = unobserved(workload, referenced, current)
    if lag:
        return Phase(PROGRESSING, lag, settled=False)
    status = workload.get("status") or {}
    if not status.get("phase"):
        return Phase(PROGRESSING, "the controller has not looked at it yet", settled=False)
    return Phase(str(status["phase"]), str(status.get("message") or ""))


def unobserved(rollout: Obj, referenced: Obj | None = None, current: Obj | None = None) -> str:
    """Return what the controller has not yet taken notice of, empty when its status speaks of the present."""
    status, spec = rollout.get("status") or {}, rollout.get("spec") or {}
    generation = int((rollout.get("metadata") or {}).get("generation") or 0)
    observed = str(status.get("observedGeneration") or "")
    if (observed.isdigit() and int(observed) < generation) or not observed:
        return "waiting for rollout spec update to be observed"
    paused = bool(status.get("pauseConditions") or spec.get("paused"))
    if paused and current is not None and _revision(rollout) > _revision(current) > 0:
        # A paused rollout got a new template: before it turns to that one, the controller notes that it is paused, and with
        # that the new generation. For 20 ms its status claims to know the template, and still is about the old one.
        return "waiting for rollout spec update to be observed"
    if status.get("controllerPause") and not status.get("pauseConditions") and not spec.get("paused"):
        return "waiting for rollout to unpause"
    if referenced is not None:
        seen = str(status.get("workloadObservedGeneration") or "")
        if seen != str(referenced["metadata"].get("generation", "")):
            return "waiting for the referenced workload's update to be observed"
    if status.get("abort") and not status.get("abortedAt"):
        return "waiting for the abort to be observed"
    if not status.get("abort") and condition(rollout, "Progressing").get("reason") == "RolloutAborted":
        return "waiting for the retry to be observed"
    return ""


def _revision(item: Obj) -> int:
    text = str(((item.get("metadata") or {}).get("annotations") or {}).get("rollout.argoproj.io/revision") or "")
    return int(text) if text.isdigit() else 0


def condition(workload: Obj, name: str) -> Obj:
    """Return a condition of the status, empty when there is none of that type."""
    for entry in (workload.get("status") or {}).get("conditions") or []:
        if entry.get("type") == name:
            return dict(entry)
    return {}


def _deployment(deployment: Obj) -> Phase:
    status, spec = deployment.get("status") or {}, deployment.get("spec") or {}
    if int(status.get("observedGeneration") or 0) < int(deployment["metadata"].get("generation") or 0):
        return Phase(PROGRESSING, "waiting for deployment spec update to be observed", settled=False)
    if spec.get("paused"):
        return Phase(PAUSED, "manually paused")
    progressing = condition(deployment, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Phase(DEGRADED, str(progressing.get("message") or "progress deadline exceeded"))
    wanted = int(spec.get("replicas", 1))
    updated, total = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
    available = int(status.get("availableReplicas") or 0)
    if updated < wanted:
        return Phase(PROGRESSING, "more replicas need to be updated")
    if total > updated:
        return Phase(PROGRESSING, "old replicas are pending termination")
    if available < updated:
        return Phase(PROGRESSING, "updated replicas are still becoming available")
    return Phase(HEALTHY)
