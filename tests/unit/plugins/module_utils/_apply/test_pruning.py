# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The requests of pruning, against a scripted server: what is asked, what is deleted and what a refusal becomes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.pruning import (
    find_surplus,
    remove,
    wait_until_gone,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.references import USERS
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.sets import PRUNABLE, SET_LABEL, Pruning
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.surplus import Key, Surplus, key_of
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.client import Kube
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import KNOWN, Kind
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import managed
from tests.unit.plugins.fake_api import Answer, FakeApi, connected, fake_api, listing

CONFIG_MAP, SERVICE, DEPLOYMENT = KNOWN["v1", "ConfigMap"], KNOWN["v1", "Service"], KNOWN["apps/v1", "Deployment"]
OURS = [managed("tradesense-delivery", "Apply", {"f:metadata": {"f:labels": {f"f:{SET_LABEL}": {}}}})]
UNKNOWN = Answer(404, {"message": "404 page not found"})


def live(kind: Kind, name: str, **metadata: Any) -> Obj:
    given = {"name": name, "namespace": "team", "uid": f"uid-{name}", "resourceVersion": "7", **metadata}
    labels = {"labels": {SET_LABEL: "web"}, "managedFields": OURS}
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {**labels, **given}}


def stand_empty(api: FakeApi) -> None:
    """Let the fake have nothing, and not know kinds of Argo Rollouts and OpenShift at all."""
    for kind in (*PRUNABLE, *USERS):
        foreign = kind.group in ("argoproj.io", "route.openshift.io")
        api.standing[kind.path("team")] = UNKNOWN if foreign else listing("1")


def found(kube: Kube, settings: Pruning, *wanted: Obj) -> tuple[list[Surplus], int]:
    keys: dict[Key, Obj] = {key_of(KNOWN[item["apiVersion"], item["kind"]], item): item for item in wanted}
    with ThreadPoolExecutor(4) as pool:
        return find_surplus(kube, pool, settings, keys, ["team", "team"])


def left(*names: str, kind: Kind = CONFIG_MAP) -> list[Surplus]:
    return [Surplus(kind, live(kind, name)) for name in names]


def test_one_list_of_metadata_for_each_kind_and_unknown_kinds_are_empty() -> None:
    with fake_api() as api, connected(api) as kube:
        stand_empty(api)
        api.standing[CONFIG_MAP.path("team")] = listing("1", live(CONFIG_MAP, "a"), live(CONFIG_MAP, "b", uid="9"))
        api.standing[SERVICE.path("team")] = listing("1", live(SERVICE, "s"))
        api.standing[DEPLOYMENT.path("team")] = listing("1", live(DEPLOYMENT, "d"))
        surplus, members = found(kube, Pruning("web"), live(CONFIG_MAP, "a"))
        asked = [item for item in api.asked if item.query]
        assert sorted(item.path for item in asked) == sorted(kind.path("team") for kind in PRUNABLE)
        assert {item.query["labelSelector"] for item in asked} == {f"{SET_LABEL}=web"}
        assert all("PartialObjectMetadataList" in item.headers["Accept"] for item in asked)
    assert [(item.kind.name, item.name) for item in surplus] == [
        ("Deployment", "d"),
        ("Service", "s"),
        ("ConfigMap", "b"),
    ]
    assert members == 4


def test_users_are_asked_for_only_when_something_could_be_in_use() -> None:
    with fake_api() as api, connected(api) as kube:
        api.standing[SERVICE.path("team")] = listing("1", live(SERVICE, "s"))
        found(kube, Pruning("web", kinds=(SERVICE,)))
        assert len(api.asked) == 1
        found(kube, Pruning("web", kinds=()))
        assert len(api.asked) == 1


def test_what_is_live_and_what_will_be_keep_what_they_use() -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"volumes": [{"configMap": {"name": "used"}}]}}
    rollout = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "w", "namespace": "team"},
        "spec": {"volumes": [{"configMap": {"name": "wanted"}}]},
    }
    with fake_api() as api, connected(api) as kube:
        stand_empty(api)
        names = ("used", "wanted", "free")
        api.standing[CONFIG_MAP.path("team")] = listing("1", *(live(CONFIG_MAP, name) for name in names))
        api.standing["/api/v1/namespaces/team/pods"] = listing("1", pod)
        surplus, _ = found(kube, Pruning("web"), rollout)
    assert {item.name: (item.action, item.note) for item in surplus} == {
        "used": ("kept", "still used by Pod p"),
        "wanted": ("kept", "still used by Rollout w"),
        "free": ("skipped", ""),
    }


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (CONFIG_MAP.path("team"), "or leave ConfigMap out of prune_kinds"),
        ("/api/v1/namespaces/team/pods", "grant verb"),
    ],
)
def test_what_may_not_be_listed_is_an_error(path: str, hint: str) -> None:
    message = 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "team"'
    with fake_api() as api, connected(api) as kube:
        stand_empty(api)
        api.standing[CONFIG_MAP.path("team")] = listing("1", live(CONFIG_MAP, "a"))
        api.standing[path] = Answer(403, {"reason": "Forbidden", "message": message})
        with pytest.raises(DeliveryError) as error:
            found(kube, Pruning("web", kinds=(CONFIG_MAP,)))
        assert error.value.reason == "Forbidden"
        assert hint in error.value.hint


