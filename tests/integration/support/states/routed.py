# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""States of canaries that nginx routes."""

from __future__ import annotations

from typing import Any

from tests.integration.support.beside import State, podless
from tests.integration.support.cluster import Obj
from tests.integration.support.moves import both, counts, healthy, phase, released, set_spec, set_status
from tests.integration.support.objects import PAUSE, routed, weight

AT_PAUSE = phase("Paused", "CanaryPauseStep")
STEPS = (weight(25), PAUSE, weight(60), PAUSE)
_LONG = 3600
STABLE = {"v1": ["stable"]}


def routing(name: str, *steps: Obj, replicas: int = 2, tag: str = "v1", **strategy: Any) -> list[Obj]:
    """Return a canary behind nginx, with more in its strategy; None takes a setting away."""
    made = routed(name, *steps, replicas=replicas, tag=tag)
    given = made[-1]["spec"]["strategy"]["canary"]
    given.update(strategy)
    made[-1]["spec"]["strategy"]["canary"] = {key: value for key, value in given.items() if value is not None}
    return made


def scaled(name: str, **scale: Any) -> list[Obj]:
    """Return a canary whose pods are scaled apart from its weight."""
    return routing(name, weight(10), {"setCanaryScale": scale}, PAUSE, replicas=4)


STATES = [
    State(routing("at-rest", *STEPS), healthy),
    State(routing("routed", *STEPS), AT_PAUSE, (released("v2"),)),
    State(routing("awaited", *STEPS), phase("Progressing", "more replicas", step=0), (released("v2-neverready"),)),
    State(routing("no-steps"), both(phase("Progressing", "waiting for all steps"), counts(replicas=4)), (
        released("v2-neverready"),
    ), {"actual weight": ("100", "0")}),
    State(scaled("scale-replicas", replicas=3), AT_PAUSE, (released("v2"),)),
    State(scaled("scale-match", matchTrafficWeight=True), AT_PAUSE, (released("v2"),)),
    State(routing("dynamic", weight(50), PAUSE, replicas=4, dynamicStableScale=True, scaleDownDelaySeconds=None),
          both(AT_PAUSE, counts(replicas=4)), (released("v2"),)),
    State(routing("of-a-thousand", weight(125), PAUSE,
                  trafficRouting={"maxTrafficWeight": 1000, "nginx": {"stableIngress": "of-a-thousand"}}),
          AT_PAUSE, (released("v2"),), {"set weight": ("125", "12.5"), "actual weight": ("125", "12.5")}),
    State(routing("old-kept", weight(50), scaleDownDelaySeconds=_LONG), both(healthy, counts(replicas=4)), (
        released("v2"),
    )),
    State(routing("fully", *STEPS), phase("Progressing", "more"), (
        released("v2-neverready"), (phase("Progressing", "more", step=0), set_status(promoteFull=True)),
    ), {"actual weight": ("100", "0")}),
    State(routing("aborted", *STEPS), both(phase("Degraded", "RolloutAborted"), counts(updatedReplicas=0)), (
        released("v2"), (AT_PAUSE, set_status(abort=True)),
    ), {**podless(STABLE, v2=["canary"]), "delay": ([2], [])}),
    State(routing("by-hand-and-promoted", *STEPS), phase("Paused", "manually"), (
        released("v2"), (AT_PAUSE, set_spec(paused=True)),
        (phase("Paused", "manually"), set_status(pauseConditions=None)),
    )),
    State(routing("to-none", *STEPS), counts(replicas=0), (
        released("v2"), (AT_PAUSE, set_spec(replicas=0)),
    ), podless({}, v1=["stable"], v2=["canary"])),
]  # fmt: skip
