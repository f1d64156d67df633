# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Watches against a scripted server: nothing is lost, nothing old is believed, and nothing hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import ROLLOUT
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.watch import Picture, Selection

from tests.unit.plugins.fake_api import Answer, FakeApi, Stream, connected, event, fake_api, listing, thing

TEAM = [Selection(ROLLOUT, "team")]
GONE = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}


def seen(picture: Picture) -> dict[str, str]:
    return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in picture.objects(ROLLOUT)}


def wait_until(picture: Picture, reached: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached() and time.monotonic() < deadline:
        picture.wait(0.05)
    assert reached()


def wait_for_watches(api: FakeApi, picture: Picture, number: int) -> None:
    wait_until(picture, lambda: len(api.watched()) >= number)


def test_entering_lists_and_the_watch_goes_on_from_there() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100", thing("a", "90"), thing("b", "95")))
        api.watches.append(
            Stream([
                event("MODIFIED", thing("a", "101")),
                event("DELETED", thing("b", "102")),
                event("ADDED", thing("c", "103")),
            ])
        )  # fmt: skip
        with Picture(kube, TEAM) as picture:
            wait_until(picture, lambda: seen(picture) == {"a": "101", "c": "103"})
        [watch] = api.watched()
        assert watch.path == "/apis/argoproj.io/v1alpha1/namespaces/team/rollouts"
        assert watch.query["resourceVersion"] == "100"
        assert watch.query["allowWatchBookmarks"] == "true"


def test_a_bookmark_moves_the_version_and_is_no_object() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100", thing("a", "90")))
        api.watches.append(Stream([event("BOOKMARK", {"metadata": {"resourceVersion": "150"}})], then="end"))
        with Picture(kube, TEAM) as picture:
            wait_for_watches(api, picture, 2)
            assert seen(picture) == {"a": "90"}
        assert api.watched()[1].query["resourceVersion"] == "150"


def test_a_watch_that_the_server_ends_goes_on_from_the_last_version() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        api.watches.append(Stream([event("ADDED", thing("a", "120"))], then="end"))
        with Picture(kube, TEAM) as picture:
            wait_for_watches(api, picture, 2)
        assert [watch.query["resourceVersion"] for watch in api.watched()] == ["100", "120"]
        assert len(api.listed()) == 1


def test_a_connection_cut_in_the_middle_of_a_line_goes_on_from_the_last_version() -> None:
    """From an older one, events would come again: objects would go back in time before they come forward."""
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        api.watches.append(Stream([event("ADDED", thing("a", "120"))], then="cut"))
        api.watches.append(Stream([event("MODIFIED", thing("a", "130"))]))
        with Picture(kube, TEAM) as picture:
            wait_until(picture, lambda: seen(picture) == {"a": "130"})
        assert [watch.query["resourceVersion"] for watch in api.watched()] == ["100", "120"]
        assert len(api.listed()) == 1


@pytest.mark.parametrize("answer", [Stream([event("ERROR", GONE)], then="end"), Answer(410, GONE)])
def test_a_version_that_is_too_old_leads_to_a_new_list(answer: Stream | Answer) -> None:
    """What was deleted meanwhile must go too: no event will tell."""
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("100", thing("a", "90"), thing("b", "91")), listing("200", thing("a", "190"))])
        api.watches.append(answer)
        with Picture(kube, TEAM) as picture:
            wait_until(picture, lambda: seen(picture) == {"a": "190"})
            wait_for_watches(api, picture, 2)
        assert api.watched()[1].query["resourceVersion"] == "200"


def test_another_error_event_does_not_end_the_watch() -> None:
    problem = {"kind": "Status", "code": 500, "message": "etcd has a new leader"}
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        api.watches.append(Stream([event("ADDED", thing("a", "110")), event("ERROR", problem)], then="end"))
        api.watches.append(Stream([event("MODIFIED", thing("a", "120"))]))
        with Picture(kube, TEAM) as picture:
            wait_until(picture, lambda: seen(picture) == {"a": "120"})
        assert api.watched()[1].query["resourceVersion"] == "110"


def test_a_server_that_fails_for_a_moment_is_asked_again() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        api.watches.extend([Answer(500, {"message": "restarting"}), Stream([event("ADDED", thing("a", "110"))])])
        with Picture(kube, TEAM) as picture:
            wait_until(picture, lambda: seen(picture) == {"a": "110"})


def test_a_watch_that_is_not_allowed_is_an_error_and_not_silence() -> None:
    """Listing is allowed, watching is not: a wait would look at one old picture until its timeout."""
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        message = 'User "jane" cannot watch resource "rollouts" in API group "argoproj.io"'
        api.watches.append(Answer(403, {"message": message, "reason": "Forbidden"}))
        with Picture(kube, TEAM) as picture, pytest.raises(DeliveryError, match="jane may not watch rollouts"):
            picture.wait(5)


