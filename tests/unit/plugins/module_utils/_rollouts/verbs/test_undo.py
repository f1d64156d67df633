# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Undo, as little stories: what brings back the wrong template, or the right one without its traffic."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import View
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Await, Done, Guards, Send
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.undo import Undo, record_patch
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    DEPLOYMENT_HASH,
    FIRST,
    NAME,
    NEW,
    OLD,
    analysis_run,
    deployment,
    endpoint_slice,
    laid_over,
    replica_set,
    template,
)
from tests.unit.plugins.scenes import blue_green, canary, later, view

PROMOTED, RELEASE = "/metadata/annotations/delivery.tradesense.io~1promoted", "delivery.tradesense.io/release"
ABORTED_HASH, OTHER = "84cd7b9f55", "fffffffff"
ABORTED = {"abort": True, "abortedAt": "2026-11-23T10:05:00Z", "phase": "Degraded", "message": "RolloutAborted: bad"}


def patch_of(move: object) -> list[Obj]:
    """Return the JSON patch of a move, after a look at how it is sent."""
    assert isinstance(move, Send)
    assert (move.patch_type, move.subresource) == ("json", None)
    return list(move.body)  # type: ignore[arg-type]


def value_at(patch: list[Obj], path: str) -> Any:
    return next(operation["value"] for operation in patch if operation["path"] == path)


def with_aborted_between(at_rest: bool) -> Objects:
    """Return a canary on OLD after which a revision was released, aborted and, if at rest, taken back."""
    objects = canary(at_rest=at_rest, step=1)
    objects.replica_sets.append(replica_set(ABORTED_HASH, 8, 0, version="v2.7.9"))
    return objects


def test_in_flight_the_stable_template_comes_back_pinned_to_what_was_seen() -> None:
    now = view(canary(step=1))
    patch = patch_of(Undo()(now, now, 0))
    assert patch[0] == {"op": "test", "path": "/metadata/resourceVersion", "value": "1000"}
    assert patch[1] == {"op": "replace", "path": "/spec/template", "value": template("v2.7.0")}


def test_in_flight_the_target_is_the_stable_revision_and_not_the_one_before() -> None:
    """The previous revision may be an aborted one: it would be released again."""
    objects = with_aborted_between(at_rest=False)
    objects.rollouts[0]["metadata"]["annotations"]["rollout.argoproj.io/revision"] = "9"
    objects.replica_sets[2] = replica_set(NEW, 9, 1, version="v2.8.0")
    assert Undo().target(view(objects)) == OLD


def test_at_rest_the_target_is_the_one_promoted_before_and_not_an_aborted_one() -> None:
    objects = with_aborted_between(at_rest=True)
    objects.rollouts[0]["metadata"]["annotations"]["delivery.tradesense.io/promoted"] = f"{OLD} {FIRST}"
    assert Undo().target(view(objects)) == FIRST


def test_at_rest_without_a_record_a_revision_that_failed_its_analysis_is_passed_over() -> None:
    objects = with_aborted_between(at_rest=True)
    objects.analysis_runs = [analysis_run("bad", "Failed", pod_hash=ABORTED_HASH)]
    assert Undo().target(view(objects)) == FIRST


def test_a_promoted_revision_whose_replica_set_is_gone_is_passed_over() -> None:
    objects = canary(at_rest=True, promoted=f"{OLD} gone {FIRST}")
    assert Undo().target(view(objects)) == FIRST


def test_an_undo_is_sent_even_when_the_bad_release_only_removed_fields() -> None:
    """Compared as subsets, the bad template is contained in the good one: the plugin skips the rollback and returns 0."""
    objects = canary(step=1)
    objects.replica_sets[1]["spec"]["template"]["metadata"]["annotations"] = {"limits": "strict"}
    now = view(objects)
    sent = value_at(patch_of(Undo()(now, now, 0)), "/spec/template")
    assert sent["metadata"]["annotations"] == {"limits": "strict"}


