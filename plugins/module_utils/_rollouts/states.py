# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The named states one can wait for. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass

from .._analysis_runs.run import why_bad
from .._types import Obj
from . import phase as phases
from .model import BLUE_GREEN, CANARY, View

HEALTHY, PAUSED, READY, ABORTED, DEGRADED, STEP = (
    "healthy",
    "paused",
    "ready_for_promotion",
    "aborted",
    "degraded",
    "step",
)
STATES = (HEALTHY, PAUSED, READY, ABORTED, DEGRADED, STEP)


@dataclass(frozen=True)
class Outcome:
    """How a workload stands towards the states waited for.

    Attributes:
        reached: the state that holds, empty when none does.
        impossible: why none can be reached any more, empty while one can.
        lacks: what is still missing, for a timeout's message.
    """

    reached: str = ""
    impossible: str = ""
    lacks: str = ""


def judge(view: View, wanted: list[str], step: int | None = None) -> Outcome:
    """Return how a workload stands towards any of the wanted states.

    Args:
        view: the workload now.
        wanted: names of STATES.
        step: the index that state ``step`` waits for: reached when the canary is in that step or beyond it.
    """
    lacks = {state: lack_of(view, state, step) for state in wanted}
    for state, missing in lacks.items():
        if not missing:
            return Outcome(reached=state)
    return Outcome(impossible=dead_end(view, wanted), lacks="; or ".join(lacks.values()))


def lack_of(view: View, state: str, step: int | None = None) -> str:
    """Return what a workload lacks for one state, empty when it is in it."""
    if not view.phase.settled:
        return view.phase.message
    if state == HEALTHY:
        return _unhealthy(view)
    if state == PAUSED:
        return "" if view.phase.name == phases.PAUSED else f"is {_phase(view)}, not paused"
    if state == READY:
        return _unready(view)
    if state == ABORTED:
        return _off_stable(view) if view.aborted else f"is {_phase(view)}, not aborted"
    if state == DEGRADED:
        return "" if view.phase.name == phases.DEGRADED else f"is {_phase(view)}, not degraded"
    return _before_step(view, step or 0)


def dead_end(view: View, wanted: list[str]) -> str:
    """Return why a workload can reach none of the wanted states without somebody's help, empty while it can."""
    if not view.phase.settled:
        return ""
    if ABORTED not in wanted and view.aborted:
        return f"the rollout was aborted{_at(view)}: {_cause(view)}"
    if DEGRADED in wanted:
        return ""
    if broken(view):
        return broken(view)
    inconclusive = [reason for reason in view.pause_reasons if reason.startswith("Inconclusive")]
    if inconclusive and PAUSED not in wanted:
        return f"the analysis was inconclusive{_at(view)}, and the rollout waits for a decision: {_cause(view)}"
    return ""


