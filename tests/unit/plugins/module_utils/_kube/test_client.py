# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Requests against a scripted server: what is sent, what is tried again and what is told."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube import _libs
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.client import Kube
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.credentials import Credentials
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.failures import ApiFailure
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import NAMESPACE, ROLLOUT

from tests.unit.plugins.fake_api import Answer, connected, fake_api, listing, thing

WEB = "/apis/argoproj.io/v1alpha1/namespaces/team/rollouts/web"
BODY = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "team"}}


def test_an_apply_is_server_side_with_our_name_and_strict_fields() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(Answer(body=BODY))
        assert kube.apply(ROLLOUT, BODY) == BODY
        [asked] = api.asked
        assert (asked.method, asked.path) == ("PATCH", WEB)
        assert asked.query == {"fieldManager": "tradesense-delivery", "fieldValidation": "Strict"}
        assert asked.headers["Content-Type"] == "application/apply-patch+yaml"
        assert asked.headers["Authorization"] == "Bearer not-a-real-token"
        assert json.loads(asked.body) == BODY


def test_force_and_dry_run_are_asked_for() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([Answer(body=BODY)] * 2)
        kube.apply(ROLLOUT, BODY, manager="another", force=True)
        kube.apply(ROLLOUT, BODY, dry=True)
        assert api.asked[0].query == {"fieldManager": "another", "fieldValidation": "Strict", "force": "true"}
        assert api.asked[1].query["dryRun"] == "All"


def test_in_check_mode_every_write_is_a_dry_run_and_reading_is_not() -> None:
    with fake_api() as api, connected(api, dry_run=True) as kube:
        api.answers.extend([Answer(body=BODY)] * 4)
        kube.apply(ROLLOUT, BODY)
        kube.patch(ROLLOUT, "team", "web", {"status": {"abort": True}}, subresource="status")
        kube.create(ROLLOUT, BODY)
        kube.get(ROLLOUT, "team", "web")
        assert [asked.query.get("dryRun") for asked in api.asked] == ["All", "All", "All", None]


@pytest.mark.parametrize(
    ("patch_type", "content_type"),
    [("merge", "application/merge-patch+json"), ("json", "application/json-patch+json")],
)
def test_a_patch_goes_to_the_subresource_in_its_own_type(patch_type: str, content_type: str) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(Answer(body=BODY))
        kube.patch(ROLLOUT, "team", "web", [{"op": "test"}], patch_type=patch_type, subresource="status")
        [asked] = api.asked
        assert asked.path == f"{WEB}/status"
        assert asked.headers["Content-Type"] == content_type
        assert json.loads(asked.body) == [{"op": "test"}]


def test_a_list_gives_its_objects_their_kind() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("7", thing("a", "1")), Answer(body={"metadata": {}, "items": None})])
        found = kube.list(ROLLOUT, "team", labels="app=web", fields="metadata.name=a")
        assert found.version == "7"
        assert (found.items[0]["kind"], found.items[0]["apiVersion"]) == ("Rollout", "argoproj.io/v1alpha1")
        assert api.asked[0].query == {"labelSelector": "app=web", "fieldSelector": "metadata.name=a"}
        assert kube.list(ROLLOUT, None).items == []


def test_metadata_alone_is_asked_for_and_gets_the_objects_kind() -> None:
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", **thing("a", "1")}
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("7", partial), Answer(body=partial)])
        [item] = kube.list(ROLLOUT, "team", labels="app=web", metadata_only=True).items
        found = kube.find_metadata(ROLLOUT, "team", "a")
        assert found == item
        assert (item["kind"], item["apiVersion"]) == ("Rollout", "argoproj.io/v1alpha1")
        accepted = [asked.headers["Accept"] for asked in api.asked]
        assert accepted == [
            f"application/json;as=PartialObjectMetadata{suffix};g=meta.k8s.io;v=v1" for suffix in ("List", "")
        ]
        api.answers.append(Answer(404, {"reason": "NotFound", "message": 'rollouts "a" not found'}))
        assert kube.find_metadata(ROLLOUT, "team", "a") is None
        api.answers.append(Answer(403, {"reason": "Forbidden", "message": "no"}))
        with pytest.raises(ApiFailure):
            kube.find_metadata(ROLLOUT, "team", "a")


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_deletion_is_of_what_was_seen_and_in_check_mode_none(dry_run: bool) -> None:
    """With a body, the server looks for dryRun in there alone."""
    with fake_api() as api, connected(api, dry_run=dry_run) as kube:
        api.answers.append(Answer(body={"kind": "Status"}))
        kube.delete(ROLLOUT, "team", "web", uid="u", version="7")
        [asked] = api.asked
        assert (asked.method, asked.path, asked.query) == ("DELETE", WEB, {})
        assert json.loads(asked.body) == {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": {"uid": "u", "resourceVersion": "7"},
            "propagationPolicy": "Background",
            **({"dryRun": ["All"]} if dry_run else {}),
        }


