# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Abort, as little stories: an abort that the controller ignores, erases or does not finish."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Await, Done, Guards, Send
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.abort import Abort
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects

from tests.unit.plugins.builders import (
    NAME,
    NEW,
    OLD,
    deployment,
    endpoint_slice,
    replica_set,
    service,
    template,
)
from tests.unit.plugins.scenes import blue_green, canary, changed, later, view

ABORT = Send({"status": {"abort": True, "promoteFull": False}}, subresource="status")
ABORTED = {
    "abort": True,
    "abortedAt": "2026-11-23T10:05:00Z",
    "phase": "Degraded",
    "message": "RolloutAborted: Rollout aborted update to revision 7",
    "pauseConditions": None,
    "controllerPause": None,
    "conditions": [{"type": "Progressing", "status": "False", "reason": "RolloutAborted"}],
}


def stuck(**more: Any) -> Objects:
    """Return an aborted blue-green whose active Service selects the bad pods, one of which is not ready."""
    objects = blue_green(active=NEW, status={**ABORTED, **more.pop("status", {})}, ready={NEW: 9}, **more)
    objects.replica_sets[-1]["status"]["availableReplicas"] = 9
    return objects


def test_an_abort_also_withdraws_a_full_promotion() -> None:
    """The controller removes an abort on every pass while a full promotion goes on: the bad release would go live."""
    now = view(canary(step=1, status={"promoteFull": True}))
    assert Abort()(now, now, 0) == ABORT


def test_an_abort_is_done_when_the_router_and_the_services_are_back_and_not_before() -> None:
    before = view(canary(step=1))
    asked = view(later(canary(step=1), status={"abort": True}))
    assert Abort()(before, asked, 1) == Await("the controller to abort")
    taken = view(canary(step=1, weight=10, status=ABORTED))
    assert Abort()(before, taken, 1) == Await("the router still sends 10 % to the canary")
    back = view(canary(step=1, weight=0, status=ABORTED))
    assert Abort()(before, back, 1) == Done(f"revision 7 is aborted, {OLD} serves all traffic")


def test_an_abort_that_the_controller_takes_back_is_replaced_by_the_stable_template() -> None:
    """The API server answers 200; on its way back inside the rollback window the controller removes the abort each time."""
    before = view(canary(step=1))
    erased = view(later(canary(step=1), status={"abort": None, "abortedAt": None}))
    move = Abort()(before, erased, 1)
    assert isinstance(move, Send)
    assert move.body[1] == {"op": "replace", "path": "/spec/template", "value": template("v2.7.0")}  # type: ignore[index]
    del erased.hashes[OLD]
    assert Abort()(before, erased, 1) == Await("the controller to abort")


def test_what_was_promoted_before_the_abort_is_not_told_as_taken_back() -> None:
    """Nothing is in flight any more in both cases: the revisions that are stable tell them apart."""
    before = view(canary(step=6, weight=60))
    promoted = view(canary(at_rest=True, status={"stableRS": NEW, "currentPodHash": NEW}))
    with pytest.raises(DeliveryError, match="revision 7 was promoted before it could be aborted") as error:
        Abort()(before, promoted, 1)
    assert error.value.reason == "Overtaken"
    assert "rollout_undo" in error.value.hint


def test_another_template_released_meanwhile_is_told() -> None:
    """It erases the abort: waiting for that would end in a timeout that blames the controller."""
    before = view(canary(step=1))
    newer = canary(step=1, status={"currentPodHash": "84cd7b9f55"}, spec={"template": template("v2.9.0")})
    unseen = view(later(newer, metadata={"generation": 13}))
    assert isinstance(Abort()(before, unseen, 1), Await)
    with pytest.raises(DeliveryError, match="another template") as error:
        Abort()(before, view(newer), 1)
    assert error.value.reason == "Overtaken"


def test_a_restored_template_that_becomes_a_new_revision_is_told() -> None:
    before = view(stuck())
    missed = canary(step=1, status={"currentPodHash": "84cd7b9f55"}, spec={"template": template("v2.7.0")})
    with pytest.raises(DeliveryError, match="takes it for a new revision") as error:
        Abort()(before, view(missed), 2)
    assert "rollout_promote" in error.value.hint


def test_an_abort_in_the_same_instant_as_a_new_template_waits_for_it() -> None:
    """A template change resets the status: an abort sent before it was observed is erased, and the release goes on."""
    now = view(later(canary(step=1), metadata={"generation": 13}))
    assert Abort()(now, now, 0) == Await("the controller (waiting for rollout spec update to be observed)")


def test_with_nothing_in_flight_an_abort_is_refused() -> None:
    """The controller would clear it silently, and the caller would believe that something was taken back."""
    now = view(canary(at_rest=True))
    with pytest.raises(DeliveryError, match="nothing is in flight") as refusal:
        Abort()(now, now, 0)
    assert "rollout_undo" in refusal.value.hint


def test_what_was_released_after_the_first_look_is_not_aborted() -> None:
    before = view(canary(step=1, spec={"template": template("v2.8.0")}))
    with pytest.raises(DeliveryError, match="another template was released meanwhile"):
        Abort()(before, view(canary(step=1, spec={"template": template("v2.9.0")})), 0)