def test_what_the_controller_injected_is_left_out_so_that_the_old_revision_comes_back() -> None:
    """Labels of the role and anti-affinity give another hash: a new revision that goes through every step."""
    injected = {
        "metadata": {
            "annotations": {"rollout.argoproj.io/ephemeral-metadata": json.dumps({"labels": {"role": "stable"}})}
        },
        "spec": {"template": {"metadata": {"labels": {"role": "stable"}}}},
    }
    objects = canary(step=1)
    objects.replica_sets[1] = laid_over(objects.replica_sets[1], injected)
    now = view(objects)
    assert value_at(patch_of(Undo()(now, now, 0)), "/spec/template") == template("v2.7.0")


def test_a_paused_rollout_is_unpaused_in_the_same_request() -> None:
    """A paused rollout keeps its traffic where it is, and is scaled down underneath it."""
    now = view(blue_green(active=NEW, spec={"paused": True}))
    patch = patch_of(Undo()(now, now, 0))
    assert {"op": "replace", "path": "/spec/paused", "value": False} in patch
    running = view(blue_green(active=NEW))
    assert not any(operation["path"] == "/spec/paused" for operation in patch_of(Undo()(running, running, 0)))


def test_an_aborted_blue_green_that_hangs_on_bad_pods_is_restored_by_the_template() -> None:
    status = {**ABORTED, "pauseConditions": None, "controllerPause": None}
    now = view(blue_green(active=NEW, ready={}, status=status))
    assert value_at(patch_of(Undo()(now, now, 0)), "/spec/template") == template("v2.7.0")


def test_success_is_read_from_the_traffic_and_not_from_the_phase() -> None:
    """Healthy was seen before the Ingress had moved, and with no ready endpoint at all."""
    before = view(canary(step=1))
    back = canary(at_rest=True)
    back.endpoint_slices = []
    assert Undo()(before, view(back), 1) == Await("0 of 10 stable pods are ready endpoints")
    back.endpoint_slices = [endpoint_slice(f"{NAME}-stable", {OLD: 10})]
    assert Undo()(before, view(back), 1) == Done(f"{OLD} serves all traffic again as revision 7")


def test_nothing_is_believed_before_the_controller_has_seen_the_template() -> None:
    before = view(canary(step=1))
    unseen = view(later(canary(step=1), metadata={"generation": 13}))
    assert isinstance(Undo()(before, unseen, 1), Await)
    assert Undo()(before, before, 1) == Await(f"the controller to take the template of {OLD} (now {NEW})")


def test_another_template_released_meanwhile_is_told() -> None:
    before = view(canary(step=1))
    newer = canary(step=1, status={"currentPodHash": OTHER}, spec={"template": template("v2.9.0")})
    with pytest.raises(DeliveryError, match=f"another template \\({OTHER}\\) was released meanwhile") as error:
        Undo()(before, view(newer), 1)
    assert error.value.reason == "Overtaken"


class TestNotRecognised:
    """The controller finds a revision by its own hash or by comparing templates, and each of the two can miss."""

    def scene(self, spec: Obj, **status: Any) -> Objects:
        """Return a canary whose stable ReplicaSet holds a default that nobody wrote."""
        objects = canary(step=1, status=status, spec={"template": spec})
        for item in objects.replica_sets[1:]:
            item["spec"]["template"]["spec"]["dnsPolicy"] = "ClusterFirst"
        return objects

    def test_the_template_comes_back_as_it_was_written_and_then_as_the_replica_set_has_it(self) -> None:
        before = view(self.scene(template("v2.8.0")))
        assert value_at(patch_of(Undo()(before, before, 0)), "/spec/template") == template("v2.7.0")
        missed = view(self.scene(template("v2.7.0"), currentPodHash=OTHER))
        second = value_at(patch_of(Undo()(before, missed, 1)), "/spec/template")
        assert second == template("v2.7.0", {"spec": {"dnsPolicy": "ClusterFirst"}})

    def test_after_the_second_miss_the_new_hash_is_what_is_brought_to_all_traffic(self) -> None:
        """The template is the good one: to wait for a hash that never comes helps nobody."""
        before = view(self.scene(template("v2.8.0")))
        complete = template("v2.7.0", {"spec": {"dnsPolicy": "ClusterFirst"}})
        missed = view(self.scene(complete, currentPodHash=OTHER))
        promote = Undo(full=True)(before, missed, 2)
        assert promote == Send({"status": {"promoteFull": True}}, subresource="status")
        done = Undo()(before, missed, 2)
        assert done == Done(f"the template of {OLD} (now {OTHER}) is back and goes through its steps like any release")


