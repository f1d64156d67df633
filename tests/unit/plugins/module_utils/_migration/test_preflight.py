# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands in the way of a migration, and what is told to people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._migration import backward, forward
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.preflight import check, notes

from tests.unit.plugins.builders import NAME, NEW, metadata
from tests.unit.plugins.migrations import ACTIVE, OLD_INGRESS, STRATEGIES, World, finished, ingress, scaler

HELM = {"labels": {"app.kubernetes.io/managed-by": "Helm"}}
OURS = {"app.kubernetes.io/managed-by": "tradesense-delivery"}


def obstacle(world: World, scale_down: str = "progressively") -> str:
    """Return what stands in the way."""
    with pytest.raises(DeliveryError) as caught:
        check(world.situation(), scale_down)
    assert caught.value.reason == "NotReady"
    assert caught.value.hint == "nothing was touched"
    assert f"Deployment {NAME}" in caught.value.where
    return caught.value.msg


def quota(used: str, hard: str = "4", resource: str = "pods", **spec: object) -> dict[str, object]:
    """Return a ResourceQuota."""
    status = {"hard": {resource: hard}, "used": {resource: used}}
    return {"kind": "ResourceQuota", "metadata": metadata("small"), "spec": spec, "status": status}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("stop", range(10))
def test_nothing_stands_in_the_way_at_any_stage(strategy: str, stop: int) -> None:
    world = World(strategy)
    world.run(finished, stop_after=stop)
    check(world.situation(), "progressively")


def gone(world: World) -> None:
    del world.objects["Deployment", NAME]


def busy(world: World) -> None:
    world.get("Deployment")["status"]["updatedReplicas"] = 1


def held(world: World) -> None:
    world.get("Deployment")["spec"]["paused"] = True


def idle(world: World) -> None:
    deployment = world.get("Deployment")
    deployment["spec"]["replicas"] = 0
    deployment["status"].update(replicas=0, updatedReplicas=0, availableReplicas=0)


def unlabelled(world: World) -> None:
    world.get("Deployment")["spec"]["template"]["metadata"]["labels"]["app"] = "gateway"


def both(world: World) -> None:
    world.run(lambda situation: forward.to_rollout(situation, "progressively"), stop_after=2)
    del world.get("Rollout")["spec"]["workloadRef"]


def no_templates(world: World) -> None:
    world.templates = frozenset()


def other_routes(world: World) -> None:
    world.objects["Ingress", f"{NAME}-stable"] = ingress(f"{NAME}-stable", NAME, paths=("/", "/admin"))


def lost_template(world: World) -> None:
    world.run(lambda situation: forward.to_rollout(situation, "progressively"))
    gone(world)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (gone, "neither a Deployment nor a Rollout of that name"),
        (busy, "it is Progressing (more replicas need to be updated): bring it to rest first"),
        (held, "it is Paused (manually paused)"),
        (idle, "it has no pods to take over"),
        (unlabelled, f"its pods lack the label app={NAME}"),
        (no_templates, "AnalysisTemplate error-rate does not exist: playbooks/provision.yml --tags analysis makes it"),
        (other_routes, f"Ingress {NAME}-stable also routes trading.example.test/admin"),
        (lost_template, "takes its pod template from this Deployment, which does not exist any more"),
    ],
)
def test_each_obstacle(spoil: Callable[[World], None], expected: str) -> None:
    world = World("canary")
    spoil(world)
    assert expected in obstacle(world)


def test_two_sets_of_pods_are_left_to_people() -> None:
    world = World("blue_green")
    both(world)
    assert "runs pods beside it" in obstacle(world)
    with pytest.raises(DeliveryError):
        backward.check(world.situation())


def test_all_obstacles_are_told_at_once() -> None:
    world = World("canary")
    busy(world)
    no_templates(world)
    assert obstacle(world).count(";") == 1


def test_a_quota_needs_room_for_one_pod_or_for_all() -> None:
    world = World("blue_green")
    world.quotas = [quota("3")]
    check(world.situation(), "progressively")
    assert "pods of ResourceQuota small leaves room for 1 more pod, and 3 are needed" in obstacle(world, "onsuccess")
    world.quotas = [quota("4")]
    assert "room for 0 more pods, and 1 is needed" in obstacle(world)
    world.run(lambda situation: forward.to_rollout(situation, "progressively"), stop_after=2)
    check(world.situation(), "progressively")


def test_what_is_told() -> None:
    world = World("blue_green", scaler(), ingress("admin", NAME, host="admin.example.test"))
    world.get("Deployment")["metadata"].update(HELM)
    told = notes(world.situation())
    assert [text.partition(":")[0].partition(" stays")[0].partition(" scales")[0] for text in told] == [
        f"Helm manages Deployment {NAME}",
        "HorizontalPodAutoscaler by-hand",
        f"Service {NAME}",
        "Ingress admin keeps sending admin.example.test/ to the pods of every revision",
    ]
    assert ACTIVE in told[2]


def test_nothing_is_told_where_nothing_is_left() -> None:
    world = World("blue_green", scaler(labels=OURS))
    del world.objects["Service", NAME]
    world.objects["Ingress", OLD_INGRESS] = ingress(OLD_INGRESS, ACTIVE)
    assert notes(world.situation()) == []
    assert NEW not in world.situation().selected(ACTIVE)
