# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Set image, as little stories."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Await, Done, Guards, Send
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.set_image import SetImage
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    DEPLOYMENT_HASH,
    FIRST,
    IMAGE,
    OLD,
    deployment,
    laid_over,
    replica_set,
    template,
)
from tests.unit.plugins.scenes import canary, later, view

V28 = {"trading-service": f"{IMAGE}:v2.8.0"}
SIDECAR = {"name": "proxy", "image": "tradesense/proxy:v1.0.0"}
INIT = {"name": "migrate", "image": "tradesense/migrate:v1.0.0"}


def with_more_containers() -> Objects:
    objects = canary(at_rest=True)
    spec = objects.rollouts[0]["spec"]["template"]["spec"]
    spec["containers"].append(dict(SIDECAR))
    spec["initContainers"] = [dict(INIT)]
    return objects


def patch_of(move: object) -> list[Obj]:
    assert isinstance(move, Send)
    assert (move.patch_type, move.to_template_owner) == ("json", True)
    return list(move.body)  # type: ignore[arg-type]


def test_the_image_of_one_container_is_replaced_and_the_stable_hash_recorded() -> None:
    """Argo keeps no record of what was promoted: it is written with the change, or it is lost."""
    now = view(canary(at_rest=True, promoted=f"{OLD} {FIRST}"))
    path = "/spec/template/spec/containers/0"
    assert patch_of(SetImage(V28)(now, now, 0)) == [
        {"op": "test", "path": "/metadata/resourceVersion", "value": "1000"},
        {"op": "test", "path": f"{path}/name", "value": "trading-service"},
        {"op": "replace", "path": f"{path}/image", "value": f"{IMAGE}:v2.8.0"},
        {"op": "add", "path": "/metadata/annotations/delivery.tradesense.io~1promoted", "value": f"{OLD} {FIRST}"},
    ]


def test_a_star_means_every_container_but_the_init_containers() -> None:
    now = view(with_more_containers())
    paths = [item["path"] for item in patch_of(SetImage({"*": "a/b:v1"})(now, now, 0)) if item["op"] == "replace"]
    assert paths == ["/spec/template/spec/containers/0/image", "/spec/template/spec/containers/1/image"]


def test_an_init_container_is_set_by_its_name() -> None:
    now = view(with_more_containers())
    paths = [item["path"] for item in patch_of(SetImage({"migrate": "a/b:v1"})(now, now, 0)) if item["op"] == "replace"]
    assert paths == ["/spec/template/spec/initContainers/0/image"]


def test_a_container_that_does_not_exist_is_refused_with_those_there_are() -> None:
    now = view(with_more_containers())
    with pytest.raises(DeliveryError, match="no container app; its containers are migrate, trading-service, proxy"):
        SetImage({"app": "a/b:v1"})(now, now, 0)


def test_what_is_live_already_is_not_sent() -> None:
    now = view(canary(at_rest=True))
    verb = SetImage({"trading-service": f"{IMAGE}:v2.7.0"})
    assert verb(now, now, 0) == Done("the images are live already")
    unseen = view(later(canary(at_rest=True), metadata={"generation": 13}))
    assert verb(unseen, unseen, 0) == Done("the images are set already")


def test_only_what_was_approved_gets_another_image() -> None:
    now = view(canary(at_rest=True))
    with pytest.raises(DeliveryError, match="revision 3 was expected"):
        SetImage(V28, Guards(revision=3))(now, now, 0)


def test_it_is_done_when_the_controller_has_started_the_new_revision() -> None:
    before = view(canary(at_rest=True))
    released = {"containers": [{"name": "trading-service", "image": f"{IMAGE}:v2.8.0"}]}
    sent = later(canary(at_rest=True), metadata={"generation": 13}, spec={"template": {"spec": released}})
    assert isinstance(SetImage(V28)(before, view(sent), 1), Await)
    objects = canary(step=0, spec={"template": {"spec": released}})
    assert SetImage(V28)(before, view(later(objects)), 1) == Done("revision 7 is being released")


def test_going_back_to_a_template_in_flight_is_done_by_its_generation() -> None:
    """The hash stays the same then: it would be waited for until the timeout."""
    before = view(canary(at_rest=True, spec={"template": {"spec": {"containers": [{"name": "trading-service"}]}}}))
    verb = SetImage({"trading-service": f"{IMAGE}:v2.7.0"})
    after = view(later(canary(at_rest=True), metadata={"generation": 13}, status={"observedGeneration": "13"}))
    assert verb(before, after, 1) == Done("revision 7 is being released")


