# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The way from a Deployment to a Rollout and back: each request, its order, and that one can stop anywhere."""

from __future__ import annotations

import functools

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._migration import backward, forward
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.moves import Later, Patch, Wait
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.wanted import MARK

from tests.unit.plugins.builders import NAME, NEW, service
from tests.unit.plugins.migrations import (
    ACTIVE,
    HOST,
    MAIN,
    OLD_INGRESS,
    PREVIEW,
    STABLE,
    STRATEGIES,
    World,
    finished,
    ingress,
    scaler,
)

MIGRATED = functools.partial(forward.to_rollout, scale_down="progressively")


def backends(world: World) -> dict[str, str]:
    """Return the Service that each Ingress leads to."""
    return {
        name: item["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"]
        for (kind, name), item in world.objects.items()
        if kind == "Ingress"
    }


def notes(world: World) -> list[str]:
    """Return the objects with a note of the migration."""
    return [
        f"{kind}/{name}"
        for (kind, name), item in world.objects.items()
        if MARK in item["metadata"].get("annotations", {})
    ]


def test_each_request_of_a_blue_green() -> None:
    world = World("blue_green")
    assert world.run(MIGRATED) == [
        f"create Service {ACTIVE}, {PREVIEW}",
        f"create Rollout {NAME} with the Deployment's pod template and 3 pods",
        f"turn Ingress {OLD_INGRESS} to Service {ACTIVE}",
    ]
    assert world.get("Deployment")["spec"]["replicas"] == 0
    assert backends(world) == {OLD_INGRESS: ACTIVE}
    assert world.run(MIGRATED) == []
    template = world.get("Deployment")["spec"]["template"]
    assert world.run(finished) == [
        f"give Rollout {NAME} its own pod template, the Deployment's",
        f"delete Deployment {NAME}",
        f"take the note of the migration off Ingress {OLD_INGRESS}",
        "apply Services, Ingresses and Rollout as provisioning does",
    ]
    spec = world.get("Rollout")["spec"]
    assert "workloadRef" not in spec
    assert spec["template"] == template
    assert spec["selector"] == {"matchLabels": {"app": NAME}}
    assert ("Deployment", NAME) not in world.objects
    assert not [name for name in notes(world) if name.startswith(("Ingress", "Rollout"))]
    assert world.run(finished) == []


def test_each_request_of_a_canary() -> None:
    """Argo needs the Ingress of the canary first; the one before it serves until the other one takes its place."""
    world = World("canary")
    assert world.run(MIGRATED) == [
        f"create Service {STABLE}, {NAME}-canary",
        f"create Ingress {STABLE}",
        f"create Rollout {NAME} with the Deployment's pod template and 3 pods",
        f"turn Ingress {OLD_INGRESS} to Service {STABLE}",
    ]
    made = world.get("Ingress", STABLE)["metadata"]["annotations"]
    assert made["nginx.ingress.kubernetes.io/canary"] == "false", "the router's webhook takes a second one only with it"
    assert world.run(finished)[0] == f"delete Ingress {OLD_INGRESS}, whose routes Ingress {STABLE} has"
    assert backends(world) == {STABLE: STABLE}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("stop", range(9))
def test_one_may_stop_anywhere_and_go_on(strategy: str, stop: int) -> None:
    whole, parts = World(strategy, scaler()), World(strategy, scaler())
    done = whole.run(finished)
    assert len(done) == 9 if strategy == "canary" else len(done) == 8
    assert parts.run(finished, stop_after=stop) + parts.run(finished) == done
    assert parts.objects == whole.objects


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("stop", range(6))
def test_one_may_go_back_from_anywhere_before_the_end(strategy: str, stop: int) -> None:
    """An undo ends with the very same objects, whatever came of the migration; and again it has nothing to do."""
    world, before = World(strategy, scaler()), World(strategy, scaler())
    world.run(MIGRATED, stop_after=stop)
    undo = world.run(backward.to_deployment, stop_after=99)
    assert bool(undo) == bool(stop)
    assert backends(world) == backends(before) == {OLD_INGRESS: NAME}
    assert {key for key in world.objects if key[0] != "EndpointSlice"} == {
        key for key in before.objects if key[0] != "EndpointSlice"
    }
    assert world.get("Deployment")["spec"] == before.get("Deployment")["spec"]
    assert world.get("Ingress", OLD_INGRESS)["spec"] == before.get("Ingress", OLD_INGRESS)["spec"]
    if stop > 3:
        assert world.get("HorizontalPodAutoscaler", "by-hand")["spec"]["scaleTargetRef"]["kind"] == "Deployment"
    assert not notes(world)
    assert world.run(backward.to_deployment) == []
    assert world.run(finished)[-1].startswith("apply "), "and one may try it again"


