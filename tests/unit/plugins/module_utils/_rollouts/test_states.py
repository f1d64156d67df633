# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The states one can wait for: reached, still possible, or never."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Send
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.states import (
    STATES,
    Outcome,
    dead_end,
    holding,
    indefinite_pause,
    judge,
    lack_of,
    on_stable,
    serves_stable,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.promote import Promote
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects, views_of
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    DEPLOYMENT_HASH,
    NAME,
    NEW,
    OLD,
    analysis_run,
    canary_ingress,
    deployment,
    endpoint_slice,
    laid_over,
    metric,
    replica_set,
    service,
)
from tests.unit.plugins.scenes import blue_green, canary, changed, later, view

ABORTED = {
    "abort": True,
    "abortedAt": "2026-11-23T10:05:00Z",
    "phase": "Degraded",
    "message": "RolloutAborted: bad",
    "pauseConditions": None,
    "controllerPause": None,
}
PRE = {"strategy": {"blueGreen": {"prePromotionAnalysis": {"templates": [{"templateName": "smoke"}]}}}}


def running_deployment(**status: Any) -> Objects:
    sets = [replica_set(OLD, 7, 3, label=DEPLOYMENT_HASH)]
    return Objects(deployments=[deployment(status=status)], replica_sets=sets)


@pytest.mark.parametrize(
    ("objects", "reached"),
    [
        (canary(at_rest=True), {"healthy", "step"}),
        (canary(step=1), {"paused", "ready_for_promotion", "step"}),
        (canary(step=4), {"paused", "step"}),
        (canary(step=2), {"step"}),
        (canary(step=0), set()),
        (canary(step=1, weight=0, status=ABORTED), {"aborted", "degraded", "step"}),
        (canary(step=1, weight=10, status=ABORTED), {"degraded", "step"}),
        (blue_green(at_rest=True), {"healthy"}),
        (blue_green(), {"paused", "ready_for_promotion"}),
        (blue_green(spec=PRE), {"paused"}),
        (blue_green(active=NEW, status=ABORTED), {"degraded"}),
        (blue_green(active=OLD, status=ABORTED), {"aborted", "degraded"}),
        (running_deployment(), {"healthy"}),
        (running_deployment(updatedReplicas=1), set()),
    ],
)
def test_which_states_hold(objects: Objects, reached: set[str]) -> None:
    now = views_of(objects)[NAME]
    assert {state for state in STATES if not lack_of(now, state, 1)} == reached


@pytest.mark.parametrize("state", STATES)
def test_no_state_holds_before_the_controller_has_seen_the_request(state: str) -> None:
    """Healthy, right after an apply, is the health of the revision before."""
    now = view(later(canary(at_rest=True), metadata={"generation": 13}))
    assert lack_of(now, state, 0) == "waiting for rollout spec update to be observed"


@pytest.mark.parametrize(
    ("run", "missing"),
    [
        (None, "pre-promotion analysis is not started"),
        ({"name": "r", "status": "Running"}, "pre-promotion analysis is Running"),
        ({"name": "r", "status": "Successful"}, ""),
    ],
)
def test_a_blue_green_is_ready_for_promotion_after_its_analysis(run: Obj | None, missing: str) -> None:
    status = {"blueGreen": {"prePromotionAnalysisRunStatus": run} if run else {}}
    assert lack_of(view(blue_green(spec=PRE, status=status)), "ready_for_promotion") == missing


def test_a_blue_green_paused_by_hand_is_not_ready_for_promotion() -> None:
    status = {"pauseConditions": None, "controllerPause": None, "message": "manually paused"}
    now = view(blue_green(spec={"paused": True}, status=status))
    assert lack_of(now, "ready_for_promotion") == "is paused by hand (manually paused): resume it first"


@pytest.mark.parametrize("objects", [canary(step=1, spec={"paused": True}), blue_green(spec={"paused": True})])
def test_what_is_paused_by_hand_too_is_not_ready_for_promotion(objects: Objects) -> None:
    """A promotion would be refused: it would also skip the step."""
    assert "paused by hand" in lack_of(view(objects), "ready_for_promotion")


def test_an_inconclusive_analysis_is_not_ready_for_promotion() -> None:
    """A background analysis without a verdict, while the canary stands in a pause of its steps."""
    reasons = [{"reason": reason, "startTime": "x"} for reason in ("CanaryPauseStep", "InconclusiveAnalysisRun")]
    now = view(canary(step=1, status={"pauseConditions": reasons}))
    assert lack_of(now, "ready_for_promotion") == "its analysis was inconclusive (CanaryPauseStep)"


PROMOTABLE = [canary(step=1), blue_green(), blue_green(active=OLD, spec={"replicas": 3})]
NOT_PROMOTABLE = [
    canary(at_rest=True),
    canary(step=2),
    canary(step=1, spec={"paused": True}),
    canary(step=1, status=ABORTED),
    blue_green(at_rest=True),
    blue_green(spec={"paused": True}),
    blue_green(status=ABORTED),
    running_deployment(updatedReplicas=1),
]