def test_right_after_a_release_an_undo_waits_until_that_was_seen() -> None:
    """The status still speaks of the revision before: going back from there takes back a good release too."""
    just_released = view(later(canary(at_rest=True, promoted=f"{OLD} {FIRST}"), metadata={"generation": 13}))
    move = Undo()(just_released, just_released, 0)
    assert move == Await("the controller (waiting for rollout spec update to be observed)")
    running = deployment(generation=6)
    held = Objects(deployments=[running], replica_sets=[replica_set(OLD, 7, 3, label=DEPLOYMENT_HASH)])
    assert isinstance(Undo()(view(held), view(held), 0), Await)


def test_after_a_promotion_the_old_revision_goes_through_its_steps_unless_full() -> None:
    before = view(canary(at_rest=True, promoted=f"{OLD} {FIRST}"))
    patch = patch_of(Undo()(before, before, 0))
    assert value_at(patch, "/spec/template") == template("v2.6.0")
    taken = canary(step=1, status={"currentPodHash": FIRST})
    taken.replica_sets = [replica_set(FIRST, 7, 1), replica_set(OLD, 6, 10)]
    assert Undo()(before, view(taken), 1) == Done(
        f"the template of {FIRST} is back and goes through its steps like any release"
    )
    # A blue-green would stand at its pause, a canary at its first: with customers on the bad release.
    full = Undo(full=True)
    assert full(before, view(taken), 1) == Send({"status": {"promoteFull": True}}, subresource="status")
    assert isinstance(full(before, view(later(taken, status={"promoteFull": True})), 2), Await)
    # A controller that erases it again and again is not asked for ever.
    assert isinstance(full(before, view(taken), 4), Await)


def test_an_old_replica_set_on_its_way_down_is_not_trusted() -> None:
    """The controller believes its stale status, goes Healthy and sends all traffic to pods that are being removed."""
    objects = blue_green(at_rest=True, promoted=f"{OLD} {FIRST}")
    objects.replica_sets[0]["status"]["replicas"] = 3
    now = view(objects)
    assert Undo(full=True)(now, now, 0) == Await(f"the status of ReplicaSet {FIRST} to be current")
    objects.replica_sets[0]["status"]["replicas"] = 0
    objects.replica_sets[0]["metadata"]["generation"] = 2
    assert isinstance(Undo(full=True)(view(objects), view(objects), 0), Await)
    objects.replica_sets[0]["status"]["observedGeneration"] = 2
    assert isinstance(Undo(full=True)(view(objects), view(objects), 0), Send)


def test_an_undo_strikes_what_it_takes_back_from_the_record() -> None:
    """Else a second undo would come back to the bad release."""
    now = view(canary(at_rest=True, promoted=f"{OLD} {FIRST}"))
    assert value_at(patch_of(Undo()(now, now, 0)), PROMOTED) == FIRST
    in_flight = view(canary(step=1, promoted=f"{OLD} {FIRST}"))
    assert value_at(patch_of(Undo()(in_flight, in_flight, 0)), PROMOTED) == f"{OLD} {FIRST}"


