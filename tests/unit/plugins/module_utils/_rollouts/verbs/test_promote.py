# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Promote, as little stories: what the controller would do to a careless promotion, and that ours is not one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Await, Done, Guards, Send
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.promote import Promote
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import views_of

from tests.unit.plugins.builders import (
    NAME,
    NEW,
    OLD,
    analysis_run,
    canary_ingress,
    deployment,
    endpoint_slice,
    metric,
    service,
    template,
)
from tests.unit.plugins.scenes import blue_green, canary, changed, later, view

OTHER = "84cd7b9f55"
STEP_RUN = {"currentStepAnalysisRunStatus": {"name": "r", "status": "Inconclusive"}}
BACKGROUND_RUN = {"currentBackgroundAnalysisRunStatus": {"name": "b", "status": "Inconclusive"}}
CLEARED = Send({"status": {"pauseConditions": None}}, subresource="status")
FULL = Send({"status": {"promoteFull": True}}, subresource="status")


def inconclusive(**status: Any) -> dict[str, Any]:
    pause = {"reason": "InconclusiveAnalysisRun", "startTime": "2026-11-23T10:00:00Z"}
    return {
        "phase": "Paused",
        "message": "InconclusiveAnalysisRun",
        "controllerPause": True,
        "pauseConditions": [pause],
        **status,
    }


def test_a_pause_is_ended_and_done_only_when_the_controller_left_the_step() -> None:
    before = view(canary(step=1))
    assert Promote()(before, before, 0) == CLEARED
    sent = view(later(canary(step=1), status={"pauseConditions": None}))
    assert Promote()(before, sent, 1) == Await("the controller (waiting for rollout to unpause)")
    moved = view(canary(step=2))
    assert Promote()(before, moved, 1) == Done("step 1 passed, now in step 2 of 7")


def test_the_old_view_seen_again_after_the_patch_is_waited_through() -> None:
    """The event of the patch may come after another one: the same view again must not be taken as no answer."""
    before = view(canary(step=1))
    assert Promote()(before, before, 1) == Await("the controller to leave step 1")


def test_two_promotions_of_one_pause_at_the_same_time_end_one_pause() -> None:
    """The second is told of a conflict, looks again and would meet the next pause: a gate nobody approved."""
    first_look, next_pause = view(canary(step=1)), view(canary(step=6, weight=60))
    move = Promote()(first_look, next_pause, 0)
    assert move == Done("somebody else promoted it meanwhile (Paused: CanaryPauseStep, step 6 of 7)")
    being_taken = view(later(canary(step=1), status={"pauseConditions": None}))
    assert isinstance(Promote()(being_taken, next_pause, 0), Done)
    assert isinstance(Promote(skip_current_step=True)(first_look, next_pause, 0), Done)


@pytest.mark.parametrize("verb", [Promote(), Promote(full=True)])
def test_what_was_taken_back_meanwhile_is_not_told_as_promoted(verb: Promote) -> None:
    """An undo was quicker: nothing is in flight any more, and what was to be promoted is gone."""
    before = view(canary(step=1, spec={"template": template("v2.8.0")}))
    with pytest.raises(DeliveryError, match="another template was released meanwhile") as error:
        verb(before, view(canary(at_rest=True, spec={"template": template("v2.7.0")})), 0)
    assert error.value.reason == "Overtaken"


def test_a_pause_that_a_canary_comes_to_by_itself_is_promoted() -> None:
    on_its_way = view(later(canary(step=0), metadata={"generation": 13}))
    assert Promote()(on_its_way, view(canary(step=1)), 0) == CLEARED
    assert Promote()(view(canary(step=1, status={"currentPodHash": OTHER})), view(canary(step=6)), 0) == CLEARED


def test_two_promotions_of_a_blue_green_at_the_same_time_are_one() -> None:
    running = {"phase": "Progressing", "message": "", "pauseConditions": None, "controllerPause": None}
    switched = view(blue_green(active=NEW, status=running))
    assert Promote()(view(blue_green()), switched, 0) == Done("somebody else promoted it meanwhile (Progressing)")


def test_a_second_promotion_waits_while_the_first_is_not_taken_so_no_step_is_skipped() -> None:
    """Between a promote and the controller's answer a second one would raise the step index: a step nobody entered."""
    first_sent = view(later(canary(step=1), status={"pauseConditions": None}))
    move = Promote()(first_sent, first_sent, 0)
    assert move == Await("the controller (waiting for rollout to unpause)")


def test_a_late_second_promotion_with_the_approved_step_does_not_end_the_next_pause() -> None:
    """A double click some milliseconds later meets the next pause and would consume a gate nobody approved."""
    next_pause = view(canary(step=6, weight=60))
    with pytest.raises(DeliveryError, match="step 1 was expected, but it is at step 6") as refusal:
        Promote(guards=Guards(step=1))(next_pause, next_pause, 0)
    assert refusal.value.reason == "NotExpected"


