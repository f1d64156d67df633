# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a pod's status in the API should be, and the patch that makes it so. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.simulator.behaviours import Readiness, behaviour_of
from sandbox.simulator.life import CrashState, PodLife
from sandbox.simulator.records import Container, Json, PodRecord

CRASH_AFTER = 5.0
"""Seconds a crash-looping pod stays Ready each time."""
FIRST_BACK_OFF = 5.0
"""Seconds of its first back-off; each one is twice as long as that before it."""
LONGEST_BACK_OFF = 300.0

_MESSAGES = {
    "CrashLoopBackOff": "back-off restarting failed container",
    "ImagePullBackOff": "back-off pulling image",
}


@dataclass(frozen=True)
class Wanted:
    """The status a pod should show; ``waiting`` is why its first container does not run (empty: it runs)."""

    ready: bool
    waiting: str = ""
    restarts: int = 0


def back_off(restarts: int) -> float:
    """How long, in seconds, a container that has restarted so many times waits for the next start."""
    return min(FIRST_BACK_OFF * 2.0 ** min(restarts, 30), LONGEST_BACK_OFF)


def next_crash_state(state: CrashState | None, pod: PodRecord, ready_since: float, now: float) -> CrashState | None:
    """The crash loop's state at ``now``; None until the pod was Ready once."""
    if state is None:
        first = pod.containers[0] if pod.containers else Container("", "")
        if first.waiting == "CrashLoopBackOff":
            return CrashState(False, now + back_off(first.restarts), first.restarts)
        if not pod.ready:
            return None
        state = CrashState(True, ready_since + CRASH_AFTER, first.restarts)
    if now < state.until:
        return state
    if state.running:
        return CrashState(False, now + back_off(state.restarts), state.restarts)
    return CrashState(True, now + CRASH_AFTER, state.restarts + 1)


def wanted_status(life: PodLife) -> Wanted | None:
    """The status to bring about; None when the pod is to be left alone."""
    pod = life.record
    if life.gone or pod.terminating or not pod.containers:
        return None
    first = pod.containers[0]
    if not (first.started_at or first.waiting):
        # kwok has not given it its first status yet, and with it the address that makes it an endpoint.
        return None
    restarts = first.restarts
    readiness = life.behaviour.readiness
    if readiness is Readiness.NEVER_READY:
        return Wanted(False, restarts=restarts)
    if readiness is Readiness.IMAGE_PULL:
        return Wanted(False, "ImagePullBackOff", restarts)
    if readiness is Readiness.CRASH and life.crash is not None:
        waiting = "" if life.crash.running else "CrashLoopBackOff"
        return Wanted(life.crash.running, waiting, life.crash.restarts)
    if life.restore or behaviour_of(pod.image).readiness is not Readiness.NORMAL:
        return Wanted(True, restarts=restarts)
    return None


def shows(pod: PodRecord, wanted: Wanted) -> bool:
    """Whether the pod's status is already so."""
    first = pod.containers[0]
    running = pod.phase == "Running" or bool(wanted.waiting)
    return (
        running
        and pod.ready == wanted.ready
        and first.ready == wanted.ready
        and first.waiting == wanted.waiting
        and first.restarts == wanted.restarts
    )


def status_patch(pod: PodRecord, wanted: Wanted, now: float) -> dict[str, Json]:
    """The strategic merge patch of the pod's ``/status`` that brings ``wanted`` about.

    The phase is set to Running where a container runs, and otherwise left as it is: a pod that never started
    stays Pending, one that ran stays Running, as with a real kubelet.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    verdict = "True" if wanted.ready else "False"
    conditions: list[Json] = []
    for kind in ("Ready", "ContainersReady"):
        condition: dict[str, Json] = {"type": kind, "status": verdict, "lastTransitionTime": stamp}
        # A strategic merge keeps what the patch leaves out: null takes away the reason of an earlier patch.
        condition["reason"] = None if wanted.ready else "ContainersNotReady"
        condition["message"] = None if wanted.ready else f"containers with unready status: [{pod.containers[0].name}]"
        conditions.append(condition)
    first, others = pod.containers[0], pod.containers[1:]
    statuses: list[Json] = [_first_container(first, wanted, stamp)]
    statuses += [_bystander(item, stamp) for item in others]
    status: dict[str, Json] = {"conditions": conditions, "containerStatuses": statuses}
    if not wanted.waiting:
        status["phase"] = "Running"
    return {"status": status}


def _first_container(item: Container, wanted: Wanted, stamp: str) -> dict[str, Json]:
    status: dict[str, Json] = {
        "name": item.name,
        "image": item.image,
        "imageID": "",
        "ready": wanted.ready,
        "started": not wanted.waiting,
        "restartCount": wanted.restarts,
    }
    if wanted.waiting:
        message = _MESSAGES.get(wanted.waiting, "")
        status["state"] = {"waiting": {"reason": wanted.waiting, "message": f"{message} {item.image}".strip()}}
    else:
        restarted = wanted.restarts != item.restarts
        status["state"] = {"running": {"startedAt": stamp if restarted else item.started_at or stamp}}
    if wanted.waiting == "CrashLoopBackOff" or wanted.restarts > 0:
        ended: dict[str, Json] = {"exitCode": 1, "reason": "Error", "finishedAt": stamp}
        if item.started_at:
            ended["startedAt"] = item.started_at
        status["lastState"] = {"terminated": ended}
    return status


def _bystander(item: Container, stamp: str) -> dict[str, Json]:
    return {
        "name": item.name,
        "image": item.image,
        "imageID": "",
        "ready": item.ready,
        "started": True,
        "restartCount": item.restarts,
        "state": {"running": {"startedAt": item.started_at or stamp}},
    }
