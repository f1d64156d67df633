# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""States of blue-green rollouts."""

from __future__ import annotations

from typing import Any

from tests.integration.support.beside import State, podless
from tests.integration.support.cluster import Obj
from tests.integration.support.moves import both, counts, healthy, phase, released, set_image, set_spec, set_status
from tests.integration.support.objects import blue_green

AT_PAUSE = phase("Paused", "BlueGreenPause")
_LONG = 3600
ACTIVE = {"v1": ["active", "stable"]}
# What is left of a revision that was aborted and whose pods are gone.
GONE = {**podless(ACTIVE, v2=["preview"]), "delay": ([2], [])}


def switching(name: str, *, auto: bool = False, replicas: int = 2, **strategy: Any) -> list[Obj]:
    """Return a blue-green with more in its strategy; None takes a setting away."""
    made = blue_green(name, auto=auto, replicas=replicas)
    given = {**made[-1]["spec"]["strategy"]["blueGreen"], **strategy}
    made[-1]["spec"]["strategy"]["blueGreen"] = {key: value for key, value in given.items() if value is not None}
    return made


STATES = [
    State(switching("at-rest"), healthy),
    State(switching("paused"), AT_PAUSE, (released("v2"),)),
    State(switching("paused-for-now", auto=True, autoPromotionSeconds=_LONG), AT_PAUSE, (released("v2"),)),
    State(switching("small-preview", replicas=4, previewReplicaCount=1), AT_PAUSE, (released("v2"),)),
    State(switching("no-preview", previewService=None), AT_PAUSE, (released("v2"),)),
    State(switching("awaited"), phase("Progressing", "active service"), (released("v2-neverready"),)),
    State(switching("old-kept", auto=True, scaleDownDelaySeconds=_LONG), both(healthy, counts(replicas=4)), (
        released("v2"),
    )),
    State(switching("taken-back", abortScaleDownDelaySeconds=_LONG), healthy, (
        released("v2"), (AT_PAUSE, set_image("v1")),
    )),
    State(switching("aborted"), both(phase("Degraded", "RolloutAborted"), counts(replicas=2)), (
        released("v2"), (AT_PAUSE, set_status(abort=True)),
    ), GONE),
    State(switching("preview-kept", abortScaleDownDelaySeconds=_LONG), phase("Degraded", "RolloutAborted"), (
        released("v2"), (AT_PAUSE, set_status(abort=True)),
    )),
    State(switching("retried"), both(AT_PAUSE, counts(replicas=4)), (
        released("v2"), (AT_PAUSE, set_status(abort=True)),
        (both(phase("Degraded"), counts(replicas=2)), set_status(abort=False)),
    )),
    State(switching("to-none"), both(healthy, counts(replicas=0)), ((healthy, set_spec(replicas=0)),),
          podless({}, v1=["active", "stable"])),
]  # fmt: skip