def test_a_late_approval_does_not_promote_a_newer_revision() -> None:
    now = view(canary(step=1))
    with pytest.raises(DeliveryError, match="revision 6 was expected, but it is at revision 7"):
        Promote(guards=Guards(revision=6))(now, now, 0)
    with pytest.raises(DeliveryError, match=f"hash {OLD} was expected, but it is at hash {NEW}"):
        Promote(guards=Guards(hash=OLD))(now, now, 0)
    assert Promote(guards=Guards(revision=7, hash=NEW, step=1))(now, now, 0) == CLEARED


def test_another_template_released_meanwhile_is_told() -> None:
    before = view(canary(step=1))
    overtaken = view(canary(step=0, status={"currentPodHash": OTHER}))
    with pytest.raises(DeliveryError, match="another template") as error:
        Promote()(before, overtaken, 1)
    assert error.value.reason == "Overtaken"


def test_a_full_promotion_right_after_a_new_template_waits_until_it_was_seen() -> None:
    """Sent before the controller has seen the template, it would answer 200 and be erased."""
    stale = view(later(canary(at_rest=True), metadata={"generation": 13}))
    move = Promote(full=True)(stale, stale, 0)
    assert move == Await("the controller (waiting for rollout spec update to be observed)")


def test_a_full_promotion_is_done_when_the_new_revision_is_stable_and_has_the_traffic() -> None:
    before = view(canary(step=1))
    assert Promote(full=True)(before, before, 0) == FULL
    running = view(
        later(canary(step=1), status={"promoteFull": True, "pauseConditions": None, "controllerPause": None})
    )
    assert isinstance(Promote(full=True)(before, running, 1), Await)
    promoted = canary(step=1, status={"stableRS": NEW, "phase": "Healthy", "message": "", "currentStepIndex": 7})
    promoted = later(promoted, status={"pauseConditions": None, "controllerPause": None})
    assert Promote(full=True)(before, view(promoted), 1) == Await(
        f"production traffic still goes to pods of {OLD}, not of the stable {NEW}"
    )
    promoted.services = [service(f"{NAME}-stable", NEW), service(f"{NAME}-canary", NEW)]
    promoted.ingresses = [canary_ingress(0)]
    assert isinstance(Promote(full=True)(before, view(promoted), 1), Await)
    promoted.endpoint_slices = [endpoint_slice(f"{NAME}-stable", {NEW: 10})]
    assert Promote(full=True)(before, view(promoted), 1) == Done("revision 7 is fully promoted")


def test_a_full_promotion_that_goes_on_already_is_not_sent_again() -> None:
    now = view(later(canary(step=1), status={"promoteFull": True}))
    assert Promote(full=True)(now, now, 0) == Await("the full promotion")


def test_a_full_promotion_of_a_paused_rollout_unpauses_it_too() -> None:
    """With spec.paused the controller would take the promotion and move nothing."""
    before = view(canary(step=1, spec={"paused": True}))
    sent = view(later(canary(step=1, spec={"paused": True}), status={"promoteFull": True}))
    assert Promote(full=True)(before, sent, 1) == Send({"spec": {"paused": False}})
    assert isinstance(Promote(full=True)(before, sent, 2), Await)


def test_a_hand_paused_rollout_is_not_promoted_because_that_would_skip_its_analysis() -> None:
    """Promote as resume goes to the next step: a running analysis would be dropped and counted as passed."""
    paused = canary(step=3, spec={"paused": True}, status={"phase": "Paused", "message": "manually paused"})
    now = view(paused)
    with pytest.raises(DeliveryError, match="paused by hand") as refusal:
        Promote()(now, now, 0)
    assert "resume" in refusal.value.hint
    with pytest.raises(DeliveryError, match="paused by hand"):
        Promote(skip_current_step=True)(now, now, 0)


def test_a_running_step_is_not_promoted_unless_told_to_skip_it() -> None:
    now = view(canary(step=3))
    with pytest.raises(DeliveryError, match="it is not paused"):
        Promote()(now, now, 0)
    move = Promote(skip_current_step=True)(now, now, 0)
    assert isinstance(move, Send)
    assert isinstance(move.body, dict)
    assert move.body["status"]["currentStepIndex"] == 4


def test_skipping_a_pause_only_ends_it() -> None:
    """With the index raised too, the controller would take the next pause as ended as well."""
    now = view(canary(step=1))
    assert Promote(skip_current_step=True)(now, now, 0) == CLEARED