def test_an_undo_marks_the_release_as_taken_back_once() -> None:
    objects = canary(step=1)
    annotations = objects.rollouts[0]["metadata"]["annotations"]
    path = f"/metadata/annotations/{RELEASE.replace('/', '~1')}"
    annotations[RELEASE] = "20261123T101502Z"
    assert value_at(patch_of(Undo()(view(objects), view(objects), 0)), path) == "20261123T101502Z rolled-back"
    annotations[RELEASE] = "20261123T101502Z rolled-back"
    assert value_at(patch_of(Undo()(view(objects), view(objects), 0)), path) == "20261123T101502Z rolled-back"


def test_a_rollout_without_annotations_gets_them_as_a_whole() -> None:
    rollout = canary(at_rest=True).rollouts[0]
    rollout["metadata"]["annotations"] = None
    expected = {"delivery.tradesense.io/promoted": OLD}
    assert record_patch(rollout) == [{"op": "add", "path": "/metadata/annotations", "value": expected}]


def test_a_revision_is_named_by_hash_or_number() -> None:
    now = view(canary(at_rest=True))
    assert Undo(to_hash=FIRST).target(now) == FIRST
    assert Undo(to_revision=5).target(now) == FIRST


def test_two_undos_at_once_take_back_one_release() -> None:
    """The second one's request is refused: decided anew on what the first one made, it would bring the bad release back."""
    before = view(canary(step=1, promoted=f"{OLD} {FIRST}", spec={"template": template("v2.8.0")}))
    restored = {"template": template("v2.7.0")}
    back = view(canary(at_rest=True, promoted=f"{OLD} {FIRST}", spec=restored))
    assert Undo()(before, back, 0) == Done(f"somebody else brought {OLD} back meanwhile")


def test_an_undo_does_not_take_back_what_came_after_its_first_look() -> None:
    before = view(canary(step=1))
    newer = view(canary(step=1, spec={"template": template("v2.9.0")}))
    with pytest.raises(DeliveryError, match="another template was released meanwhile"):
        Undo()(before, newer, 0)


def test_a_number_that_moved_is_refused_with_those_there_are() -> None:
    """A revision that comes back gets a new number: the old one must not mean another revision."""
    now = view(canary(at_rest=True))
    with pytest.raises(DeliveryError, match="there is no revision 3; there are 5, 7"):
        Undo(to_revision=3)(now, now, 0)
    with pytest.raises(DeliveryError, match="the ReplicaSet of 000 does not exist any more"):
        Undo(to_hash="000")(now, now, 0)


def test_what_is_live_already_stays() -> None:
    now = view(canary(at_rest=True))
    assert Undo(to_hash=OLD)(now, now, 0) == Done("revision 7 is live already")


def test_what_is_on_its_way_already_is_not_started_again_nor_released_unchecked() -> None:
    now = view(canary(step=1))
    assert Undo(to_hash=NEW)(now, now, 0) == Done("revision 7 is on its way already")
    with pytest.raises(DeliveryError, match="revision 7 is on its way already") as refusal:
        Undo(to_hash=NEW, full=True)(now, now, 0)
    assert "rollout_promote" in refusal.value.hint


def test_without_a_record_one_of_several_revisions_is_not_guessed() -> None:
    """The newest of them may have been aborted: with full, a guess would release it to everybody."""
    now = view(with_aborted_between(at_rest=True))
    with pytest.raises(
        DeliveryError, match="it is not recorded which of its earlier revisions was promoted"
    ) as refusal:
        Undo()(now, now, 0)
    assert f"5 ({FIRST}, tradesense/trading-service:v2.6.0); 8 ({ABORTED_HASH}, " in refusal.value.msg
    assert "to_hash" in refusal.value.hint


def test_a_target_that_is_neither_stable_nor_live_is_guarded_in_flight_too() -> None:
    objects = canary(step=1)
    objects.replica_sets[0]["status"]["replicas"] = 3
    now = view(objects)
    assert Undo(to_hash=FIRST)(now, now, 0) == Await(f"the status of ReplicaSet {FIRST} to be current")


def test_only_what_was_approved_is_taken_back() -> None:
    now = view(canary(step=1))
    with pytest.raises(DeliveryError, match="hash abc was expected"):
        Undo(guards=Guards(hash="abc"))(now, now, 0)


