# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""States of canaries without a router."""

from __future__ import annotations

from typing import Any

from tests.integration.support.beside import State, podless
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.moves import (
    both,
    counts,
    healthy,
    phase,
    released,
    restart,
    restart_much_later,
    set_spec,
    set_status,
)
from tests.integration.support.objects import PAUSE, canary, image, pod_template, weight
from tests.integration.support.stage import HASH, unready

TIMED: Obj = {"pause": {"duration": "1h"}}
AT_PAUSE = phase("Paused", "CanaryPauseStep")
STEPS = (weight(50), PAUSE, weight(75), PAUSE)
STABLE = {"v1": ["stable"]}
BOTH = ["canary", "stable"]
SHOWN = {image("v1"): ["stable"], image("v2"): ["canary"], "tradesense/side:v5": BOTH}
FIRST = {"tradesense/first:v7": BOTH}


def plain(name: str, *steps: Obj, replicas: int = 2, tag: str = "v1", **spec: Any) -> list[Obj]:
    """Return a canary without a router, with more in its spec."""
    made = canary(name, *steps, replicas=replicas, tag=tag)
    made["spec"].update(spec)
    return [made]


def with_containers(name: str, *steps: Obj) -> list[Obj]:
    """Return a canary whose pods have two containers and one that goes before."""
    made = canary(name, *steps)
    template = pod_template(name)
    template["spec"]["containers"].append({"name": "side", "image": "tradesense/side:v5"})
    template["spec"]["initContainers"] = [{"name": "first", "image": "tradesense/first:v7"}]
    made["spec"]["template"] = template
    return [made]


def unready_one(space: Space, name: str) -> None:
    """Let one pod of the current revision be not ready."""
    unready(space, str(space.get("Rollout", name)["status"]["currentPodHash"]), most=1)


def crash(space: Space, name: str) -> None:
    """Let one pod of the current revision crash again and again."""
    revision = str(space.get("Rollout", name)["status"]["currentPodHash"])
    unready(space, revision, most=1)
    pod = next(item for item in space.list("Pod") if item["metadata"]["labels"].get(HASH) == revision)
    [container] = pod["status"]["containerStatuses"]
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}}
    status = {"containerStatuses": [{**container, "ready": False, "restartCount": 3, "state": waiting}]}
    space.patch("Pod", pod["metadata"]["name"], {"status": status}, subresource="status")


def unready_current(space: Space, name: str) -> None:
    """Let all pods of the current revision be not ready."""
    unready(space, str(space.get("Rollout", name)["status"]["currentPodHash"]))


AT_REST = [
    State(plain("no-steps"), healthy),
    State(with_containers("containers", *STEPS), AT_PAUSE, (released("v2"),), {"images": (SHOWN, {**SHOWN, **FIRST})}),
    State(plain("none", replicas=0), healthy, differs=podless({}, v1=["stable"])),
    State(plain("to-none", *STEPS), both(healthy, counts(replicas=0)), ((healthy, set_spec(replicas=0)),),
          podless({}, v1=["stable"])),
    State(plain("by-hand", *STEPS), phase("Paused", "manually"), ((healthy, set_spec(paused=True)),)),
    State(plain("from-birth", *STEPS, paused=True), phase("Paused", "manually"), differs=podless({}, v1=["stable"])),
    State(plain("promoted", *STEPS), both(healthy, counts(currentStepIndex=4)), (
        released("v2"), (AT_PAUSE, set_status(promoteFull=True)),
    )),
    State(plain("restarted"), lambda space, item: healthy(space, item) and item["status"].get("restartedAt"), (
        (healthy, restart),
    )),
    State(plain("restart-planned"), phase("Progressing", "rollout is restarting"), ((healthy, restart_much_later),)),
    State(plain("restarting"), phase("Progressing", "rollout is restarting"), (
        (healthy, unready_current), (counts(availableReplicas=0), restart),
    )),
]  # fmt: skip

IN_FLIGHT = [
    State(plain("step-weight", *STEPS), phase("Progressing", "more replicas", step=0), (released("v2-neverready"),)),
    State(plain("step-pause", *STEPS), AT_PAUSE, (released("v2"),)),
    State(plain("step-timed", weight(50), TIMED), AT_PAUSE, (released("v2"),)),
    State(plain("later", *STEPS, replicas=4), phase("Paused", "CanaryPauseStep", step=3), (
        released("v2"), (AT_PAUSE, set_status(pauseConditions=None)),
    )),
    State(plain("no-weight", PAUSE, weight(50)), AT_PAUSE, (released("v2"),), podless(STABLE, v2=["canary"])),
    State(plain("by-hand-in-step", *STEPS), phase("Paused", "manually", step=1), (
        released("v2"), (AT_PAUSE, set_spec(paused=True)),
    )),
    State(plain("partly-ready", weight(50), PAUSE, replicas=4), counts(availableReplicas=3), (
        released("v2"), (AT_PAUSE, unready_one),
    )),
    State(plain("superseded", *STEPS), both(AT_PAUSE, counts(replicas=2, updatedReplicas=1)), (
        released("v2"), released("v3", AT_PAUSE),
    )),
    State(plain("rolling", replicas=4), phase("Progressing", "more replicas"), (released("v2-neverready"),),
          {"actual weight": ("100", "0")}),
    State(plain("image-pull", *STEPS), phase("Progressing", "more replicas", step=0), (released("v2-imagepull"),),
          {"replica sets": ({1: "Healthy", 2: "Progressing"}, {1: "Healthy", 2: "Degraded"})}),
    State(plain("crashes", *STEPS), counts(availableReplicas=1), (released("v2"), (AT_PAUSE, crash)),
          {"replica sets": ({1: "Healthy", 2: "Progressing"}, {1: "Healthy", 2: "Degraded"})}),
    State(plain("no-node", *STEPS), phase("Progressing", "more replicas", step=0), (
        (healthy, set_spec(template={"spec": {"nodeSelector": {"disk": "none"}}})),
    ), {"replica sets": ({1: "Healthy", 2: "Progressing"}, {1: "Healthy", 2: "Degraded"})}),
    State(plain("first-unready", *STEPS, tag="v1-neverready"), phase("Progressing", "updated replicas")),
    State(plain("deadline", *STEPS, progressDeadlineSeconds=1), phase("Degraded", "ProgressDeadlineExceeded"), (
        released("v2-neverready"),
    )),
    State(plain("no-account", *STEPS), phase("Progressing", "more replicas", step=0), (
        (healthy, set_spec(template={"spec": {"serviceAccountName": "nobody"}})),
    ), {
        "images": ({image("v1"): ["stable"]}, {image("v1"): ["canary", "stable"]}),
        "replica sets": ({1: "Healthy", 2: "ReplicaFailure"}, {1: "Healthy", 2: "Degraded"}),
    }),
    State(plain("aborted", *STEPS), both(phase("Degraded", "RolloutAborted"), counts(updatedReplicas=0)), (
        released("v2"), (AT_PAUSE, set_status(abort=True)),
    ), podless(STABLE, v2=["canary"])),
    State(plain("retried", *STEPS), both(AT_PAUSE, counts(updatedReplicas=1)), (
        released("v2"), (AT_PAUSE, set_status(abort=True)), (phase("Degraded"), set_status(abort=False)),
    )),
]  # fmt: skip
