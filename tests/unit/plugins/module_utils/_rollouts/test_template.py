# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The template of an older revision: exactly what was once applied, nothing that the controller put in."""

from __future__ import annotations

import copy
import json
from typing import ClassVar

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import View
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.template import (
    restored,
    spelled_out,
    template_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import DEPLOYMENT_HASH, NEW, OLD, laid_over, replica_set, template
from tests.unit.plugins.scenes import canary, view

EPHEMERAL = "rollout.argoproj.io/ephemeral-metadata"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def injected_term(other: str = NEW) -> Obj:
    selector = {"matchExpressions": [{"key": "rollouts-pod-template-hash", "operator": "In", "values": [other]}]}
    return {"labelSelector": selector, "topologyKey": "kubernetes.io/hostname"}


def own_term() -> Obj:
    return {"labelSelector": {"matchLabels": {"app": "other"}}, "topologyKey": "kubernetes.io/hostname"}


def with_anti_affinity(**terms: list[Obj]) -> Obj:
    return replica_set(OLD, 6, 3, given={"spec": {"template": {"spec": {"affinity": {"podAntiAffinity": terms}}}}})


def test_the_hash_label_goes() -> None:
    assert template_of(replica_set(OLD, 6, 3)) == template("v2.7.0")
    assert template_of(replica_set(OLD, 6, 3, label=DEPLOYMENT_HASH)) == template("v2.7.0")


def test_the_replica_set_itself_is_not_touched() -> None:
    item = replica_set(OLD, 6, 3)
    before = copy.deepcopy(item)
    template_of(item)
    assert item == before


def test_metadata_of_the_role_goes_and_ones_own_stays() -> None:
    ephemeral = json.dumps({"labels": {"role": "stable"}, "annotations": {"role": "stable"}})
    given = {
        "metadata": {"annotations": {EPHEMERAL: ephemeral}},
        "spec": {
            "template": {
                "metadata": {"labels": {"role": "stable"}, "annotations": {"role": "stable"}, "creationTimestamp": None}
            }
        },
    }
    assert template_of(replica_set(OLD, 6, 3, given=given)) == template("v2.7.0")
    given["spec"]["template"]["metadata"]["annotations"]["own"] = "kept"  # type: ignore[index]
    found = template_of(replica_set(OLD, 6, 3, given=given))
    assert found["metadata"]["annotations"] == {"own": "kept"}


def test_an_unreadable_annotation_injects_nothing() -> None:
    for text in ("{", "[]", ""):
        given = {"metadata": {"annotations": {EPHEMERAL: text}}}
        assert template_of(replica_set(OLD, 6, 3, given=given)) == template("v2.7.0")


def test_the_anti_affinity_to_other_revisions_goes_with_all_it_was_in() -> None:
    assert template_of(with_anti_affinity(**{REQUIRED: [injected_term()]})) == template("v2.7.0")
    weighted = {"weight": 1, "podAffinityTerm": injected_term()}
    assert template_of(with_anti_affinity(**{PREFERRED: [weighted]})) == template("v2.7.0")


def test_ones_own_anti_affinity_stays() -> None:
    found = template_of(with_anti_affinity(**{REQUIRED: [own_term(), injected_term()]}))
    assert found["spec"]["affinity"] == {"podAntiAffinity": {REQUIRED: [own_term()]}}
    untouched = template_of(with_anti_affinity(**{REQUIRED: [own_term()]}))
    assert untouched["spec"]["affinity"] == {"podAntiAffinity": {REQUIRED: [own_term()]}}


def test_other_affinity_stays() -> None:
    item = with_anti_affinity(**{REQUIRED: [injected_term()]})
    item["spec"]["template"]["spec"]["affinity"]["nodeAffinity"] = {"x": 1}
    assert template_of(item)["spec"]["affinity"] == {"nodeAffinity": {"x": 1}}


def test_an_empty_affinity_of_ones_own_stays_because_it_is_part_of_the_hash() -> None:
    item = replica_set(OLD, 6, 3, given={"spec": {"template": {"spec": {"affinity": {}}}}})
    assert template_of(item)["spec"]["affinity"] == {}


class TestAsWritten:
    """The old template as its author wrote it: only then does the controller compute the hash of its ReplicaSet."""

    # What the API server adds to every ReplicaSet's template.
    DEFAULTS: ClassVar[Obj] = {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "securityContext": {}}
    OF_CONTAINERS: ClassVar[Obj] = {"terminationMessagePath": "/dev/termination-log", "imagePullPolicy": "IfNotPresent"}

    def with_defaults(self, item: Obj) -> None:
        spec = item["spec"]["template"]["spec"]
        for key, value in self.DEFAULTS.items():
            spec.setdefault(key, value)
        for container in spec["containers"]:
            for key, value in self.OF_CONTAINERS.items():
                container.setdefault(key, value)
            for port in container.get("ports") or []:
                port.setdefault("protocol", "TCP")

    def scene(self, live: Obj | None = None, old: Obj | None = None) -> View:
        """Return a canary from OLD to NEW whose ReplicaSets got the defaults; `live` and `old` are laid over what was written."""
        objects = canary(step=1, spec={"template": template("v2.8.0", live)})
        objects.replica_sets[1] = laid_over(objects.replica_sets[1], {"spec": {"template": old or {}}})
        objects.replica_sets[2] = laid_over(objects.replica_sets[2], {"spec": {"template": live or {}}})
        for item in objects.replica_sets:
            self.with_defaults(item)
        return view(objects)

    def test_the_defaults_go(self) -> None:
        assert restored(self.scene(), OLD) == template("v2.7.0")
        assert spelled_out(self.scene(), OLD)["spec"]["dnsPolicy"] == "ClusterFirst"

    def test_what_somebody_wrote_stays_although_it_is_the_default(self) -> None:
        written = {"spec": {"dnsPolicy": "ClusterFirst"}}
        assert restored(self.scene(live=written), OLD) == template("v2.7.0", written)

    def test_what_differs_from_the_default_stays(self) -> None:
        written = {"spec": {"dnsPolicy": "Default"}}
        assert restored(self.scene(old=written), OLD) == template("v2.7.0", written)

    def test_a_container_that_is_gone_from_the_live_template_comes_back_without_defaults(self) -> None:
        both = [*template()["spec"]["containers"], {"name": "proxy", "image": "proxy:1"}]
        old = {"spec": {"containers": both}}
        assert restored(self.scene(old=old), OLD) == template("v2.7.0", old)

    def test_containers_in_another_order_are_told_by_their_names(self) -> None:
        first, second = {"name": "a", "image": "a:1", "tty": True}, {"name": "b", "image": "b:1"}
        written = {**second, "terminationMessagePath": "/dev/termination-log"}
        view = self.scene(
            live={"spec": {"containers": [first, written]}}, old={"spec": {"containers": [second, first]}}
        )
        [found, other] = restored(view, OLD)["spec"]["containers"]
        assert found == written
        assert other == first

    def test_lists_that_do_not_match_the_live_ones_stay_as_they_are(self) -> None:
        scene = self.scene()
        scene.template_owner["spec"]["template"]["spec"]["containers"] = []
        assert restored(scene, OLD)["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"

    def test_without_the_live_replica_set_nothing_is_left_out(self) -> None:
        scene = self.scene()
        del scene.hashes[NEW]
        assert restored(scene, OLD)["spec"]["dnsPolicy"] == "ClusterFirst"

    def test_nothing_of_the_view_is_touched(self) -> None:
        scene = self.scene()
        before = copy.deepcopy(scene)
        restored(scene, OLD)
        spelled_out(scene, OLD)
        assert scene == before


@pytest.mark.parametrize(("terms", "left"), [({PREFERRED: 1}, True), ({REQUIRED: 1}, False), ({}, False)])
def test_the_empty_anti_affinity_that_the_controller_leaves_behind_is_spelled_out(
    terms: dict[str, int], left: bool
) -> None:
    """Of preferred rules it keeps the empty list, of required ones nothing; it then compares with what we wrote."""
    injected = {key: [{"weight": 1, "podAffinityTerm": injected_term()}] for key in terms}
    if REQUIRED in injected:
        injected = {REQUIRED: [injected_term()]}
    objects = canary(step=1)
    objects.replica_sets[1] = with_anti_affinity(**injected) if injected else objects.replica_sets[1]
    assert ("affinity" in spelled_out(view(objects), OLD)["spec"]) is left
    assert "affinity" not in restored(view(objects), OLD)["spec"]
