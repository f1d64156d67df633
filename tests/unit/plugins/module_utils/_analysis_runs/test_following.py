# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One run against a scripted server: found or created, followed, ended; also when answers get lost."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.building import manifest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.following import Following
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import ANALYSIS_RUN
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAMESPACE
from tests.unit.plugins.fake_api import Answer, FakeApi, Stream, connected, event, fake_api, listing
from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import metric, result, run

RUNS = ANALYSIS_RUN.path(NAMESPACE)
WANTED = manifest({"metrics": [metric()]}, name="check", namespace=NAMESPACE, instance_id="", task="ours")
EXISTS = Answer(409, {"reason": "AlreadyExists", "message": 'analysisruns.argoproj.io "check" already exists'})
GOOD = ("Successful", "[0.01]")


def stored(item: Obj, task: str = "ours", version: str = "10", uid: str = "uid-check") -> Obj:
    """Return a run as the server has it."""
    annotations = {"delivery.tradesense.io/task": task}
    return {
        **item,
        "metadata": {**item["metadata"], "annotations": annotations, "resourceVersion": version, "uid": uid},
    }


NEW = stored(run(""))
RUNNING = stored(run("Running", result("errors", "Running", GOOD)), version="11")
DONE = stored(run("Successful", result("errors", "Successful", GOOD, GOOD, GOOD)), version="12")
ENDED = stored(run("Successful", terminate=True, message="Run Terminated"), version="13")


def writes(api: FakeApi) -> list[tuple[str, str, Any]]:
    """Return what was written: method, path and body."""
    return [(asked.method, asked.path, json.loads(asked.body)) for asked in api.asked if asked.method != "GET"]


def test_a_run_is_created_and_followed_to_its_end() -> None:
    lines: list[str] = []
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), Answer(body=NEW)])
        api.watches.append(Stream([event("ADDED", NEW), event("MODIFIED", RUNNING), event("MODIFIED", DONE)]))
        with Following(kube, WANTED) as followed:
            assert followed.created
            assert followed.until_over(5, lines.append)
            assert followed.item["status"]["phase"] == "Successful"
        assert writes(api) == [("POST", RUNS, WANTED)]
        [watch] = api.watched()
        assert watch.query["fieldSelector"] == "metadata.name=check"
        assert watch.query["resourceVersion"] == "9", "nothing between the list and the creation is missed"
    assert lines[-1] == "check: analysis metric errors measured 0.01, needs < 0.02: ok (3 of 3)"
    assert len(lines) == 3


def test_a_run_that_exists_is_followed_and_not_created() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("11", stored(RUNNING, "another", "11")))
        api.watches.append(Stream([event("MODIFIED", DONE)]))
        with Following(kube, WANTED) as followed:
            assert not followed.created
            assert followed.until_over(5, lambda line: None)
        assert writes(api) == []


def test_an_old_run_is_reported_without_a_watch_and_without_lines() -> None:
    lines: list[str] = []
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("11", DONE))
        with Following(kube, WANTED) as followed:
            assert followed.until_over(5, lines.append)
        assert (lines, api.watched()) == ([], [])


def test_another_run_of_that_name_is_refused() -> None:
    other = stored(run("Running", metrics=[metric(count=9)]))
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("11", other))
        with pytest.raises(DeliveryError, match="it differs in metric errors") as caught, Following(kube, WANTED):
            pass
        assert caught.value.reason == "AnalysisRunExists"
        assert writes(api) == []


def test_an_answer_that_was_lost_is_no_other_task() -> None:
    """The run was created, the connection cut, the request sent again: it exists already, and is ours."""
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), Answer(body=NEW, cut=True), EXISTS, listing("10", NEW)])
        with Following(kube, WANTED) as followed:
            assert followed.created
        assert [method for method, _, _ in writes(api)] == ["POST", "POST"]


@pytest.mark.parametrize(("other", "words"), [(run(""), ""), (run("", metrics=[metric("x")]), "it differs in")])
def test_another_task_that_was_quicker_is_not_us(other: Obj, words: str) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), EXISTS, listing("10", stored(other, "theirs"))])
        if words:
            with pytest.raises(DeliveryError, match=words), Following(kube, WANTED):
                pass
        else:
            with Following(kube, WANTED) as followed:
                assert not followed.created


