# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The verbs that are measured, the Rollouts they work on, and how long the controller takes for each by itself."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from tests.bench.following import Following
from tests.bench.verbs.contenders import COUNT, Verb
from tests.integration.support import objects, stage
from tests.integration.support.cluster import Obj, Space

HELD, STEPPED = "held", "stepped"
API = "argoproj.io/v1alpha1"
# The plugin, which does not wait, sometimes passes two pauses at once: there are enough for that.
_STEPS = [objects.PAUSE] * (2 * COUNT + 5)


def start_all(space: Space) -> None:
    """Bring the Rollouts up."""
    stage.start(space, objects.canary(HELD, replicas=1), objects.canary(STEPPED, *_STEPS, replicas=1))


def verbs(space: Space, rollouts: Following) -> list[Verb]:
    """Return the verbs to measure; `rollouts` follows the namespace's Rollouts."""

    def ours(verb: str, rollout: str) -> dict[str, Obj]:
        return {f"tradesense.delivery.{verb}": {"namespace": space.name, "rollouts": [rollout]}}

    def json_patch(number: int) -> Obj:
        patch = [{"op": "add", "path": "/spec/paused", "value": _pauses(number)}]
        where = {"api_version": API, "kind": "Rollout", "namespace": space.name, "name": HELD}
        return {"kubernetes.core.k8s_json_patch": {**where, "patch": patch}}

    info = {"api_version": API, "kind": "Rollout", "namespace": space.name, "name": HELD}
    return [
        Verb(
            "pause and resume",
            ours=lambda number: ours("rollout_pause" if _pauses(number) else "rollout_resume", HELD),
            core=json_patch,
            # The plugin has no resume: its promote ends a pause by hand.
            plugin=lambda number: ["pause" if _pauses(number) else "promote", HELD],
            changes=True,
            prepare=lambda: _resume(space),
            reactions=lambda count: [_hold(space, rollouts, paused=_pauses(number)) for number in range(count)],
        ),
        Verb(
            "promote, pause by pause",
            ours=lambda number: ours("rollout_promote", STEPPED),
            # A promotion is a patch of the subresource status, which no module of kubernetes.core sends.
            core=None,
            plugin=lambda number: ["promote", STEPPED],
            changes=True,
            prepare=lambda: _release(space),
            reactions=lambda count: [_promote(space, rollouts, number) for number in range(count)],
        ),
        Verb(
            "info of one rollout",
            ours=lambda number: ours("rollout_info", HELD),
            core=lambda number: {"kubernetes.core.k8s_info": info},
            plugin=lambda number: ["get", "rollout", HELD],
            changes=False,
            prepare=lambda: _resume(space),
        ),
    ]


def end_pause(space: Space, rollout: str) -> float:
    """End a canary's pause by a plain patch; return when it was sent (seconds since the epoch)."""
    sent = time.time()
    space.patch("Rollout", rollout, {"status": {"pauseConditions": None}}, subresource="status")
    return sent


def paused_in(step: int) -> Callable[[Obj], bool]:
    """Return the sign of a canary that is paused in a step."""
    return lambda item: in_step(step)(item) and bool(item["status"].get("pauseConditions"))


def in_step(step: int) -> Callable[[Obj], bool]:
    """Return the sign of a canary that has come to a step, and whose controller has seen its newest spec."""

    def sign(item: Obj) -> bool:
        state = item.get("status") or {}
        index = state.get("currentStepIndex")
        seen = str(state.get("observedGeneration")) == str(item["metadata"]["generation"])
        return seen and index is not None and int(index) >= step

    return sign


def _pauses(number: int) -> bool:
    return number % 2 == 0


def _resume(space: Space) -> None:
    space.patch("Rollout", HELD, {"spec": {"paused": False}})
    stage.reach(space, HELD, "Healthy")


def _release(space: Space) -> None:
    """Begin a new canary, wherever the last one has come to."""
    stage.release(space, STEPPED, f"v{secrets.token_hex(4)}")
    stage.reach(space, STEPPED, "Paused", step=0)


def _hold(space: Space, rollouts: Following, *, paused: bool) -> float:
    """Pause or resume by a plain patch; return the ms until the controller's status says so."""
    rollouts.forget()
    sent = time.time()
    answer = space.patch("Rollout", HELD, {"spec": {"paused": paused}})
    generation, phase = int(answer["metadata"]["generation"]), "Paused" if paused else "Healthy"

    def sign(item: Obj) -> bool:
        return int(item["metadata"]["generation"]) >= generation and stage.is_in(item, phase)

    return (rollouts.when(HELD, sign, since=sent) - sent) * 1000


def _promote(space: Space, rollouts: Following, step: int) -> float:
    """Promote out of a step by a plain patch; return the ms until the controller has left it."""
    rollouts.when(STEPPED, paused_in(step))
    rollouts.forget()
    sent = end_pause(space, STEPPED)
    return (rollouts.when(STEPPED, in_step(step + 1), since=sent) - sent) * 1000