def broken(view: View) -> str:
    """Return why the controller has given a revision up, empty while it has not."""
    invalid = phases.condition(view.raw, "InvalidSpec")
    if invalid:
        return f"the spec is not valid: {invalid.get('message', '')}"
    progressing = phases.condition(view.raw, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return f"the progress deadline passed{_at(view)}: {progressing.get('message', '')}"
    return ""


def on_stable(view: View) -> str:
    """Return what of the production traffic does not go to the stable pods, empty when all of it does."""
    return _off_stable(view)


def holding(view: View) -> list[str]:
    """Return the named states that hold, all but `step`, which needs to be told which."""
    return [state for state in STATES if state != STEP and not lack_of(view, state)]


def serves_stable(view: View) -> bool | None:
    """Return whether all production traffic goes to stable pods, None when it is not known where it goes.

    The pods of a Deployment all get their share: no other revision may be live.
    """
    if view.kind == "Deployment":
        return view.phase.settled and not view.in_flight if view.hashes else None
    by_pods = view.strategy == CANARY and not _is_routed(view) and view.stable_hash in view.hashes
    if not view.traffic.known and not by_pods:
        return None
    return view.phase.settled and not _off_stable(view)


def indefinite_pause(view: View) -> bool:
    """Return whether a canary stands in a pause step that only a promotion ends."""
    if view.step is None or view.step.index >= view.step.total or "CanaryPauseStep" not in view.pause_reasons:
        return False
    steps = view.raw["spec"]["strategy"]["canary"]["steps"]
    return "pause" in steps[view.step.index] and not (steps[view.step.index]["pause"] or {}).get("duration")


def _unhealthy(view: View) -> str:
    if view.phase.name != phases.HEALTHY:
        return f"is {_phase(view)}"
    if view.in_flight:
        return f"revision {view.revision} is not promoted yet"
    return _off_stable(view)


def _off_stable(view: View) -> str:
    if view.kind != "Rollout":
        return ""
    return (_selected_elsewhere(view) if view.traffic.known else "") or _pods_elsewhere(view)


def _selected_elsewhere(view: View) -> str:
    traffic = view.traffic
    if traffic.main and traffic.main != view.stable_hash:
        return f"production traffic still goes to pods of {traffic.main}, not of the stable {view.stable_hash}"
    weight = _weight(view)
    if weight:
        return f"the router still sends {weight} % to the canary"
    ready = traffic.ready.get(view.stable_hash, 0)
    if ready < view.replicas.desired:
        return f"{ready} of {view.replicas.desired} stable pods are ready endpoints"
    return ""


def _weight(view: View) -> float:
    """Return the percent that the router was told to send to other pods than stable ones.

    After a promotion its canary is the stable revision, whatever the weight; after the stable template was restored it is the
    bad one for a moment, although the controller says Healthy already. Of most routers only the controller knows the weight.
    """
    weights = ((view.raw.get("status") or {}).get("canary") or {}).get("weights") or {}
    canary = str((weights.get("canary") or {}).get("podTemplateHash") or "")
    at_rest = view.stable_hash == view.current_hash
    if at_rest and canary in ("", view.stable_hash):
        return 0
    if view.traffic.weight is not None:
        return view.traffic.weight
    actual = view.weight.actual if view.weight and _is_routed(view) else 0
    return 100 - actual if at_rest and actual else actual


def _pods_elsewhere(view: View) -> str:
    """Return what pods keep all traffic from the stable ones where no router shares it out: each pod gets its part."""
    stable = view.hashes.get(view.stable_hash)
    if view.strategy != CANARY or _is_routed(view) or stable is None:
        return ""
    for name, replica_set in view.hashes.items():
        pods = max(_count(replica_set, "spec", "replicas"), _count(replica_set, "status", "replicas"))
        if pods and name != view.stable_hash:
            return f"{pods} pods of {name} still get their part of the traffic"
    available = _count(stable, "status", "availableReplicas")
    if available < view.replicas.desired:
        return f"{available} of {view.replicas.desired} stable pods are available"
    return ""


def _is_routed(view: View) -> bool:
    return bool(((view.raw["spec"].get("strategy") or {}).get("canary") or {}).get("trafficRouting"))


def _count(replica_set: Obj, part: str, key: str) -> int:
    return int((replica_set.get(part) or {}).get(key) or 0)


def _unready(view: View) -> str:
    if view.phase.name != phases.PAUSED or not view.in_flight:
        return f"is {_phase(view)}, not paused before promotion"
    if "ManualPause" in view.pause_reasons:
        return f"is paused by hand ({view.phase.message}): resume it first"
    if any(reason.startswith("Inconclusive") for reason in view.pause_reasons):
        return f"its analysis was inconclusive ({view.phase.message})"
    if view.strategy == CANARY:
        return "" if indefinite_pause(view) else f"pauses by itself ({view.phase.message})"
    if view.strategy == BLUE_GREEN:
        spec = view.raw["spec"]["strategy"]["blueGreen"]
        run = (view.raw["status"].get("blueGreen") or {}).get("prePromotionAnalysisRunStatus") or {}
        if spec.get("prePromotionAnalysis") and run.get("status") != "Successful":
            return f"pre-promotion analysis is {run.get('status') or 'not started'}"
        return "" if "BlueGreenPause" in view.pause_reasons else f"is paused otherwise ({view.phase.message})"
    return "has no promotion"


def _before_step(view: View, step: int) -> str:
    if view.step is None:
        return "has no steps"
    return "" if view.step.index >= step else f"is in step {view.step.index} of {view.step.total}"


def _phase(view: View) -> str:
    return f"{view.phase.name}{f' ({view.phase.message})' if view.phase.message else ''}"


def _at(view: View) -> str:
    # Argo sets the step index back to 0 on abort, so where it was is not told here.
    return f" in revision {view.revision}" if view.revision else ""


def _cause(view: View) -> str:
    """Return the measured reason when there is one, else the controller's message."""
    causes = [why_bad(run) for run in view.runs if run.hash in ("", view.current_hash)]
    found = [cause for cause in causes if cause]
    return "; ".join(found) if found else view.phase.message or "no reason given"