def test_an_undo_that_is_stopped_goes_on() -> None:
    for stop in range(8):
        world = World("canary", scaler())
        world.run(MIGRATED)
        done = world.run(backward.to_deployment, stop_after=stop)
        done += world.run(backward.to_deployment)
        assert done == [
            f"let the controller leave Deployment {NAME} alone",
            f"scale Deployment {NAME} to 3",
            "let HorizontalPodAutoscaler by-hand scale the Deployment",
            f"turn Ingress {OLD_INGRESS} back",
            f"delete Rollout {NAME}",
            f"delete Ingress {STABLE}",
            f"delete Service {NAME}-canary",
            f"delete Service {STABLE}",
        ]


def test_a_migration_goes_on_after_an_undo_that_was_stopped() -> None:
    world = World("blue_green")
    world.run(MIGRATED)
    world.run(backward.to_deployment, stop_after=2)
    assert world.get("Deployment")["spec"]["replicas"] == 3
    assert world.run(MIGRATED) == [f"let the controller scale Deployment {NAME} down"]
    assert world.get("Deployment")["spec"]["replicas"] == 0


def test_all_pods_stay_until_the_rollout_is_healthy() -> None:
    world = World("blue_green")
    left = functools.partial(forward.to_rollout, scale_down="onsuccess")
    world.run(left, stop_after=2)
    world.work()
    assert world.get("Rollout")["status"]["phase"] == "Progressing"
    assert world.get("Deployment")["spec"]["replicas"] == 3
    world.run(left)
    assert world.get("Deployment")["spec"]["replicas"] == 0


@pytest.mark.parametrize(("replicas", "more", "expected"), [(5, [], 5), (2, [], 3), (5, [scaler()], 3)])
def test_the_number_of_pods(replicas: int, more: list[object], expected: int) -> None:
    """Never fewer than there are; the catalog's number if it is more; with a scaler, what the scaler wanted."""
    world = World("blue_green", *more, replicas=replicas)  # type: ignore[arg-type]  # a list of objects
    world.run(MIGRATED)
    assert world.get("Rollout")["spec"]["replicas"] == expected


def test_the_scaler_is_handed_over_before_there_are_two_workloads() -> None:
    world = World("canary", scaler())
    done = world.run(MIGRATED)
    handed, made = (
        done.index("let HorizontalPodAutoscaler by-hand scale the Rollout"),
        done.index(f"create Ingress {STABLE}"),
    )
    assert handed == made + 1
    assert done[handed + 1].startswith("create Rollout")


def test_an_ingress_that_routes_other_things_too_only_gives_up_the_route() -> None:
    """By hand there is often one Ingress for everything."""
    shared = ingress("everything", NAME, port=8000)
    shared["spec"]["rules"].append({"host": "web.example.test", "http": {"paths": []}})
    other = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    shared["spec"]["rules"][1]["http"]["paths"].append(other)
    world = World("blue_green", shared)
    del world.objects["Ingress", OLD_INGRESS]
    done = world.run(finished)
    assert done.index(f"create Ingress {OLD_INGRESS}") + 1 == done.index(f"take {HOST}/ out of Ingress everything")
    assert world.get("Ingress", "everything")["spec"]["rules"] == [
        {"host": "web.example.test", "http": {"paths": [other]}}
    ]
    assert MARK not in world.get("Ingress", "everything")["metadata"]["annotations"]
    assert backends(world)[OLD_INGRESS] == ACTIVE