def test_whoever_comes_second_does_not_overwrite_images_it_has_not_seen() -> None:
    """Two releases at once: each setting its own image again and again, they went on for a minute."""
    before = view(canary(at_rest=True))
    theirs = view(canary(at_rest=True, spec={"template": template("v2.9.0")}))
    with pytest.raises(DeliveryError, match="another template was released meanwhile") as error:
        SetImage(V28)(before, theirs, 0)
    assert error.value.reason == "Overtaken"
    same = view(canary(at_rest=True, spec={"template": template("v2.8.0")}))
    assert SetImage(V28)(before, same, 0) == Done("the images are live already")


def test_whoever_is_overwritten_says_so_and_sends_nothing() -> None:
    before = view(canary(at_rest=True))
    theirs = view(later(canary(at_rest=True, spec={"template": template("v2.9.0")}), metadata={"generation": 13}))
    with pytest.raises(DeliveryError, match="other images were set meanwhile"):
        SetImage(V28)(before, theirs, 1)


def test_the_old_view_seen_again_after_the_patch_does_not_send_it_twice() -> None:
    """Another object's event may come before that of the patch: each time one more request that must be refused."""
    before = view(canary(at_rest=True))
    assert isinstance(SetImage(V28)(before, before, 1), Await)


def test_a_referenced_deployment_gets_the_image_and_the_rollout_the_record() -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "held"}
    status = {"workloadObservedGeneration": "5"}
    objects = canary(at_rest=True, spec={"workloadRef": reference, "template": None}, status=status)
    objects.deployments = [deployment("held", resourceVersion="777")]
    now = view(objects)
    assert SetImage(V28)(now, now, 0) == Send({"metadata": {"annotations": {"delivery.tradesense.io/promoted": OLD}}})
    patch = patch_of(SetImage(V28)(now, now, 1))
    assert patch[0]["value"] == "777"
    assert not any("annotations" in operation["path"] for operation in patch)


def test_after_the_image_of_a_referenced_deployment_a_stale_healthy_is_not_believed() -> None:
    """The Rollout says Healthy until it has looked at the Deployment again."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "held"}
    objects = canary(at_rest=True, spec={"workloadRef": reference, "template": None})
    objects.rollouts[0]["status"]["workloadObservedGeneration"] = "5"
    before = view(objects)
    released = {
        "spec": {"template": {"spec": {"containers": [{"name": "trading-service", "image": f"{IMAGE}:v2.8.0"}]}}}
    }
    objects.deployments = [laid_over(deployment("held", generation=6), released)]
    move = SetImage(V28)(before, view(objects), 2)
    assert isinstance(move, Await)
    assert "referenced workload" in move.what


def test_a_template_held_by_nothing_that_exists_is_refused() -> None:
    reference = {"apiVersion": "v1", "kind": "PodTemplate", "name": "elsewhere"}
    now = view(canary(at_rest=True, spec={"workloadRef": reference, "template": None}))
    with pytest.raises(DeliveryError, match="its pod template is held by PodTemplate elsewhere"):
        SetImage(V28)(now, now, 0)


def test_a_deployment_gets_its_image_without_a_record() -> None:
    objects = Objects(deployments=[deployment()], replica_sets=[replica_set(OLD, 7, 3, label=DEPLOYMENT_HASH)])
    now = view(objects)
    assert len(patch_of(SetImage(V28)(now, now, 0))) == 3


@pytest.mark.parametrize(
    "image",
    [
        "tradesense/trading-service:v2.8.0",
        "registry.example:5000/tradesense/trading-service:v2.8.0-rc.1",
        "Registry.Example/a__b/c.d-e:V1",
        "nginx:1.27",
        f"tradesense/trading-service@sha256:{'0a' * 32}",
        f"tradesense/trading-service:v2.8.0@sha256:{'0a' * 32}",
    ],
)
def test_images_with_a_tag_or_a_digest_are_taken(image: str) -> None:
    assert SetImage({"*": image}).images == {"*": image}


@pytest.mark.parametrize(
    "image",
    [
        "",
        "tradesense/trading-service",
        "registry.example:5000/trading-service",
        "tradesense/trading-service:",
        "tradesense/trading-service:v2.8.0:v2.8.1",
        "tradesense/trading-service:-v2",
        "tradesense//trading-service:v2",
        "tradesense/Trading-Service:v2",
        "tradesense/trading-service: v2",
        "tradesense/trading-service@sha256:abc",
        "/trading-service:v2",
        "{{ image }}:v2",
        "v2:\n",
    ],
)
def test_what_cannot_be_an_image_is_refused_before_anything_is_sent(image: str) -> None:
    """The API server takes any text: the release would only fail when its first pod cannot start."""
    with pytest.raises(DeliveryError, match="is not an image with a tag or digest") as refusal:
        SetImage({"trading-service": image})
    assert refusal.value.reason == "BadOption"


def test_no_image_at_all_is_refused() -> None:
    with pytest.raises(DeliveryError, match="no image is given"):
        SetImage({})