@pytest.mark.parametrize("objects", PROMOTABLE)
def test_what_is_ready_for_promotion_is_promoted(objects: Objects) -> None:
    now = view(objects)
    assert lack_of(now, "ready_for_promotion") == ""
    assert isinstance(Promote()(now, now, 0), Send)


@pytest.mark.parametrize("objects", NOT_PROMOTABLE)
def test_what_is_not_ready_for_promotion_is_not_promoted(objects: Objects) -> None:
    now = view(objects)
    assert lack_of(now, "ready_for_promotion")
    sent: object = None
    with contextlib.suppress(DeliveryError):
        sent = Promote()(now, now, 0)
    assert not isinstance(sent, Send)


def test_the_states_that_hold_are_named() -> None:
    assert holding(view(canary(step=1))) == ["paused", "ready_for_promotion"]
    assert holding(view(canary(at_rest=True))) == ["healthy"]
    assert holding(view(canary(step=2))) == []
    assert holding(view(canary(step=1, weight=0, status=ABORTED))) == ["aborted", "degraded"]


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        (canary(at_rest=True), True),
        (canary(step=1, weight=0), True),
        (canary(step=1, weight=10), False),
        (blue_green(), True),
        (blue_green(active=NEW), False),
        (blue_green(ready={OLD: 9}), False),
        (later(canary(at_rest=True), metadata={"generation": 13}), False),
        (changed(canary(step=1), lambda these: these.services.clear()), None),
        (running_deployment(), True),
        (Objects(deployments=[deployment()]), None),
        (running_deployment(observedGeneration=4), False),
    ],
)
def test_whether_all_traffic_is_on_stable_is_known_or_not(objects: Objects, expected: bool | None) -> None:
    assert serves_stable(view(objects)) is expected


def test_a_deployment_with_two_revisions_does_not_serve_the_stable_one_only() -> None:
    sets = [replica_set(OLD, 6, 2, label=DEPLOYMENT_HASH), replica_set(NEW, 7, 1, label=DEPLOYMENT_HASH)]
    moving = Objects(deployments=[deployment(status={"updatedReplicas": 1})], replica_sets=sets)
    assert serves_stable(view(moving)) is False


def test_a_pause_with_a_duration_is_not_one_for_a_promotion() -> None:
    assert indefinite_pause(view(canary(step=1)))
    assert not indefinite_pause(view(canary(step=4)))
    assert not indefinite_pause(view(canary(step=2)))
    assert not indefinite_pause(view(blue_green()))
    assert not indefinite_pause(view(canary(at_rest=True)))
    assert lack_of(view(canary(step=4)), "ready_for_promotion") == "pauses by itself (CanaryPauseStep)"


def test_healthy_needs_ready_endpoints() -> None:
    """The phase was seen Healthy with no ready endpoint at all."""
    objects = changed(blue_green(at_rest=True), lambda these: these.endpoint_slices.clear())
    assert lack_of(view(objects), "healthy") == "0 of 10 stable pods are ready endpoints"
    objects.endpoint_slices = [endpoint_slice(f"{NAME}-active", {OLD: 9}, {OLD: 1})]
    assert lack_of(view(objects), "healthy") == "9 of 10 stable pods are ready endpoints"


def test_healthy_needs_a_promoted_revision() -> None:
    status = {"phase": "Healthy", "message": "", "pauseConditions": None, "controllerPause": None}
    assert lack_of(view(canary(step=1, status=status)), "healthy") == "revision 7 is not promoted yet"


def test_traffic_on_other_pods_is_told() -> None:
    objects = blue_green(at_rest=True)
    objects.services = [service(f"{NAME}-active", NEW)]
    assert on_stable(view(objects)) == f"production traffic still goes to pods of {NEW}, not of the stable {OLD}"


def test_a_weight_counts_only_while_the_canary_is_another_revision() -> None:
    """After a promotion the router keeps its last weight for a moment, and both sides are the same pods."""
    objects = canary(at_rest=True)
    objects.ingresses = [canary_ingress(60)]
    assert on_stable(view(objects)) == ""
    assert on_stable(view(canary(step=1, weight=60))) == "the router still sends 60 % to the canary"


def test_a_weight_counts_while_a_restored_template_has_not_reached_the_router() -> None:
    """The controller says Healthy some milliseconds before it takes the traffic off the bad pods."""
    weights = {"canary": {"weight": 20, "podTemplateHash": NEW}, "stable": {"weight": 80, "podTemplateHash": OLD}}
    objects = canary(at_rest=True, status={"canary": {"weights": weights}})
    objects.ingresses = [canary_ingress(20)]
    assert on_stable(view(objects)) == "the router still sends 20 % to the canary"
    assert lack_of(view(objects), "healthy") == "the router still sends 20 % to the canary"
    objects.ingresses = [canary_ingress(0)]
    assert on_stable(view(objects)) == ""
    strategy = {"canary": {"trafficRouting": {"nginx": None, "istio": {"virtualService": {"name": "web"}}}}}
    objects.rollouts[0] = laid_over(objects.rollouts[0], {"spec": {"strategy": strategy}})
    assert on_stable(view(objects)) == "the router still sends 20 % to the canary"