def test_a_port_by_another_number_comes_back_with_an_undo() -> None:
    world = World("blue_green")
    world.objects["Ingress", OLD_INGRESS] = ingress(OLD_INGRESS, NAME, port=8000)
    world.run(MIGRATED)
    path = world.get("Ingress", OLD_INGRESS)["spec"]["rules"][0]["http"]["paths"][0]
    assert path["backend"] == {"service": {"name": ACTIVE, "port": {"number": 80}}}
    world.run(backward.to_deployment)
    path = world.get("Ingress", OLD_INGRESS)["spec"]["rules"][0]["http"]["paths"][0]
    assert path["backend"] == {"service": {"name": NAME, "port": {"number": 8000}}}


def test_a_rollout_that_is_degraded_is_not_waited_for() -> None:
    world = World("canary")
    world.run(MIGRATED, stop_after=3)
    world.work()
    seen = str(world.get("Deployment")["metadata"]["generation"])
    world.get("Rollout")["status"].update(phase="Degraded", message="ImagePullBackOff", workloadObservedGeneration=seen)
    with pytest.raises(DeliveryError) as caught:
        world.run(MIGRATED)
    assert caught.value.reason == "Degraded"
    assert "ImagePullBackOff" in caught.value.msg
    assert backends(world)[OLD_INGRESS] == NAME, "users stay where they are"


def test_a_deployment_that_got_pods_again_is_scaled_down() -> None:
    """The controller only does it for its first revision."""
    world = World("blue_green")
    world.run(MIGRATED)
    world.get("Rollout")["metadata"]["annotations"]["rollout.argoproj.io/revision"] = "2"
    world.get("Deployment")["spec"]["replicas"] = 3
    world.work()
    assert world.run(MIGRATED) == [f"scale Deployment {NAME} to 0"]


def test_a_template_that_is_taken_for_a_new_one_keeps_the_deployment() -> None:
    """Nothing goes as long as users are not served by what stays."""
    world = World("blue_green")
    world.run(finished, stop_after=4)
    assert "workloadRef" not in world.get("Rollout")["spec"]
    world.work()
    world.get("Rollout")["status"]["currentPodHash"] = "another"
    with pytest.raises(DeliveryError) as caught:
        world.run(finished)
    assert caught.value.reason == "NewRevision"
    assert ("Deployment", NAME) in world.objects


def test_before_its_controller_looked_nothing_is_deleted() -> None:
    world = World("blue_green")
    world.run(finished, stop_after=4)
    assert isinstance(next(finished(world.situation())), Wait)


def test_a_fresh_rollout_without_any_deployment_is_left_alone() -> None:
    world = World("blue_green", ingress("twin", ACTIVE))
    world.run(finished)
    del world.objects["Ingress", OLD_INGRESS]
    world.objects["Ingress", "twin"] = ingress("twin", ACTIVE)
    assert world.run(finished) == []


def test_a_deployment_that_is_being_deleted_is_waited_for() -> None:
    world = World("blue_green")
    world.run(finished, stop_after=4)
    world.work()
    world.get("Deployment")["metadata"]["deletionTimestamp"] = "2026-11-23T10:00:00Z"
    assert next(finished(world.situation())) == Wait(f"Deployment {NAME} to be gone")


def test_in_check_mode_everything_is_told_from_the_beginning() -> None:
    moves = list(finished(World("canary", scaler()).situation()))
    texts = [move.text for move in moves if not isinstance(move, Wait)]
    assert texts == World("canary", scaler()).run(finished)
    for move in moves:
        assert not isinstance(move, Patch) or move.target is not None or isinstance(move, Later)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_there_is_no_way_back_from_the_end(strategy: str) -> None:
    world = World(strategy)
    world.run(finished, stop_after=6 if strategy == "canary" else 4)
    world.work()
    with pytest.raises(DeliveryError) as caught:
        backward.check(world.situation())
    assert caught.value.reason == "Finished"
    world.run(finished)
    with pytest.raises(DeliveryError) as caught:
        backward.check(world.situation())
    assert caught.value.reason == "Finished"
    assert world.situation().selected(MAIN[strategy]) == NEW


def test_services_of_somebody_else_stay_in_an_undo() -> None:
    world = World("blue_green", service(PREVIEW))
    world.run(MIGRATED)
    world.run(backward.to_deployment)
    assert ("Service", PREVIEW) in world.objects
    assert ("Service", ACTIVE) not in world.objects
