# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole situations of a rollout, put together from the builders, and the views of them that decisions are made on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import View
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects, views_of
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    FIRST,
    NAME,
    NEW,
    OLD,
    STEPS,
    canary_ingress,
    endpoint_slice,
    laid_over,
    replica_set,
    rollout,
    service,
)


def view(objects: Objects, name: str = NAME) -> View:
    """Return the view of one workload."""
    return views_of(objects)[name]


def canary(
    *,
    step: int = 1,
    weight: int = 10,
    spec: Obj | None = None,
    status: Obj | None = None,
    promoted: str = "",
    at_rest: bool = False,
) -> Objects:
    """Return a canary behind nginx: in flight from OLD to NEW, in the pause step with index 1, or at rest on OLD.

    Args:
        step: index of the step it is in.
        weight: percent that the router sends to the canary.
        spec: laid over the Rollout's spec.
        status: laid over its status.
        promoted: the record of promoted hashes.
        at_rest: nothing is in flight.
    """
    pausing = "pause" in STEPS[step] and not at_rest
    usual: Obj = {
        "observedGeneration": "12",
        "phase": "Paused" if pausing else ("Healthy" if at_rest else "Progressing"),
        "message": "CanaryPauseStep" if pausing else ("" if at_rest else "more replicas need to be updated"),
        "currentPodHash": OLD if at_rest else NEW,
        "stableRS": OLD,
        "currentStepIndex": len(STEPS) if at_rest else step,
        "replicas": 10 if at_rest else 11,
        "updatedReplicas": 10 if at_rest else 1,
        "readyReplicas": 10 if at_rest else 11,
        "availableReplicas": 10 if at_rest else 11,
        "canary": {"weights": {"canary": {"weight": 0 if at_rest else weight}, "stable": {"weight": 100 - weight}}},
        "conditions": [{"type": "Progressing", "status": "True", "reason": "RolloutPaused"}],
    }
    if pausing:
        usual["controllerPause"] = True
        usual["pauseConditions"] = [{"reason": "CanaryPauseStep", "startTime": "2026-11-23T10:00:00Z"}]
    strategy = {
        "canary": {
            "canaryService": f"{NAME}-canary",
            "stableService": f"{NAME}-stable",
            "trafficRouting": {"nginx": {"stableIngress": f"{NAME}-stable"}},
            "steps": STEPS,
        }
    }
    annotations = {"delivery.tradesense.io/promoted": promoted} if promoted else {}
    return Objects(
        rollouts=[rollout(strategy, spec=spec, status=laid_over(usual, status or {}), annotations=annotations)],
        replica_sets=_replica_sets(at_rest, new_pods=1),
        services=[service(f"{NAME}-stable", OLD), service(f"{NAME}-canary", OLD if at_rest else NEW)],
        ingresses=[canary_ingress(0 if at_rest else weight)],
        endpoint_slices=[endpoint_slice(f"{NAME}-stable", {OLD: 10})],
    )


def blue_green(
    *,
    active: str = OLD,
    spec: Obj | None = None,
    status: Obj | None = None,
    promoted: str = "",
    at_rest: bool = False,
    ready: dict[str, int] | None = None,
) -> Objects:
    """Return a blue-green: NEW previewed and waiting for a promotion, or at rest on OLD.

    Args:
        active: pod-template hash that the active Service selects.
        spec: laid over the Rollout's spec.
        status: laid over its status.
        promoted: the record of promoted hashes.
        at_rest: nothing is in flight.
        ready: ready endpoints of the active Service.
    """
    usual: Obj = {
        "observedGeneration": "12",
        "phase": "Healthy" if at_rest else "Paused",
        "message": "" if at_rest else "BlueGreenPause",
        "currentPodHash": OLD if at_rest else NEW,
        "stableRS": OLD,
        "replicas": 10 if at_rest else 20,
        "updatedReplicas": 10,
        "readyReplicas": 10 if at_rest else 20,
        "availableReplicas": 10 if at_rest else 20,
        "blueGreen": {"activeSelector": active, "previewSelector": OLD if at_rest else NEW},
        "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
    }
    if not at_rest:
        usual["controllerPause"] = True
        usual["pauseConditions"] = [{"reason": "BlueGreenPause", "startTime": "2026-11-23T10:00:00Z"}]
    strategy = {
        "blueGreen": {
            "activeService": f"{NAME}-active",
            "previewService": f"{NAME}-preview",
            "autoPromotionEnabled": False,
        }
    }
    annotations = {"delivery.tradesense.io/promoted": promoted} if promoted else {}
    return Objects(
        rollouts=[rollout(strategy, spec=spec, status=laid_over(usual, status or {}), annotations=annotations)],
        replica_sets=_replica_sets(at_rest, new_pods=10),
        services=[service(f"{NAME}-active", active), service(f"{NAME}-preview", OLD if at_rest else NEW)],
        endpoint_slices=[endpoint_slice(f"{NAME}-active", {active: 10} if ready is None else ready)],
    )


def _replica_sets(at_rest: bool, *, new_pods: int) -> list[Obj]:
    older = [replica_set(FIRST, 5, 0, version="v2.6.0"), replica_set(OLD, 7 if at_rest else 6, 10, version="v2.7.0")]
    return older if at_rest else [*older, replica_set(NEW, 7, new_pods, version="v2.8.0")]


def later(objects: Objects, **given: Any) -> Objects:
    """Return the situation after something happened to the Rollout: its metadata, spec and status laid over."""
    after = copy.deepcopy(objects)
    after.rollouts[0] = laid_over(after.rollouts[0], {"metadata": {"resourceVersion": "1001"}})
    after.rollouts[0] = laid_over(after.rollouts[0], given)
    return after


def changed(objects: Objects, change: Callable[[Objects], None]) -> Objects:
    """Return the situation after a change of any of its objects."""
    after = copy.deepcopy(objects)
    change(after)
    return after
