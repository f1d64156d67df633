# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The situation before a rollback, as the cluster shows it."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.record import Record, Rollback
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.rollback_facts import (
    Around,
    reapplied_by,
    recovery_facts,
    rollback_facts,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import FIRST, NEW, OLD
from tests.unit.plugins.scenes import canary, view


def owned(manager: str, fields: Obj) -> Obj:
    """Return an object with one field manager."""
    return {"metadata": {"managedFields": [{"manager": manager, "fieldsV1": {"f:spec": fields}}]}}


@pytest.mark.parametrize(
    ("manager", "who"),
    [("argocd-controller", "Argo CD"), ("kustomize-controller", "Flux"), ("tradesense-delivery", ""), ("kubectl", "")],
)
def test_who_would_put_the_new_revision_back(manager: str, who: str) -> None:
    assert reapplied_by(owned(manager, {"f:template": {}})) == who
    assert reapplied_by(owned(manager, {"f:replicas": {}})) == ""


def test_nobody_is_known_to_own_anything() -> None:
    assert reapplied_by({"metadata": {}}) == ""


def test_in_flight_stable_is_the_target() -> None:
    facts = rollback_facts(view(canary()), Record(), Around(freeze="sales", room=3), now=5.0, over_thresholds=True)
    assert facts.target is not None
    assert (facts.current, facts.target.hash, facts.target.over_thresholds) == (NEW, OLD, True)
    assert (facts.target.desired, facts.target.available, facts.in_flight) == (10, 10, True)
    assert (facts.freeze, facts.room) == ("sales", 3)


def test_after_promotion_all_pods_of_the_target_start_anew() -> None:
    record = Record(rollbacks=(Rollback(1.0, "x", "y", "z"),), banned=(FIRST,))
    found = view(canary(at_rest=True, promoted=f"{OLD} {FIRST}"))
    facts = rollback_facts(found, record, Around(), now=5.0, over_thresholds=False)
    assert facts.target is not None
    assert (facts.target.hash, facts.target.banned, facts.in_flight) == (FIRST, True, False)
    assert (facts.target.desired, facts.target.available) == (found.replicas.desired, 0)
    assert [past.at for past in facts.past] == [1.0]


def test_what_the_guard_saw_serving_is_a_target_though_nobody_wrote_it_down() -> None:
    found = view(canary(at_rest=True))
    assert rollback_facts(found, Record(), Around(), now=5.0, over_thresholds=False).target is None
    target = rollback_facts(found, Record(before=FIRST), Around(), now=5.0, over_thresholds=False).target
    assert target is not None
    assert (target.hash, target.promoted) == (FIRST, True)
    assert rollback_facts(found, Record(before="gone"), Around(), now=5.0, over_thresholds=False).target is None


def test_what_is_released_during_the_verification_is_not_what_was_taken_back() -> None:
    """Its weight is not the bad revision's, and the pods that it took over are none that the target lacks."""
    found = view(canary())
    target = found.hashes[OLD]
    target["spec"]["replicas"] = target["status"]["availableReplicas"] = 7
    back = recovery_facts(found, Rollback(1.0, NEW, OLD, "errors"), now=5.0)
    since = recovery_facts(found, Rollback(1.0, FIRST, OLD, "errors"), now=5.0)
    assert found.traffic.weight
    assert (back.canary_weight, back.desired, back.available) == (found.traffic.weight, 10, 7)
    assert (since.canary_weight, since.desired, since.available) == (0, 7, 7)
    assert since.stable == since.target == OLD
