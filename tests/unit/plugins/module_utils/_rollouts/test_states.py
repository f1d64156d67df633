# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The states one can wait for: reached, still possible, or never."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.states import (
    STATES,
    Outcome,
    dead_end,
    indefinite_pause,
    judge,
    lack_of,
    on_stable,
)
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
    assert lack_of(now, "ready_for_promotion") == "is paused otherwise (manually paused)"


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


def test_a_deployment_and_a_rollout_without_services_have_no_traffic_to_look_at() -> None:
    assert on_stable(view(running_deployment())) == ""
    assert on_stable(view(changed(canary(step=1), lambda these: these.services.clear()))) == ""


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
