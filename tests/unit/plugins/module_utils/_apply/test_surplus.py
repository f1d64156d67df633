# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is left over of a set, and whether so much may go."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.sets import SET_LABEL, Pruning
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.surplus import (
    Surplus,
    check_share,
    is_member,
    keep_used,
    key_of,
    no_manifests,
    surplus_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import KNOWN, Kind
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import managed

CONFIG_MAP, SECRET, DEPLOYMENT = KNOWN["v1", "ConfigMap"], KNOWN["v1", "Secret"], KNOWN["apps/v1", "Deployment"]
LABEL: Obj = {"f:metadata": {"f:labels": {f"f:{SET_LABEL}": {}}}}


def live(name: str = "a", kind: Kind = CONFIG_MAP, **metadata: Any) -> Obj:
    given = {
        "name": name,
        "namespace": "team",
        "uid": f"uid-{name}",
        "resourceVersion": "7",
        "labels": {SET_LABEL: "web"},
        "managedFields": [managed("tradesense-delivery", "Apply", LABEL)],
        **metadata,
    }
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": given}


def left(*names: str, kind: Kind = CONFIG_MAP) -> list[Surplus]:
    return [Surplus(kind, live(name, kind)) for name in names]


@pytest.mark.parametrize(
    ("item", "member"),
    [
        (live(), True),
        (live(labels={SET_LABEL: "web", "a": "b"}, managedFields=[*live()["metadata"]["managedFields"] * 2]), True),
        (live(labels={SET_LABEL: "shop"}), False),
        (live(labels=None), False),
        (live(managedFields=None), False),
        (live(managedFields=[managed("tradesense-delivery", "Apply", {"f:data": {}})]), False),
        (live(managedFields=[managed("tradesense-delivery", "Update", LABEL)]), False),
        (live(managedFields=[managed("kubectl", "Apply", LABEL)]), False),
        (live(ownerReferences=[{"uid": "1"}]), False),
        (live(deletionTimestamp="2026-01-01T00:00:00Z"), False),
    ],
)
def test_only_what_we_put_into_a_set_is_a_member(item: Obj, member: bool) -> None:
    assert is_member(item, "web") is member


def test_what_no_manifest_names_is_left_over_whatever_the_version_of_the_api() -> None:
    scaler = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
    older = Kind("autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
    elsewhere = live("c", namespace="other")
    members = [(CONFIG_MAP, live("a")), (CONFIG_MAP, live("b")), (scaler, live("h", scaler)), (CONFIG_MAP, elsewhere)]
    wanted = {key_of(CONFIG_MAP, live("a")), key_of(older, live("h")), key_of(CONFIG_MAP, live("c"))}
    assert [(item.name, item.namespace) for item in surplus_of(members, wanted)] == [("b", "team"), ("c", "other")]


def test_an_object_tells_what_it_is() -> None:
    [item] = left("a")
    assert (item.namespace, item.name, item.uid, item.title) == ("team", "a", "uid-a", "ConfigMap a in namespace team")
    item.keep("why not")
    assert (item.action, item.note) == ("kept", "why not")


def test_what_is_in_use_is_kept() -> None:
    surplus = [*left("a", "b"), *left("a", kind=SECRET), *left("a", kind=DEPLOYMENT)]
    user = {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"configMap": {"name": "a"}, "deployment": {"name": "a"}}}
    keep_used(surplus, {"team": [user], "other": [{**user, "spec": {"configMap": {"name": "b"}}}]})
    assert [(item.kind.name, item.name, item.action) for item in surplus] == [
        ("ConfigMap", "a", "kept"),
        ("ConfigMap", "b", "skipped"),
        ("Secret", "a", "skipped"),
        ("Deployment", "a", "skipped"),
    ]
    assert surplus[0].note == "still used by Pod p"


def test_what_is_kept_keeps_what_it_needs() -> None:
    """An analysis template that stays still reads its Secret; one that goes does not."""
    template = KNOWN["argoproj.io/v1alpha1", "AnalysisTemplate"]
    needs = {"args": [{"valueFrom": {"secretKeyRef": {"name": "token"}}}]}
    analysis = {"kind": "AnalysisTemplate", "metadata": {"name": "t", "uid": "uid-t"}, "spec": needs}
    rollout = {"kind": "Rollout", "metadata": {"name": "w"}, "spec": {"templates": [{"templateName": "t"}]}}
    for there, actions in (([analysis, rollout], {"kept"}), ([analysis], {"skipped"})):
        surplus = [*left("token", kind=SECRET), *left("t", kind=template)]
        keep_used(surplus, {"team": there})
        assert {item.action for item in surplus} == actions


@pytest.mark.parametrize(
    ("going", "members", "limit", "fine"),
    [
        (0, 0, 50, True),
        (0, 5, 0, True),
        (1, 2, 50, True),
        (2, 3, 50, False),
        (1, 1, 50, False),
        (1, 1, 99, False),
        (1, 1, 100, True),
        (1, 100, 0, False),
        (5, 10, 50, True),
        (6, 10, 50, False),
    ],
)
def test_how_much_may_go(going: int, members: int, limit: int, fine: bool) -> None:
    surplus = left(*(f"n{number}" for number in range(going)))
    if fine:
        check_share(surplus, members, Pruning("web", limit=limit))
        return
    with pytest.raises(DeliveryError) as error:
        check_share(surplus, members, Pruning("web", limit=limit))
    assert error.value.reason == "PruneRefused"
    assert "ConfigMap n0 in namespace team" in error.value.msg


def test_what_is_kept_does_not_count() -> None:
    surplus = left("a", "b")
    surplus[0].keep("used")
    check_share(surplus, 2, Pruning("web"))


def test_the_refusal_names_what_would_go_but_not_without_end() -> None:
    with pytest.raises(DeliveryError) as error:
        check_share(left(*map(str, range(12))), 12, Pruning("web"))
    assert "would remove all of the 12 objects of set web: ConfigMap 0 in namespace team, " in error.value.msg
    assert "ConfigMap 9 in namespace team and 2 more; nothing was applied" in error.value.msg
    with pytest.raises(DeliveryError, match="all of the 1 object of set web"):
        check_share(left("a"), 1, Pruning("web"))


def test_without_manifests_everything_would_go() -> None:
    error = no_manifests(Pruning("web"))
    assert error.reason == "PruneRefused"
    assert "would remove all of set web" in error.sentence()
    assert f"{SET_LABEL}=web" in error.hint
