# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for a state, against a scripted server: when it ends, and what it tells at its end."""

from __future__ import annotations

import time

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import ROLLOUT
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.choice import Choice, Need
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.estate import Estate
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.waiting import Waited, failure_of, wait_for

from tests.unit.plugins.builders import NAME, NAMESPACE
from tests.unit.plugins.fake_api import Answer, FakeApi, connected, listing, stand
from tests.unit.plugins.scenes import canary, later

ROLLOUTS = ROLLOUT.path(NAMESPACE)
ALL = Need.REVISIONS | Need.TRAFFIC | Need.ANALYSIS


@pytest.fixture
def api() -> FakeApi:
    """A server with a canary in flight, whose Rollout is listed by the script."""
    made = FakeApi()
    stand(made, canary(step=2))
    del made.standing[ROLLOUTS]
    made.answers.append(listed(canary(step=2)))
    return made


def listed(objects: Objects) -> Answer:
    return listing("1000", objects.rollouts[0])


def wait(api: FakeApi, *, timeout: float = 0.4, ago: float = 0.0) -> tuple[Waited, DeliveryError | None]:
    with api, connected(api) as kube, Estate(kube, NAMESPACE, Choice((NAME,)), ALL) as estate:
        began = time.monotonic() - ago
        waited = wait_for(
            estate, ["healthy"], step=None, until_any=[], began=began, timeout=timeout, say=lambda name, line: None
        )
        return waited, failure_of(waited, NAMESPACE, api.address, ["healthy"], timeout)


def test_what_no_watch_told_is_found_by_the_last_look(api: FakeApi) -> None:
    api.answers.append(listed(canary(at_rest=True)))
    waited, failure = wait(api)
    assert waited.reached == {NAME: "healthy"}
    assert failure is None


def test_a_last_look_that_cannot_be_had_is_told(api: FakeApi) -> None:
    api.answers.append(Answer(403, {"message": "no", "reason": "Forbidden"}))
    waited, failure = wait(api)
    assert waited.unread == "not allowed: no"
    assert failure is not None
    assert "That is as last seen, for not allowed: no." in failure.sentence()


def test_a_controller_that_has_not_taken_the_newest_request_is_told() -> None:
    api = FakeApi()
    stand(api, later(canary(at_rest=True), metadata={"generation": 13}))
    _, failure = wait(api)
    assert failure is not None
    assert failure.reason == "Timeout"
    assert "The controller did not react: is argo-rollouts running?" in failure.sentence()


def test_one_that_works_is_not_blamed(api: FakeApi) -> None:
    api.answers.append(listed(canary(step=2)))
    _, failure = wait(api)
    assert failure is not None
    assert failure.hint == "look at the pods of what is named, or raise timeout"


def test_the_time_counts_from_when_the_task_began(api: FakeApi) -> None:
    """Finding the rollouts may have taken a good part of it, at a busy server."""
    api.answers.append(listed(canary(step=2)))
    started = time.monotonic()
    _, failure = wait(api, timeout=30, ago=29.8)
    assert time.monotonic() - started < 5
    assert failure is not None