def test_skipping_an_inconclusive_step_keeps_the_pause_that_follows() -> None:
    """controllerPause without a pause condition tells the controller that the pause it enters was ended by hand."""
    now = view(canary(step=3, status=inconclusive(canary=STEP_RUN)))
    move = Promote(skip_current_step=True)(now, now, 0)
    assert move == Send(
        {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 4}}, subresource="status"
    )


def test_skipping_all_steps_goes_to_the_end() -> None:
    now = view(canary(step=1))
    move = Promote(skip_all_steps=True)(now, now, 0)
    assert isinstance(move, Send)
    assert isinstance(move.body, dict)
    assert move.body["status"]["currentStepIndex"] == 7
    done = view(canary(step=1, status={"currentStepIndex": 7, "pauseConditions": None, "controllerPause": None}))
    assert isinstance(Promote(skip_all_steps=True)(done, done, 0), Await)


def test_skipping_all_steps_is_done_when_the_traffic_has_moved() -> None:
    """Behind the last step the controller still scales and switches."""
    before = view(canary(step=1))
    running = {"phase": "Progressing", "message": "", "pauseConditions": None, "controllerPause": None}
    last = view(canary(step=1, status={**running, "currentStepIndex": 7}))
    assert Promote(skip_all_steps=True)(before, last, 1) == Await("revision 7 to be stable (Progressing, step 7 of 7)")


def test_a_blue_green_has_no_steps_to_skip() -> None:
    now = view(blue_green())
    with pytest.raises(DeliveryError, match="no steps to skip"):
        Promote(skip_current_step=True)(now, now, 0)


def test_an_inconclusive_step_is_passed_without_passing_the_next_pause() -> None:
    now = view(canary(step=3, status=inconclusive(canary=STEP_RUN)))
    assert Promote()(now, now, 0) == Send(
        {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 4}}, subresource="status"
    )


@pytest.mark.parametrize("verb", [Promote(), Promote(force=True), Promote(skip_current_step=True, force=True)])
@pytest.mark.parametrize("told", [{}, {"canary": BACKGROUND_RUN}, {"canary": {**STEP_RUN, **BACKGROUND_RUN}}])
def test_an_inconclusive_background_analysis_is_never_promoted_towards_a_pause(
    verb: Promote, told: dict[str, Any]
) -> None:
    """The controller passes each pause while it is inconclusive: one promotion was seen to release everything."""
    now = view(canary(step=0, status=inconclusive(**told)))
    with pytest.raises(DeliveryError, match="the controller passes every pause") as refusal:
        verb(now, now, 0)
    assert "rollout_undo" in refusal.value.hint
    assert Promote(full=True)(now, now, 0) == FULL


def test_an_inconclusive_background_analysis_is_refused_before_its_pause_is_told() -> None:
    """The run is inconclusive, the pause of the step still stands for itself: that is the same moment."""
    now = view(canary(step=1, status={"canary": BACKGROUND_RUN}))
    with pytest.raises(DeliveryError, match="the controller passes every pause"):
        Promote()(now, now, 0)


def test_after_the_last_pause_an_inconclusive_background_analysis_is_promoted_with_force() -> None:
    status = inconclusive(currentStepIndex=7, canary=BACKGROUND_RUN)
    now = view(canary(step=6, status=status))
    with pytest.raises(DeliveryError, match="the controller would measure anew"):
        Promote()(now, now, 0)
    with pytest.raises(DeliveryError, match="holds every step alike"):
        Promote(skip_all_steps=True, force=True)(now, now, 0)
    assert Promote(force=True)(now, now, 0) == CLEARED


def test_a_forced_promotion_of_an_inconclusive_blue_green_is_done_when_it_measures_anew() -> None:
    """It stops at its pause again afterwards: waiting for the switch would end in a timeout."""
    run = {"prePromotionAnalysisRunStatus": {"name": "first", "status": "Inconclusive"}}
    before = view(blue_green(status=inconclusive(blueGreen=run)))
    with pytest.raises(DeliveryError, match="inconclusive"):
        Promote()(before, before, 0)
    assert Promote(force=True)(before, before, 0) == CLEARED
    running = {"phase": "Progressing", "message": "", "pauseConditions": None, "controllerPause": None}
    assert isinstance(Promote(force=True)(before, view(blue_green(status={**running, "blueGreen": run})), 1), Await)
    anew = {"prePromotionAnalysisRunStatus": {"name": "second", "status": "Running"}}
    now = view(blue_green(status={**running, "blueGreen": anew}))
    assert Promote(force=True)(before, now, 1) == Done("its analysis measures anew (Progressing)")