def test_a_deployment_and_a_rollout_without_services_have_no_traffic_to_look_at() -> None:
    assert on_stable(view(running_deployment())) == ""
    assert on_stable(view(changed(canary(step=1), lambda these: these.services.clear()))) == ""


def without_router(**more: Any) -> Objects:
    """Return a canary whose traffic is shared out by its pods alone."""
    strategy = {"canary": {"trafficRouting": None, "stableService": None, "canaryService": None}}
    objects = canary(spec={"strategy": strategy}, **more)
    objects.services.clear()
    return objects


def test_without_a_router_every_pod_of_another_revision_gets_its_part() -> None:
    objects = without_router(step=1)
    assert on_stable(view(objects)) == f"1 pods of {NEW} still get their part of the traffic"
    objects.replica_sets[2]["spec"]["replicas"] = objects.replica_sets[2]["status"]["replicas"] = 0
    assert on_stable(view(objects)) == ""
    objects.replica_sets[1]["status"]["availableReplicas"] = 4
    assert on_stable(view(objects)) == "4 of 10 stable pods are available"
    assert serves_stable(view(objects)) is False


def test_without_a_router_and_without_replica_sets_nothing_is_known() -> None:
    objects = without_router(at_rest=True)
    assert serves_stable(view(objects)) is True
    objects.replica_sets.clear()
    assert on_stable(view(objects)) == ""
    assert serves_stable(view(objects)) is None


def test_of_another_router_the_weight_is_what_the_controller_told_it() -> None:
    strategy = {"canary": {"trafficRouting": {"nginx": None, "istio": {"virtualService": {"name": "web"}}}}}
    assert on_stable(view(canary(step=1, weight=30, spec={"strategy": strategy}))) == (
        "the router still sends 30 % to the canary"
    )


def test_a_step_is_reached_in_it_or_beyond_it() -> None:
    assert lack_of(view(canary(step=2)), "step", 3) == "is in step 2 of 7"
    assert lack_of(view(canary(step=3)), "step", 3) == ""
    assert lack_of(view(canary(step=4)), "step", 3) == ""
    assert lack_of(view(blue_green()), "step", 0) == "has no steps"


def test_an_abort_ends_every_wait_for_something_else_with_its_measured_reason() -> None:
    objects = canary(step=1, status=ABORTED)
    objects.analysis_runs = [
        analysis_run("new", "Failed", metrics=[metric("errors", "result[0] < 0.02", ("Failed", "[0.21]"))]),
        analysis_run("old", "Failed", pod_hash=OLD, metrics=[metric("p99", "result[0] < 1", ("Failed", "[3]"))]),
    ]
    end = dead_end(view(objects), ["healthy"])
    assert end == (
        "the rollout was aborted in revision 7: analysis run new is Failed: metric errors measured 0.21, needs < 0.02"
    )
    assert dead_end(view(objects), ["aborted"]) == ""


def test_an_abort_without_an_analysis_tells_the_controllers_message() -> None:
    assert dead_end(view(canary(step=1, status=ABORTED)), ["healthy"]).endswith("revision 7: RolloutAborted: bad")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"type": "InvalidSpec", "status": "True", "message": "service x not found"}, "service x not found"),
        (
            {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out progressing"},
            "the progress deadline passed in revision 7: timed out progressing",
        ),
    ],
)
def test_what_ends_a_wait_without_an_abort(condition: Obj, expected: str) -> None:
    now = view(canary(step=0, status={"phase": "Degraded", "conditions": [condition]}))
    assert expected in dead_end(now, ["healthy"])
    assert dead_end(now, ["healthy", "degraded"]) == ""


def test_an_inconclusive_analysis_waits_for_somebody() -> None:
    pause = [{"reason": "InconclusiveAnalysisRun", "startTime": "2026-11-23T10:00:00Z"}]
    now = view(canary(step=3, status={"phase": "Paused", "pauseConditions": pause, "controllerPause": True}))
    assert "the analysis was inconclusive in revision 7" in dead_end(now, ["healthy"])
    assert dead_end(now, ["healthy", "paused"]) == ""


def test_nothing_is_a_dead_end_before_the_controller_has_seen_the_request() -> None:
    """Right after a retry or a new template the status still speaks of the abort."""
    now = view(later(canary(step=1, status=ABORTED), metadata={"generation": 13}))
    assert dead_end(now, ["healthy"]) == ""


def test_a_judgement_names_the_first_state_that_holds_or_what_each_lacks() -> None:
    assert judge(view(canary(step=1)), ["healthy", "paused"]) == Outcome(reached="paused")
    outcome = judge(view(canary(step=2)), ["healthy", "paused"])
    assert (outcome.reached, outcome.impossible) == ("", "")
    assert outcome.lacks == (
        "is Progressing (more replicas need to be updated); or "
        "is Progressing (more replicas need to be updated), not paused"
    )
    assert judge(view(canary(step=1, status=ABORTED)), ["healthy"]).impossible
    assert judge(view(canary(step=3)), ["step"], 3) == Outcome(reached="step")