def test_a_run_that_is_there_and_gone_again_is_told_as_the_server_does() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), EXISTS, listing("11")])
        with pytest.raises(DeliveryError, match="already exists") as caught, Following(kube, WANTED):
            pass
        assert caught.value.reason == "AlreadyExists"


def test_a_role_that_may_not_read_creates_nothing() -> None:
    """A run that nobody can follow would be left behind."""
    with fake_api() as api, connected(api) as kube:
        api.answers.append(Answer(403, {"reason": "Forbidden", "message": "no"}))
        with pytest.raises(DeliveryError, match="not allowed"), Following(kube, WANTED):
            pass
        assert writes(api) == []


def test_what_the_server_does_not_accept_is_told() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend(
            [listing("9"), Answer(422, {"reason": "Invalid", "message": "metadata.name: Invalid value"})]
        )
        with pytest.raises(DeliveryError, match=r"metadata\.name: Invalid value"), Following(kube, WANTED):
            pass


@pytest.mark.parametrize(
    "events",
    [
        [event("ADDED", NEW), event("DELETED", NEW)],
        # Deleted and made anew under the same name: another run.
        [event("ADDED", NEW), event("DELETED", NEW), event("ADDED", stored(run(""), "theirs", "20", "uid-other"))],
    ],
)
@pytest.mark.parametrize("seen", [True, False], ids=["seen before", "never seen"])
def test_a_run_that_is_deleted_ends_the_wait(events: list[Obj], seen: bool) -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), Answer(body=NEW)])
        # On a busy machine all events come before the first look.
        api.watches.extend([Stream(events[:1], then="end"), Stream(events[1:])] if seen else [Stream(events)])
        with Following(kube, WANTED) as followed:
            started = time.monotonic()
            with pytest.raises(DeliveryError, match="analysis run check was deleted before it ended") as caught:
                followed.until_over(10, lambda line: None)
            assert time.monotonic() - started < 5
            assert caught.value.reason == "Deleted"


def test_the_last_look_asks_the_server_itself() -> None:
    """A watch that died in silence: the run was done all the time."""
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), Answer(body=NEW), listing("12", DONE)])
        with Following(kube, WANTED) as followed:
            assert followed.until_over(0.3, lambda line: None)


def test_a_run_whose_time_is_over_is_ended() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), Answer(body=NEW), listing("11", RUNNING), Answer(body=RUNNING)])
        api.watches.append(Stream(later=[event("MODIFIED", ENDED)]))
        # What the stream waits for is the next write, and the creation was one.
        with Following(kube, WANTED) as followed:
            api.written.clear()
            assert not followed.until_over(0.3, lambda line: None)
            assert followed.end() == "it was terminated"
        assert writes(api)[1] == ("PATCH", f"{RUNS}/check", {"spec": {"terminate": True}})


def test_a_controller_that_does_not_end_a_run_is_not_waited_for_long() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), Answer(body=NEW), Answer(body=NEW)])
        with Following(kube, WANTED) as followed:
            assert followed.end(patience=0.2) == "its termination was asked for, and has not happened yet"


def test_a_run_that_may_not_be_ended_is_said_to_go_on() -> None:
    with fake_api() as api, connected(api) as kube:
        message = 'User "jane" cannot patch resource "analysisruns" in API group "argoproj.io"'
        api.answers.extend([listing("9"), Answer(body=NEW), Answer(403, {"reason": "Forbidden", "message": message})])
        with Following(kube, WANTED) as followed:
            assert followed.end() == "it could not be terminated: jane may not patch analysisruns"


def test_when_nothing_happens_it_is_told_what_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(
        "ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.following._HEARTBEAT", 0.1
    )
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("9"), Answer(body=NEW), listing("10", NEW)])
        with Following(kube, WANTED) as followed:
            assert not followed.until_over(0.35, lines.append)
    assert lines[0].startswith("check: the controller has not taken it up yet (")
    assert 2 <= len(lines) <= 4
