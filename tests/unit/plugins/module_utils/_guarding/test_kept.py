# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""When what a guard knows is written down. A FAKE takes the place of the ConfigMap: only how often it is written counts here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.cycle import begin
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.state import State
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding import keeping
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.kept import Kept
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.record import Record
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.failures import ApiFailure
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Stage

from tests.unit.plugins.module_utils._guard.guard_builders import POLICIES

STATE = begin(POLICIES, "web", uid="uid-1", revision="new", trading=False, origin=1000.0)


class Written:
    """What was written, and whether the next time fails."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.away = False

    def save(self, *given: Any) -> None:
        if self.away:
            raise ApiFailure(DeliveryError("nobody answers", reason="Unreachable"), 0)
        self.records.append(given[-1])

    @property
    def states(self) -> list[State | None]:
        return [record.state for record in self.records]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """Take what is written."""
    found = Written()
    monkeypatch.setattr(keeping, "save", found.save)
    monkeypatch.setattr(keeping, "load", lambda *given: found.records[-1] if found.records else Record())
    return found


def kept(name: str = "web") -> Kept:
    """Return what is kept of a Rollout, with the fake below it."""
    return Kept(None, "shop", name)  # type: ignore[arg-type]


def test_quiet_windows_are_written_now_and_then(written: Written) -> None:
    one = kept()
    one.take(STATE)
    for index in range(40):
        one.take(replace(STATE, seen=index))
        one.catch_up()
        one.catch_up()
        assert one.state == replace(STATE, seen=index)
    assert 10 <= len(written.records) <= 12


def test_rollouts_take_turns(written: Written) -> None:
    many = [kept(f"service-{number}") for number in range(40)]
    for one in many:
        one.take(STATE)
    before = len(written.records)
    for one in many:
        one.take(replace(STATE, seen=0))
    assert len(written.records) == before
    for one in many:
        one.catch_up()
    assert 0 < len(written.records) - before < 20


@pytest.mark.parametrize("news", [{"stage": Stage.PREFLIGHT}, {"holding": True}, {"hash": "newer"}])
def test_news_is_written_at_once(written: Written, news: dict[str, Any]) -> None:
    one = kept()
    one.take(STATE)
    one.take(replace(STATE, seen=1, **news))
    assert written.states == [STATE, replace(STATE, seen=1, **news)]
    one.take(replace(STATE, seen=1, **news))
    assert len(written.records) == 2


@pytest.mark.parametrize("news", [{"stage": Stage.OBSERVING}, {"marks": {"baking": 1000.0}}])
def test_news_upon_which_nothing_is_done_is_written_when_all_is_decided(written: Written, news: dict[str, Any]) -> None:
    one = kept()
    one.take(STATE)
    one.take(replace(STATE, **news))
    assert written.states == [STATE]
    one.catch_up()
    one.catch_up()
    assert written.states == [STATE, replace(STATE, **news)]


def test_what_is_done_is_written_with_all_that_was_not_yet(written: Written) -> None:
    one = kept()
    one.take(STATE)
    last = replace(STATE, seen=2)
    one.take(last)
    count = len(written.records)
    one.change(paused=True)
    assert written.records[-1] == Record(last, paused=True)
    assert len(written.records) == count + 1
    one.change(paused=True)
    assert len(written.records) == count + 1


def test_what_could_not_be_written_is_not_taken_for_known(written: Written) -> None:
    one = kept()
    written.away = True
    with pytest.raises(ApiFailure):
        one.change(paused=True)
    assert one.record == Record()
    written.away = False
    one.change(paused=True)
    assert written.records == [Record(paused=True)]
