# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The template of an older revision: exactly what was once applied, nothing that the controller put in."""

from __future__ import annotations

import copy
import json

from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.template import template_of
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import DEPLOYMENT_HASH, NEW, OLD, replica_set, template

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
