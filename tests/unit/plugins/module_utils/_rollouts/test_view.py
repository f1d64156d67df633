# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From objects to views: what belongs to which workload, and what a result says of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import Image, Replicas, Step, Weight
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.report.data import entry_of
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.states import dead_end
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import (
    Objects,
    containers_of,
    revision_of,
    views_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    DEPLOYMENT_HASH,
    FIRST,
    IMAGE,
    NAME,
    NEW,
    OLD,
    analysis_run,
    deployment,
    laid_over,
    owned_by,
    pod,
    replica_set,
    rollout,
)
from tests.unit.plugins.scenes import blue_green, canary, view

REFERENCE = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "held"}


def test_a_canary_in_flight() -> None:
    now = view(canary(step=1))
    assert (now.kind, now.strategy, now.in_flight, now.paused) == ("Rollout", "canary", True, True)
    assert (now.revision, now.stable_revision) == (7, 6)
    assert (now.current_hash, now.stable_hash) == (NEW, OLD)
    assert now.step == Step(1, 7)
    assert now.weight == Weight(set=10, actual=10)
    assert now.pause_reasons == ("CanaryPauseStep",)
    assert now.replicas == Replicas(desired=10, current=11, updated=1, ready=11, available=11)
    assert set(now.hashes) == {FIRST, OLD, NEW}


def test_the_entry_of_a_result_is_plain_and_has_every_documented_key() -> None:
    entry = entry_of(view(canary(step=1)))
    assert json.loads(json.dumps(entry)) == entry
    assert set(entry) == {
        "kind", "strategy", "phase", "message", "revision", "stable_revision", "current_hash", "stable_hash",
        "in_flight", "aborted", "paused", "pause_reasons", "states", "on_stable", "step",
        "weight", "images", "replicas", "release",
    }  # fmt: skip
    assert entry["step"] == {"index": 1, "total": 7}
    assert entry_of(view(blue_green()))["step"] is None


def test_images_carry_the_tags_of_the_revisions_that_run_them() -> None:
    images = view(canary(step=1)).images
    assert images == (
        Image("trading-service", f"{IMAGE}:v2.8.0", ["canary"]),
        Image("trading-service", f"{IMAGE}:v2.7.0", ["stable"]),
    )
    assert [image.tags for image in view(blue_green()).images] == [["preview"], ["stable", "active"]]
    assert [image.tags for image in view(blue_green(active=NEW)).images] == [["active"], ["stable"]]
    assert [image.tags for image in view(blue_green(at_rest=True)).images] == [["stable", "active"]]


def test_a_revision_with_a_role_is_told_without_pods_too() -> None:
    objects = canary(step=1, status={"abort": True})
    for item in objects.replica_sets:
        item["spec"]["replicas"] = 0
    assert [image.tags for image in view(objects).images] == [["canary"], ["stable"]]


def experiment(name: str = f"{NAME}-{NEW}-7-3", *, pods: int = 1) -> tuple[Obj, Obj]:
    """Return a ReplicaSet and an analysis run of an Experiment."""
    made = {"metadata": {"ownerReferences": owned_by(name, "Experiment")}, "status": {"replicas": pods}}
    templated = {"metadata": {"annotations": {"experiment.argoproj.io/template-name": "baseline"}}}
    replica_set_ = laid_over(replica_set("eeee", 0, 1), laid_over(made, templated))
    run = analysis_run(f"{name}-judge", "Failed", labels=None, ownerReferences=owned_by(name, "Experiment"))
    return replica_set_, run


def test_an_experiment_is_known_by_its_name() -> None:
    """Its images get a tag, and its analysis runs are those of the revision it tests."""
    objects = canary(step=1)
    for made in (experiment(), experiment("tradesense-api-6c96ffff68-7-3"), experiment(f"{NAME}-{NEW}-7-1", pods=0)):
        objects.replica_sets.append(made[0])
        objects.analysis_runs.append(made[1])
    now = view(objects)
    assert now.images == (
        Image("trading-service", f"{IMAGE}:v2.8.0", ["canary"]),
        Image("trading-service", f"{IMAGE}:v2.7.0", ["stable", "experiment:baseline"]),
    )
    assert set(now.hashes) == {FIRST, OLD, NEW}
    assert [(run.name, run.kind, run.hash) for run in now.runs] == [
        (f"{NAME}-{NEW}-7-1-judge", "Experiment", NEW),
        (f"{NAME}-{NEW}-7-3-judge", "Experiment", NEW),
    ]


def test_what_failed_in_an_experiment_is_the_cause_of_an_abort() -> None:
    objects = canary(step=1, status={"abort": True, "abortedAt": "2026-11-23T10:00:00Z", "phase": "Degraded"})
    objects.analysis_runs.append(experiment()[1])
    assert f"analysis run {NAME}-{NEW}-7-3-judge is Failed" in dead_end(view(objects), ["healthy"])


def test_a_blue_green_has_neither_step_nor_weight() -> None:
    now = view(blue_green())
    assert (now.strategy, now.step, now.weight) == ("blue_green", None, None)


def test_a_manual_pause_is_named_beside_the_controllers() -> None:
    now = view(canary(step=1, spec={"paused": True}))
    assert now.pause_reasons == ("CanaryPauseStep", "ManualPause")


def test_only_what_a_workload_controls_belongs_to_it() -> None:
    objects = canary(step=1)
    objects.replica_sets.append(replica_set("aaaa", 9, 1, owner="another"))
    stranger = replica_set("bbbb", 9, 1)
    stranger["metadata"]["ownerReferences"][0]["controller"] = False
    objects.replica_sets.append(stranger)
    objects.analysis_runs = [
        analysis_run("second", "Running", creationTimestamp="2026-11-23T11:00:00Z"),
        analysis_run("first", "Successful"),
        analysis_run("foreign", "Failed", ownerReferences=owned_by("another")),
    ]
    now = view(objects)
    assert "aaaa" not in now.hashes
    assert "bbbb" not in now.hashes
    assert [run.name for run in now.runs] == ["first", "second"]