def test_the_end_of_a_canarys_last_pause_is_no_matter_of_replica_sets_that_nobody_follows() -> None:
    """Seen only when it was promoted already, it would else be waited for until the time is over."""
    without_router = {"strategy": {"canary": {"trafficRouting": None, "stableService": None, "canaryService": None}}}
    promoted = canary(at_rest=True, spec=without_router, status={"currentPodHash": NEW, "stableRS": NEW})
    promoted.replica_sets = canary(step=6).replica_sets
    promoted.services.clear()
    before = view(canary(step=6, spec=without_router))
    assert Promote()(before, view(promoted), 1) == Done("revision 7 is promoted")
    assert isinstance(Promote(skip_all_steps=True)(before, view(promoted), 1), Await)


def test_a_step_that_was_passed_is_told_although_the_next_analysis_was_inconclusive_at_once() -> None:
    before, now = view(canary(step=1)), view(canary(step=3, status=inconclusive(canary=STEP_RUN)))
    assert Promote()(before, now, 1) == Done("step 1 passed, now in step 3 of 7")


def test_a_full_promotion_of_an_inconclusive_rollout_does_not_stumble_over_its_own_first_event() -> None:
    """The patched status still holds the pause until the controller has worked: that is no failure of the promotion."""
    objects = canary(step=3, status=inconclusive())
    before, sent = view(objects), view(later(objects, status={"promoteFull": True}))
    assert Promote(full=True)(before, before, 0) == FULL
    assert isinstance(Promote(full=True)(before, sent, 1), Await)


@pytest.mark.parametrize("verb", [Promote(), Promote(full=True), Promote(skip_all_steps=True), Promote(force=True)])
def test_an_aborted_revision_is_not_released_unchecked(verb: Promote) -> None:
    """A full promotion of an aborted rollout clears the abort and skips every analysis."""
    status = {"abort": True, "abortedAt": "2026-11-23T10:05:00Z", "phase": "Degraded", "message": "RolloutAborted: bad"}
    now = view(canary(step=1, status=status))
    with pytest.raises(DeliveryError, match="revision 7 was aborted"):
        verb(now, now, 0)


def test_an_aborted_revision_is_released_with_full_and_force() -> None:
    status = {"abort": True, "abortedAt": "2026-11-23T10:05:00Z", "phase": "Degraded", "message": "RolloutAborted: bad"}
    now = view(canary(step=1, status=status))
    verb = Promote(full=True, force=True)
    assert verb(now, now, 0) == FULL
    assert isinstance(verb(now, now, 1), Await)


def test_an_abort_after_the_promotion_is_told_with_its_measured_reason() -> None:
    before = view(canary(step=1))
    objects = canary(step=3)
    run = analysis_run("r-3", "Failed", metrics=[metric("error-rate", "result[0] < 0.02", ("Failed", "[0.21]"))])
    objects.analysis_runs = [run]
    status = {"abort": True, "abortedAt": "2026-11-23T10:05:00Z", "phase": "Degraded", "message": "RolloutAborted"}
    with pytest.raises(DeliveryError, match=r"metric error-rate measured 0\.21, needs < 0\.02") as error:
        Promote()(before, view(later(objects, status=status)), 1)
    assert error.value.reason == "Aborted"


def test_a_blue_green_is_promoted_when_the_service_itself_selects_the_new_pods() -> None:
    before = view(blue_green())
    assert Promote()(before, before, 0) == CLEARED
    running = {"phase": "Progressing", "message": "", "pauseConditions": None, "controllerPause": None}
    early = view(blue_green(status={**running, "blueGreen": {"activeSelector": NEW}}))
    assert early.traffic.main == OLD
    assert isinstance(Promote()(before, early, 1), Await)
    switched = view(blue_green(active=NEW, status=running))
    assert Promote()(before, switched, 1) == Done("revision 7 is active")


def test_what_is_promoted_already_stays_as_it_is() -> None:
    now = view(canary(at_rest=True))
    assert Promote()(now, now, 0) == Done("revision 7 is already promoted")


def test_a_deployment_cannot_be_promoted() -> None:
    objects = changed(canary(), lambda these: these.rollouts.clear())
    objects.deployments = [deployment()]
    now = views_of(objects)[NAME]
    with pytest.raises(DeliveryError, match="Deployment cannot be promoted"):
        Promote()(now, now, 0)


def test_a_revision_the_controller_has_given_up_is_refused_before_anything_is_sent() -> None:
    """Its pods do not come up: promoted fully, it would take the traffic with it."""
    conditions = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out progressing"}]
    now = view(canary(step=1, status={"phase": "Degraded", "conditions": conditions}))
    with pytest.raises(DeliveryError, match="the progress deadline passed"):
        Promote(full=True)(now, now, 0)
    assert isinstance(Promote(full=True, force=True)(now, now, 0), Send)