def test_each_is_deleted_in_the_state_in_which_it_was_seen() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([Answer(body={})] * 2)
        surplus = [*left("a", kind=SERVICE), *left("b", kind=DEPLOYMENT)]
        surplus[1].keep("for a reason")
        remove(kube, surplus, Pruning("web"), {})
        [asked] = api.asked
        assert json.loads(asked.body)["preconditions"] == {"uid": "uid-a", "resourceVersion": "7"}
    assert [item.action for item in surplus] == ["pruned", "kept"]


CONFLICT = Answer(409, {"reason": "Conflict", "message": "does not match"})
GONE = Answer(404, {"reason": "NotFound", "message": 'services "a" not found'})


@pytest.mark.parametrize(
    ("answers", "action"),
    [
        ([GONE], "pruned"),
        ([CONFLICT, Answer(body=live(SERVICE, "a", resourceVersion="8")), Answer(body={})], "pruned"),
        ([CONFLICT, GONE], "pruned"),
        ([CONFLICT, Answer(body=live(SERVICE, "a", deletionTimestamp="now"))], "pruned"),
        ([CONFLICT, Answer(body=live(SERVICE, "a", uid="another"))], "kept"),
        ([CONFLICT, Answer(body=live(SERVICE, "a", labels={}))], "kept"),
        ([CONFLICT, Answer(body=live(SERVICE, "a", ownerReferences=[{"uid": "1"}]))], "kept"),
    ],
)
def test_what_moved_on_is_looked_at_again(answers: list[Answer], action: str) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend(answers)
        surplus = left("a", kind=SERVICE)
        remove(kube, surplus, Pruning("web"), {})
        assert not api.answers
        deletions = [json.loads(asked.body)["preconditions"]["resourceVersion"] for asked in api.asked if asked.body]
        assert deletions == (["7", "8"] if len(answers) == 3 else ["7"])
    assert (surplus[0].action, surplus[0].error) == (action, None)
    assert bool(surplus[0].note) is (action == "kept")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([Answer(403, {"reason": "Forbidden", "message": "no"})], "not allowed"),
        ([CONFLICT, Answer(403, {"reason": "Forbidden", "message": "no"})], "not allowed"),
        ([CONFLICT, Answer(body=live(SERVICE, "a"))] * 4 + [CONFLICT], "does not match"),
    ],
)
def test_what_cannot_be_removed_is_told_and_what_comes_later_stays(answers: list[Answer], words: str) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend(answers)
        surplus = [*left("a", kind=SERVICE), *left("later", kind=KNOWN["v1", "LimitRange"])]
        with pytest.raises(DeliveryError) as error:
            remove(kube, surplus, Pruning("web"), {})
        assert not api.answers
    assert words in error.value.msg
    assert error.value.where.endswith("Service a in namespace team")
    assert [item.action for item in surplus] == ["failed", "skipped"]
    assert surplus[0].error is not None


def test_what_is_held_is_waited_for() -> None:
    with fake_api() as api, connected(api) as kube:
        surplus = [*left("a", kind=SERVICE), *left("kept", kind=SERVICE)]
        surplus[0].action = "pruned"
        api.answers.extend([Answer(body=live(SERVICE, "a")), GONE])
        wait_until_gone(kube, surplus, timeout=10)
        assert len(api.asked) == 2
        api.answers.append(Answer(body=live(SERVICE, "a", uid="another")))
        wait_until_gone(kube, surplus, timeout=10)
        api.answers.append(Answer(body=live(SERVICE, "a")))
        with pytest.raises(DeliveryError, match="not gone within the time: Service a in namespace team") as error:
            wait_until_gone(kube, surplus, timeout=0)
        assert error.value.reason == "Timeout"


def test_what_came_into_use_meanwhile_stays() -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"volumes": [{"configMap": {"name": "a"}}]}}
    with fake_api() as api, connected(api) as kube:
        stand_empty(api)
        api.standing["/api/v1/namespaces/team/pods"] = listing("1", pod)
        surplus = left("a")
        remove(kube, surplus, Pruning("web"), {})
        assert all(asked.method == "GET" for asked in api.asked)
    assert (surplus[0].action, surplus[0].note) == ("kept", "still used by Pod p")