def test_only_what_was_approved_is_aborted() -> None:
    now = view(canary(step=1))
    with pytest.raises(DeliveryError, match="revision 6 was expected"):
        Abort(Guards(revision=6))(now, now, 0)


def test_a_paused_rollout_is_unpaused_because_its_abort_would_not_finish() -> None:
    """With spec.paused the active Service keeps selecting the bad pods, although abortedAt is set."""
    before = view(blue_green(active=NEW, spec={"paused": True}))
    now = view(blue_green(active=NEW, spec={"paused": True}, status=ABORTED))
    assert Abort()(before, now, 1) == Send({"spec": {"paused": False}})


def test_a_blue_green_that_does_not_switch_back_gets_its_stable_template() -> None:
    """With one new pod not ready the controller never switches back and scales the selected pods to 0: an outage."""
    before, now = view(blue_green(active=NEW)), view(stuck())
    move = Abort()(before, now, 1)
    assert isinstance(move, Send)
    assert move.patch_type == "json"
    test, replace = move.body
    assert test == {"op": "test", "path": "/metadata/resourceVersion", "value": "1000"}
    assert replace == {"op": "replace", "path": "/spec/template", "value": template("v2.7.0")}


def test_after_the_stable_template_was_sent_the_controller_is_waited_for() -> None:
    sent = view(later(stuck(), metadata={"generation": 13}))
    assert Abort()(view(blue_green(active=NEW)), sent, 2) == Await("the controller to abort")
    back = blue_green(at_rest=True, active=OLD, ready={})
    assert Abort()(view(blue_green()), view(back), 2) == Await("0 of 10 stable pods are ready endpoints")
    back.endpoint_slices = [endpoint_slice(f"{NAME}-active", {OLD: 10})]
    assert Abort()(view(blue_green()), view(back), 2) == Done(f"{OLD} serves all traffic; its template was restored")


def test_a_blue_green_with_healthy_new_pods_switches_by_itself() -> None:
    now = view(blue_green(active=NEW, status=ABORTED))
    assert isinstance(Abort()(view(blue_green(active=NEW)), now, 1), Await)


def test_the_controllers_own_abort_that_hangs_is_repaired_too() -> None:
    """After a failed analysis the controller aborts by itself, and hangs in the same way: waiting would not end it."""
    now = view(stuck())
    move = Abort()(now, now, 0)
    assert isinstance(move, Send)
    assert move.patch_type == "json"
    paused = view(stuck(spec={"paused": True}))
    assert Abort()(paused, paused, 0) == Send({"spec": {"paused": False}})


def test_a_finished_abort_is_not_sent_again() -> None:
    now = view(canary(step=1, weight=0, status=ABORTED))
    assert Abort()(now, now, 0) == Done("revision 7 is aborted already")


def test_the_stable_template_goes_to_the_deployment_that_holds_it_with_that_ones_version() -> None:
    """Pinned to the version of the Rollout, the patch of the Deployment would be refused every time."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "held"}
    objects = stuck(spec={"workloadRef": reference, "template": None}, status={"workloadObservedGeneration": "5"})
    objects.deployments = [deployment("held", resourceVersion="777")]
    now = view(objects)
    move = Abort()(now, now, 1)
    assert isinstance(move, Send)
    assert move.to_template_owner
    assert move.body[0]["value"] == "777"  # type: ignore[index]


def test_without_a_router_an_abort_is_done_when_only_stable_pods_are_left() -> None:
    """A basic canary names no Services, and every pod gets its part: abortedAt says nothing about the bad ones."""
    strategy = {"canary": {"trafficRouting": None, "stableService": None, "canaryService": None}}
    objects = canary(step=1, status=ABORTED, spec={"strategy": strategy})
    assert Abort()(view(canary(step=1)), view(objects), 1) == Await(
        f"1 pods of {NEW} still get their part of the traffic"
    )
    objects.replica_sets[-1]["spec"]["replicas"] = 0
    assert isinstance(Abort()(view(canary(step=1)), view(objects), 1), Await)
    objects.replica_sets[-1]["status"]["replicas"] = 0
    assert isinstance(Abort()(view(canary(step=1)), view(objects), 1), Done)


def test_behind_services_that_nobody_could_read_there_is_nothing_more_to_wait_for() -> None:
    objects = changed(canary(step=1, weight=0, status=ABORTED), lambda these: these.services.clear())
    assert isinstance(Abort()(view(canary(step=1)), view(objects), 1), Done)


def test_a_deployment_cannot_be_aborted() -> None:
    now = view(Objects(deployments=[deployment()], replica_sets=[replica_set(OLD, 7, 3, label="pod-template-hash")]))
    with pytest.raises(DeliveryError, match="Deployment cannot be aborted"):
        Abort()(now, now, 0)


def test_a_selector_without_a_hash_is_not_taken_for_the_bad_one() -> None:
    objects = stuck()
    objects.services[0] = service(f"{NAME}-active")
    assert isinstance(Abort()(view(blue_green()), view(objects), 1), Await)
