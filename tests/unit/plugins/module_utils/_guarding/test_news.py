# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is told of a release, look by look, and that the same news keeps its key."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.tradesense.delivery.plugins.module_utils._guard.cycle import begin
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.decision import Decision, Reason
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.state import State
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.news import (
    Place,
    Scene,
    exposure,
    news_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.record import Record, Rollback
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Mode, Occasion, Stage, Verdict

from tests.unit.plugins.builders import NEW, OLD
from tests.unit.plugins.module_utils._guard.guard_builders import POLICIES, POLICY
from tests.unit.plugins.scenes import canary, view

NOW = 2000.0
PLACE = Place("production", "production-1", "tradesense-production")
GOES_ON = Decision(Verdict.CONTINUE, Verdict.CONTINUE)
BAD = Decision(Verdict.ROLLBACK, Verdict.ROLLBACK, (Reason("error rate: 20 % of 300 requests failed"),))
ROLLBACK = Rollback(1100.0, NEW, OLD, "error rate", seconds=0.5)


def state(stage: Stage = Stage.OBSERVING, **marks: float) -> State:
    """Return a state in a stage, with the times at which others were reached."""
    begun = begin(POLICIES, "web", uid="uid-1", revision=NEW, trading=False, origin=1000.0)
    return replace(begun, stage=stage, marks=marks)


def scene(record: Record, decision: Decision | None = GOES_ON, mode: Mode = Mode.ENFORCE, trouble: str = "") -> Scene:
    """Return a canary in flight after a look."""
    return Scene(PLACE, view(canary()), record, mode, decision, POLICY.clock(1000.0), trouble)


def occasions(*args: object, **named: object) -> list[Occasion]:
    """Return what the news of a scene are about."""
    return [event.occasion for event in news_of(scene(*args, **named), NOW)]  # type: ignore[arg-type]


def test_without_a_release_there_is_no_news() -> None:
    assert occasions(Record()) == []


def test_a_release_begins_and_ends_well() -> None:
    assert occasions(Record(state())) == [Occasion.STARTED]
    assert occasions(Record(state(Stage.DONE))) == [Occasion.FINISHED]


def test_a_hold_is_told_once_each_time() -> None:
    held = Decision(Verdict.HOLD, Verdict.HOLD, (Reason("stable is over its thresholds too"),))
    first, again = (
        list(news_of(scene(Record(state(Stage.HOLDING), holds=holds), held), NOW))[-1].key for holds in (1, 2)
    )
    assert first.endswith("/hold")
    assert again == f"{first}#2"
    blind = Decision(Verdict.INCONCLUSIVE, Verdict.HOLD, (Reason("no data"),))
    assert occasions(Record(state(Stage.HOLDING)), blind) == [Occasion.STARTED, Occasion.HOLD]


def test_a_warning_changes_nothing_and_is_told() -> None:
    warned = replace(GOES_ON, warnings=(Reason("response time is near its threshold"),))
    assert occasions(Record(state()), warned) == [Occasion.STARTED, Occasion.WARNING]


def test_a_guard_that_may_not_tells_what_it_would_do() -> None:
    told = occasions(Record(state(Stage.HOLDING)), replace(BAD, action=Verdict.HOLD), Mode.HOLD_ONLY)
    assert told == [Occasion.STARTED, Occasion.ROLLBACK]


def test_a_rollback_and_its_end() -> None:
    for stage, last in (
        (Stage.ROLLING_BACK, []),
        (Stage.VERIFYING, []),
        (Stage.RECOVERED, [Occasion.RECOVERY]),
        (Stage.INEFFECTIVE, [Occasion.INEFFECTIVE]),
    ):
        assert occasions(Record(state(stage), rollbacks=(ROLLBACK,)), BAD) == [Occasion.ROLLBACK, *last]


def test_a_rollback_that_may_not_be_is_an_error() -> None:
    told = list(news_of(scene(Record(state(Stage.BLOCKED)), BAD, trouble="it is not rolled back: no target"), NOW))
    assert [event.occasion for event in told] == [Occasion.STARTED, Occasion.ERROR]
    assert "no target" in told[1].summary


def test_the_key_stays_when_the_rollback_renames_the_release() -> None:
    """A rollback changes the annotation with the name; what is told before and after belongs together."""
    record = Record(state(Stage.RECOVERED), rollbacks=(ROLLBACK,), release="20261127T101000Z")
    told = list(news_of(scene(record, None), NOW))
    assert {event.subject for event in told} == {"production-1/tradesense-production/20261127T101000Z/web"}
    assert [event.verdict for event in told] == [None, None]


def test_versions_times_and_impact() -> None:
    marks = {"observing": 1030.0, "holding": 1060.0, "preflight": 1090.0, "rolling_back": 1100.0, "recovered": 1300.0}
    record = Record(replace(state(Stage.RECOVERED, **marks), onset=1), rollbacks=(ROLLBACK,))
    event = list(news_of(scene(record, BAD), NOW))[-1]
    assert (event.version, event.stable_version) == ("v2.8.0", "v2.7.0")
    times = event.times
    assert (times.first_bad, times.detected, times.decided) == (1030.0, 1060.0, 1090.0)
    assert (times.traffic_off, times.recovered) == (1100.5, 1300.0)
    assert event.impact is not None
    assert event.impact.minutes == (1100.5 - 1030.0) / 60


def test_users_are_exposed_from_the_first_window_until_the_traffic_is_off() -> None:
    assert exposure(Record(state()), state(), NOW) == 0.0
    baking = state(Stage.BAKING, observing=1100.0)
    assert exposure(Record(baking), baking, NOW) == 900.0