def test_pods_belong_to_their_replica_set_the_oldest_first() -> None:
    objects = canary(step=1)
    objects.pods = [
        pod("young", NEW, given={"metadata": {"creationTimestamp": "2026-11-23T11:00:00Z"}}),
        pod("old", NEW),
        pod("other", OLD),
        pod("foreign", owner="another"),
    ]
    found = view(objects).pods
    assert {name: [item.name for item in pods] for name, pods in found.items()} == {
        NEW: [f"{NAME}-{NEW}-old", f"{NAME}-{NEW}-young"],
        OLD: [f"{NAME}-{OLD}-other"],
    }


def test_each_hash_has_its_roles() -> None:
    assert view(canary(step=1)).roles == {OLD: ["stable"], NEW: ["canary"]}
    assert view(blue_green()).roles == {OLD: ["stable", "active"], NEW: ["preview"]}
    assert view(Objects(rollouts=[rollout({"canary": {}})])).roles == {}


def test_the_time_for_many_views_grows_with_their_number_only() -> None:
    """What surrounds the workloads is gone through once or twice, not once for each of them."""

    class Counted(list[Obj]):
        rounds = 0

        def __iter__(self) -> Iterator[Obj]:
            self.rounds += 1
            return super().__iter__()

    objects = canary(step=1)
    objects.rollouts = [copy.deepcopy(objects.rollouts[0]) for _ in range(30)]
    for number, item in enumerate(objects.rollouts):
        item["metadata"].update(name=f"{NAME}-{number}", uid=f"uid-{NAME}-{number}")
    kinds = ("replica_sets", "services", "ingresses", "endpoint_slices", "pods", "analysis_runs")
    for kind in kinds:
        setattr(objects, kind, Counted(getattr(objects, kind)))
    assert len(views_of(objects)) == 30
    assert all(getattr(objects, kind).rounds <= 2 for kind in kinds)


def test_views_come_in_the_order_of_names_and_only_those_named() -> None:
    objects = Objects(rollouts=[rollout({"canary": {}}, name="b")], deployments=[deployment("a"), deployment("c")])
    assert list(views_of(objects)) == ["a", "b", "c"]
    assert list(views_of(objects, ["c", "b"])) == ["b", "c"]


def test_a_referenced_deployment_is_part_of_its_rollout() -> None:
    objects = canary(step=1, spec={"workloadRef": REFERENCE, "template": None})
    objects.deployments = [deployment("held"), deployment("other")]
    views = views_of(objects)
    assert list(views) == ["other", NAME]
    assert views[NAME].template_owner["kind"] == "Deployment"


def test_a_referenced_deployment_that_is_named_is_found_all_the_same() -> None:
    """A name that a caller gave and the estate found must not be missing from the views."""
    objects = canary(step=1, spec={"workloadRef": REFERENCE, "template": None})
    objects.deployments = [deployment("held")]
    assert set(views_of(objects, [NAME, "held"])) == {NAME, "held"}


def test_a_reference_to_another_kind_does_not_take_a_deployment_of_that_name() -> None:
    objects = canary(step=1, spec={"workloadRef": {**REFERENCE, "kind": "PodTemplate"}, "template": None})
    objects.deployments = [deployment("held")]
    views = views_of(objects)
    assert views[NAME].template_owner["kind"] == "Rollout"
    assert "held" in views


def test_where_a_rollout_and_a_deployment_share_a_name_the_rollout_is_meant() -> None:
    objects = canary(step=1)
    objects.deployments = [deployment()]
    assert view(objects).kind == "Rollout"


def test_a_deployment_is_in_flight_while_older_pods_remain() -> None:
    sets = [
        replica_set(FIRST, 5, 0, label=DEPLOYMENT_HASH),
        replica_set(OLD, 6, 2, label=DEPLOYMENT_HASH),
        replica_set(NEW, 7, 1, version="v2.8.0", label=DEPLOYMENT_HASH),
    ]
    running = view(Objects(deployments=[deployment(status={"updatedReplicas": 1})], replica_sets=sets))
    assert (running.current_hash, running.stable_hash, running.in_flight) == (NEW, OLD, True)
    assert (running.revision, running.stable_revision, running.strategy) == (7, 6, "rolling")
    assert [image.tags for image in running.images] == [["current"], ["stable"]]
    done = view(Objects(deployments=[deployment()], replica_sets=sets))
    assert (done.stable_hash, done.in_flight) == (NEW, False)


def test_a_deployment_without_replica_sets_is_no_failure() -> None:
    now = view(Objects(deployments=[deployment()]))
    assert (now.current_hash, now.in_flight, now.images) == ("", False, ())


def test_a_rollout_just_created_is_no_failure() -> None:
    born = rollout({"canary": {"steps": [{"setWeight": 5}]}}, annotations={"rollout.argoproj.io/revision": None})
    now = view(Objects(rollouts=[born]))
    assert (now.revision, now.current_hash, now.in_flight, now.phase.settled) == (0, "", False, False)


def test_small_readers() -> None:
    assert revision_of(None) == 0
    assert revision_of({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "4"}}}) == 4
    assert revision_of({"metadata": {"annotations": {"rollout.argoproj.io/revision": "x"}}}) == 0
    both = {"spec": {"initContainers": [{"name": "i"}], "containers": [{"name": "c"}]}}
    assert [item["name"] for item in containers_of(both)] == ["i", "c"]
    assert containers_of({}) == []