def test_with_a_single_revision_there_is_nothing_to_go_back_to() -> None:
    objects = canary(at_rest=True)
    del objects.replica_sets[0]
    with pytest.raises(DeliveryError, match="no earlier revision"):
        Undo()(view(objects), view(objects), 0)


def test_the_first_release_of_all_is_waited_for_and_has_nothing_to_go_back_to() -> None:
    born = canary(step=1, status={"stableRS": None, "observedGeneration": "11"})
    assert isinstance(Undo()(view(born), view(born), 0), Await)


class TestDeployment:
    """A Deployment has no promotion: its pods say when it is done."""

    def objects(self, *, revision: int = 7, **status: Any) -> Objects:
        owners = {"metadata": {"ownerReferences": [{"uid": f"uid-{NAME}", "controller": True}]}}
        sets = [
            replica_set(OLD, 6, 0, label=DEPLOYMENT_HASH, given=owners),
            replica_set(NEW, revision, 3, version="v2.8.0", label=DEPLOYMENT_HASH, given=owners),
        ]
        return Objects(deployments=[deployment(status=status)], replica_sets=sets)

    def view_after(self, **status: Any) -> View:
        objects = self.objects(**status)
        objects.replica_sets[0] = replica_set(OLD, 8, 3, label=DEPLOYMENT_HASH)
        objects.deployments[0]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "8"
        return view(objects)

    def test_at_rest_it_goes_back_to_the_newest_earlier_revision(self) -> None:
        now = view(self.objects())
        patch = patch_of(Undo()(now, now, 0))
        assert value_at(patch, "/spec/template") == template("v2.7.0")
        assert not any("promoted" in operation["path"] for operation in patch)

    def test_in_flight_it_goes_back_to_the_one_that_still_has_pods(self) -> None:
        objects = self.objects(updatedReplicas=1)
        objects.replica_sets[0]["spec"]["replicas"] = 2
        objects.replica_sets.append(replica_set(FIRST, 5, 0, label=DEPLOYMENT_HASH))
        assert Undo().target(view(objects)) == OLD

    def test_it_is_done_when_its_pods_are_up(self) -> None:
        before = view(self.objects())
        assert isinstance(Undo()(before, self.view_after(availableReplicas=1), 1), Await)
        assert Undo()(before, self.view_after(), 1) == Done(f"{OLD} serves all traffic again as revision 8")


def test_a_template_held_by_nothing_that_exists_is_refused() -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gone"}
    now = view(canary(step=1, spec={"workloadRef": reference, "template": None}))
    with pytest.raises(DeliveryError, match="its pod template is held by Deployment gone"):
        Undo()(now, now, 0)


def test_with_workload_ref_the_rollout_is_prepared_before_the_template_changes() -> None:
    """Without the mark a second rollback would go one release further back; paused, nothing would move."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "held"}
    objects = canary(
        step=1,
        spec={"workloadRef": reference, "template": None, "paused": True},
        status={"workloadObservedGeneration": "5"},
    )
    objects.deployments = [deployment("held", resourceVersion="777")]
    objects.rollouts[0]["metadata"]["annotations"][RELEASE] = "20261123T101502Z"
    now = view(objects)
    first = Undo()(now, now, 0)
    assert isinstance(first, Send)
    assert isinstance(first.body, dict)
    assert not first.to_template_owner
    assert "spec" not in first.body, "resumed before it has its good template, it would go on with the bad one"
    assert first.body["metadata"]["annotations"][RELEASE] == "20261123T101502Z rolled-back"
    second = Undo()(now, now, 1)
    assert isinstance(second, Send)
    assert second.to_template_owner
    assert value_at(list(second.body), "/spec/template") == template("v2.7.0")  # type: ignore[arg-type]
    assert Undo()(now, now, 2) == Send({"spec": {"paused": False}})
    objects.rollouts[0]["spec"]["paused"] = False
    assert isinstance(Undo()(now, view(objects), 3), Await)