def test_a_deletion_is_sent_again_to_a_busy_server() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([Answer(503), Answer(lost=True), Answer(body={})])
        kube.delete(ROLLOUT, "team", "web", uid="u", version="7")
        assert len({asked.body for asked in api.asked}) == 1
        assert len(api.asked) == 3


def test_what_was_asked_in_vain_is_told_with_how_often() -> None:
    with fake_api() as api, connected(api, seconds=0.5) as kube:
        api.standing[WEB] = Answer(429, {"message": "slow down"})
        with pytest.raises(ApiFailure) as failure:
            kube.get(ROLLOUT, "team", "web")
        assert f"; it was asked {len(api.asked)} times" in failure.value.hint
        assert len(api.asked) > 1
        api.standing[WEB] = Answer(429, {"message": "slow down"}, {"Retry-After": "60"})
        with pytest.raises(ApiFailure) as failure:
            kube.get(ROLLOUT, "team", "web")
        assert "it was asked" not in failure.value.hint
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([Answer(503), Answer(409, {"message": "no"})])
        with pytest.raises(ApiFailure) as failure:
            kube.apply(ROLLOUT, BODY)
        assert "it was asked" not in failure.value.hint


def test_what_does_not_exist_is_nothing_but_a_missing_namespace_is_told() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(Answer(404, {"reason": "NotFound", "message": 'rollouts "web" not found'}))
        assert kube.find(ROLLOUT, "team", "web") is None
        api.answers.append(Answer(404, {"reason": "NotFound", "message": 'namespaces "team" not found'}))
        with pytest.raises(ApiFailure, match="the namespace team does not exist"):
            kube.find(ROLLOUT, "team", "web")
        api.answers.append(Answer(404, {"reason": "NotFound", "message": 'namespaces "team" not found'}))
        assert kube.find(NAMESPACE, None, "team") is None


def test_a_busy_server_is_given_the_time_it_asks_for() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([Answer(429, {"message": "slow down"}, {"Retry-After": "1"}), Answer(body=BODY)])
        started = time.monotonic()
        assert kube.get(ROLLOUT, "team", "web") == BODY
        assert 0.9 <= time.monotonic() - started < 3
        assert len(api.asked) == 2


@pytest.mark.parametrize("code", [502, 503, 504])
def test_a_restarting_server_is_asked_again_also_for_writes(code: int) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([Answer(code), Answer(body=BODY)])
        assert kube.apply(ROLLOUT, BODY) == BODY
        assert json.loads(api.asked[1].body) == BODY


@pytest.mark.parametrize("code", [400, 401, 403, 409, 422, 500])
def test_a_refusal_is_told_at_once(code: int) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(Answer(code, {"message": "no"}))
        with pytest.raises(ApiFailure) as failure:
            kube.apply(ROLLOUT, BODY)
        assert failure.value.code == code
        assert failure.value.where == f"{api.address}, Rollout web in namespace team"
        assert len(api.asked) == 1


@pytest.mark.parametrize("answer", [Answer(body=BODY, cut=True), Answer(lost=True)])
def test_an_answer_that_is_cut_or_does_not_come_is_asked_for_again(answer: Answer) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([answer, Answer(body=BODY)])
        assert kube.get(ROLLOUT, "team", "web") == BODY
        api.answers.extend([answer] * 4)
        with pytest.raises(ApiFailure) as failure:
            kube.get(ROLLOUT, "team", "web")
        assert (failure.value.code, failure.value.reason) == (0, "Unreachable")
        assert not api.answers


@pytest.mark.parametrize("answer", [Answer(body=BODY, cut=True), Answer(lost=True), Answer(504)])
def test_a_conflict_after_a_lost_answer_may_be_of_its_own_making(answer: Answer) -> None:
    """The request may have been carried out; sent again, its resourceVersion is stale."""
    conflict = Answer(409, {"reason": "Conflict", "message": "the object has been modified"})
    with fake_api() as api, connected(api) as kube:
        for answers, unsure in (([answer, conflict], True), ([conflict], False), ([Answer(429), conflict], False)):
            api.answers.extend(answers)
            with pytest.raises(ApiFailure) as failure:
                kube.patch(ROLLOUT, "team", "web", {"status": {}})
            assert (failure.value.code, failure.value.unsure) == (409, unsure)


