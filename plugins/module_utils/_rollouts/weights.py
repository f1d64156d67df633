# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How far a canary is: its step, and its part of the traffic. Pure functions. Private to this collection."""

from __future__ import annotations

from .._types import Obj
from .model import Step, Weight


def step_of(rollout: Obj) -> Step | None:
    """Return where a canary stands, None when it has no steps or the controller has not begun to count them."""
    steps = _canary(rollout).get("steps") or []
    index = (rollout.get("status") or {}).get("currentStepIndex")
    return Step(index=int(index), total=len(steps)) if steps and index is not None else None


def weight_of(rollout: Obj, current: Obj | None) -> Weight:
    """Return the part of the traffic that the current revision is to have, and the one that it has.

    Args:
        rollout: the Rollout.
        current: the ReplicaSet of its current revision, if there is one.
    """
    total = int((_canary(rollout).get("trafficRouting") or {}).get("maxTrafficWeight") or 100)
    return Weight(percent(_set(rollout, total), total), percent(_actual(rollout, current, total), total))


def percent(value: int, total: int) -> float:
    """Return a part of the whole in per cent; a whole number, where it is one, stays an integer."""
    whole, rest = divmod(value * 100, total)
    return round(value * 100 / total, 2) if rest else whole


def _set(rollout: Obj, total: int) -> int:
    status, steps = rollout.get("status") or {}, _canary(rollout).get("steps") or []
    # Not yet counted is before the first: so the controller takes it, too.
    index = int(status.get("currentStepIndex") or 0)
    if status.get("abort"):
        return 0
    if index >= len(steps):
        return total
    return next((int(step["setWeight"]) for step in reversed(steps[: index + 1]) if "setWeight" in step), 0)


def _actual(rollout: Obj, current: Obj | None, total: int) -> int:
    status = rollout.get("status") or {}
    name, stable = status.get("currentPodHash"), status.get("stableRS")
    canary = ((status.get("canary") or {}).get("weights") or {}).get("canary") or {}
    weight = int(canary.get("weight") or 0)
    if name and name == stable:
        # While the stable template is restored in the middle of a release, the router still knows the other one.
        return total - weight if canary.get("podTemplateHash") not in (None, "", name) else total
    if _canary(rollout).get("trafficRouting") and stable:
        return weight
    # Without a router each pod has its part; and so it is before the first promotion, when nothing is routed yet.
    available = int(status.get("availableReplicas") or 0)
    new = int(((current or {}).get("status") or {}).get("availableReplicas") or 0)
    return new * total // available if available else 0


def _canary(rollout: Obj) -> Obj:
    return dict(((rollout.get("spec") or {}).get("strategy") or {}).get("canary") or {})
