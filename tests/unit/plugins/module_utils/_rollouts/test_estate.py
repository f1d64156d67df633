# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Workloads as last seen, against a scripted server: made anew only when something may have changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import ROLLOUT
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.choice import Choice, Need
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.estate import Estate
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAME, NAMESPACE
from tests.unit.plugins.fake_api import FakeApi, Stream, connected, event, listing, stand
from tests.unit.plugins.scenes import canary

ROLLOUTS = ROLLOUT.path(NAMESPACE)
DONE = canary(at_rest=True).rollouts[0]
DONE["metadata"]["resourceVersion"] = "2000"


@pytest.fixture
def api() -> FakeApi:
    """A server with a canary in flight, whose Rollout is listed by the script."""
    made = FakeApi()
    stand(made, canary(step=2))
    del made.standing[ROLLOUTS]
    made.answers.append(listing("1000", canary(step=2).rollouts[0]))
    return made


def learn(estate: Estate) -> None:
    estate.learn(ROLLOUT, DONE)


def wait(estate: Estate) -> None:
    while estate.wait(0.3):
        pass


def refresh(estate: Estate) -> None:
    assert estate.refresh() == ""


def after(api: FakeApi, change: Callable[[Estate], None]) -> tuple[Obj, Obj]:
    """Return the Rollout as it was seen before and after a change."""
    with api, connected(api) as kube, Estate(kube, NAMESPACE, Choice((NAME,)), Need.REVISIONS) as estate:
        before = estate.views()[NAME]
        assert estate.views()[NAME] is before
        change(estate)
        return before.raw, estate.views()[NAME].raw


@pytest.mark.parametrize("change", [learn, wait, refresh])
def test_what_may_have_changed_is_looked_at_anew(api: FakeApi, change: Callable[[Estate], None]) -> None:
    if change is wait:
        api.watches.append(Stream([event("MODIFIED", DONE)]))
    if change is refresh:
        api.answers.append(listing("2000", DONE))
    before, now = after(api, change)
    assert before["status"]["currentPodHash"] != before["status"]["stableRS"]
    assert now["status"]["currentPodHash"] == now["status"]["stableRS"]


def test_where_nothing_happens_nothing_is_made_anew(api: FakeApi) -> None:
    before, now = after(api, wait)
    assert before is now