def test_each_attempt_says_the_same() -> None:
    """The library appends to the lists it is given."""
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([Answer(503), Answer(body=BODY)])
        kube.patch(ROLLOUT, "team", "web", {"status": {}}, subresource="status")
        one, other = api.asked
        assert (one.query, one.raw_query, one.body) == (other.query, other.raw_query, other.body)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(429, {}, {"Retry-After": "3600"}), "TooManyRequests"),
        (Answer(503), "HTTP503"),
        (Answer(never=True), "Unreachable"),
        (Answer(body=BODY, drip=True), "Unreachable"),
    ],
)
def test_no_request_outlives_the_tasks_time(answer: Answer, reason: str) -> None:
    with fake_api() as api, connected(api, seconds=0.5) as kube:
        api.standing[WEB] = answer
        started = time.monotonic()
        with pytest.raises(ApiFailure) as failure:
            kube.get(ROLLOUT, "team", "web")
        assert failure.value.reason == reason
        assert time.monotonic() - started < 2.5


def test_a_server_that_answered_before_is_given_the_tasks_time_to_come_back() -> None:
    with fake_api() as api, connected(api, seconds=20) as kube:
        api.answers.extend([Answer(body=BODY), *[Answer(lost=True)] * 5, Answer(body=BODY)])
        assert kube.get(ROLLOUT, "team", "web") == BODY
        assert kube.get(ROLLOUT, "team", "web") == BODY
        assert len(api.asked) == 7


def test_a_server_that_is_not_there_is_told_without_a_traceback() -> None:
    with fake_api() as api:
        kube = connected(api)
    with kube, pytest.raises(ApiFailure) as failure:
        kube.get(ROLLOUT, "team", "web")
    assert (failure.value.code, failure.value.reason) == (0, "Unreachable")
    assert "\n" not in failure.value.sentence()


def test_a_write_that_was_never_answered_is_not_told_as_not_done() -> None:
    with fake_api() as api, connected(api, request_timeout=0.1) as kube:
        api.answers.extend([Answer(never=True)] * 4)
        with pytest.raises(ApiFailure) as failure:
            kube.patch(ROLLOUT, "team", "web", {"status": {}})
        assert failure.value.unsure
        assert "it may have been carried out all the same" in failure.value.hint


def test_a_server_that_does_not_answer_in_time_is_told() -> None:
    with fake_api() as api, connected(api, request_timeout=0.1) as kube:
        # A watch without a script is held open, which a list is not: the address alone decides.
        with pytest.raises(ApiFailure, match="did not answer in time"):
            kube.request("get", f"{WEB}?watch=true", "Rollout web")
        assert api.watched()


def test_known_kinds_are_not_asked_for_and_others_once() -> None:
    route = {"apiVersion": "route.openshift.io/v1", "kind": "Route", "metadata": {"name": "r"}}
    with fake_api() as api, connected(api) as kube:
        assert kube.kind_of(BODY) == ROLLOUT
        assert api.asked == []
        api.answers.append(Answer(body={"resources": [{"name": "routes", "kind": "Route", "namespaced": True}]}))
        assert kube.kind_of(route).plural == "routes"
        assert kube.kind_of(route).plural == "routes"
        assert [asked.path for asked in api.asked] == ["/apis/route.openshift.io/v1"]


@pytest.mark.parametrize(
    ("api_version", "reason"), [("gone.example/v1", "KindNotFound"), ("argoproj.io/v9", "MissingCRDs")]
)
def test_a_kind_that_the_cluster_does_not_know_is_told(api_version: str, reason: str) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(Answer(404, {"message": "404 page not found"}))
        with pytest.raises(DeliveryError) as error:
            kube.kind_of({"apiVersion": api_version, "kind": "Thing"})
        assert error.value.reason == reason


def test_one_acts_as_the_given_user_with_all_given_groups() -> None:
    """With one group only, requests would be made, and refused, with fewer rights than asked for."""
    groups = ["team-a", "team-b", "system:authenticated"]
    with fake_api() as api, connected(api, impersonate_user="jane", impersonate_groups=groups) as kube:
        api.answers.append(Answer(body=BODY))
        kube.get(ROLLOUT, "team", "web")
        [asked] = api.asked
        assert asked.headers["Impersonate-User"] == "jane"
        assert asked.headers.get_all("Impersonate-Group") == groups


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_libs, "IMPORT_PROBLEM", "No module named 'kubernetes'")
    with pytest.raises(DeliveryError) as error:
        Kube(Credentials(host="http://127.0.0.1:1", api_key="x"), warn=lambda text: None)
    assert error.value.reason == "MissingLibrary"
    assert sys.executable in error.value.sentence()
    assert "install kubernetes" in error.value.hint


def test_everything_can_be_imported_without_the_library() -> None:
    """Ansible imports every file to test it, and a host without the library must get the sentence above."""
    package = "ansible_collections.tradesense.delivery.plugins.module_utils"
    code = (
        "import sys; sys.modules['kubernetes'] = None\n"
        f"from {package}._rollouts import operations\n"
        f"from {package}._apply import operation\n"
        f"from {package}._kube._libs import IMPORT_PROBLEM\n"
        "print(IMPORT_PROBLEM)"
    )
    root = Path(__file__).resolve().parents[5]
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root / ".dev" / "collections")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "kubernetes" in run.stdout