def test_a_list_that_is_not_allowed_ends_everything_that_was_begun() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(Answer(403, {"message": "no", "reason": "Forbidden"}))
        api.answers.append(listing("100"))
        before = set(threading.enumerate())
        with pytest.raises(DeliveryError, match="not allowed"), Picture(kube, [*TEAM, Selection(ROLLOUT, "other")]):
            pass
        begun = [thread for thread in set(threading.enumerate()) - before if "_follow" in thread.name]
        for thread in begun:
            thread.join(5)
        assert not any(thread.is_alive() for thread in begun)


def test_leaving_ends_the_readers_at_once() -> None:
    """They wait for the server's next byte, which may be a minute away."""
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        before = set(threading.enumerate())
        with Picture(kube, TEAM) as picture:
            wait_for_watches(api, picture, 1)
            readers = [thread for thread in set(threading.enumerate()) - before if "_follow" in thread.name]
            time.sleep(0.05)
        assert len(readers) == 1
        readers[0].join(2)
        assert not readers[0].is_alive()


def test_waiting_for_nothing_ends_with_the_time() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        with Picture(kube, TEAM) as picture:
            assert picture.wait(0.05) is False
            assert picture.wait(-1) is False


def test_a_selection_can_be_narrowed_by_labels() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        with Picture(kube, [Selection(ROLLOUT, "team", "app=web")]) as picture:
            wait_for_watches(api, picture, 1)
        assert [asked.query["labelSelector"] for asked in api.asked] == ["app=web", "app=web"]


@pytest.mark.parametrize(
    "answer", [Answer(410, GONE), Stream([event("ERROR", GONE)], then="end"), Stream(then="end"), Answer(lost=True)]
)
def test_a_watch_that_never_lives_is_opened_with_longer_and_longer_pauses(answer: Stream | Answer) -> None:
    """However it ends: a server in trouble must not be asked as fast as it can answer."""
    with fake_api() as api, connected(api) as kube:
        api.standing["/apis/argoproj.io/v1alpha1/namespaces/team/rollouts"] = listing("100", thing("a", "90"))
        api.watches.extend([answer] * 50)
        with Picture(kube, TEAM) as picture:
            picture.wait(0.01)
            time.sleep(1.0)
        assert 3 <= len(api.watched()) <= 5
        assert len(api.listed()) <= 6


def test_a_busy_server_is_asked_for_a_watch_when_it_says() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.append(listing("100"))
        api.watches.extend([Answer(429, {}, {"Retry-After": "1"}), Stream([event("ADDED", thing("a", "110"))])])
        with Picture(kube, TEAM) as picture:
            started = time.monotonic()
            wait_until(picture, lambda: seen(picture) == {"a": "110"})
            assert 0.9 <= time.monotonic() - started < 3


def test_what_was_learned_from_an_answer_is_not_undone_by_older_news() -> None:
    """A list that was under way, an event that came late: an object must not go back in time."""
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("100", thing("a", "90")), listing("105", thing("a", "104"), thing("b", "95"))])
        api.watches.append(Stream([event("MODIFIED", thing("a", "101")), event("ADDED", thing("c", "102"))]))
        with Picture(kube, TEAM) as picture:
            picture.learn(ROLLOUT, thing("a", "110", replicas=5))
            wait_until(picture, lambda: "c" in seen(picture))
            assert seen(picture)["a"] == "110"
            assert picture.refresh() == ""
            assert seen(picture) == {"a": "110", "b": "95"}


def test_the_deletion_of_an_earlier_object_of_the_same_name_is_old_news() -> None:
    with fake_api() as api, connected(api) as kube:
        old, new = thing("a", "90"), thing("a", "103")
        old["metadata"]["uid"], new["metadata"]["uid"] = "first", "second"
        gone = {**old, "metadata": {**old["metadata"], "resourceVersion": "101"}}
        api.answers.extend([listing("100", old), listing("104", new)])
        api.watches.append(Stream(later=[event("DELETED", gone), event("ADDED", thing("b", "102"))]))
        with Picture(kube, TEAM) as picture:
            picture.refresh()
            api.written.set()
            wait_until(picture, lambda: "b" in seen(picture))
            assert seen(picture)["a"] == "103"


def test_a_last_look_that_fails_says_why_and_leaves_what_was_seen() -> None:
    with fake_api() as api, connected(api) as kube:
        api.answers.extend([listing("100", thing("a", "90")), Answer(403, {"message": "no", "reason": "Forbidden"})])
        with Picture(kube, TEAM) as picture:
            assert picture.refresh() == "not allowed: no"
            assert seen(picture) == {"a": "90"}
