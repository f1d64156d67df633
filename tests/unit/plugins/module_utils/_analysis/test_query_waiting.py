# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Asking until the answer is good: how often, how long, and what ends it early."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.failures import QueryFailure
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.judging import Judged
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import Answer, Ask, Kind
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.waiting import Patience, ask_until_good

GOOD = Judged(Answer(Kind.VECTOR))
BAD = Judged(Answer(Kind.VECTOR), "there is no data", "NoData")
AWAY = QueryFailure(Ask("http://p", "up"), "Prometheus is away", reason="Unreachable", transient=True)
WRONG = QueryFailure(Ask("http://p", "up"), "the query is wrong", reason="BadQuery")
PATIENT = Patience(5, 0.01)


def script(*steps: Judged | QueryFailure) -> tuple[Callable[[float], Judged], list[float]]:
    """Return what answers by script, the last one for good, and the seconds it was given each time."""
    left: list[float] = []

    def ask(within: float) -> Judged:
        step = steps[min(len(left), len(steps) - 1)]
        left.append(within)
        if isinstance(step, QueryFailure):
            raise step
        return step

    return ask, left


def test_a_good_answer_is_enough() -> None:
    ask, asked = script(GOOD)
    assert ask_until_good(ask, PATIENT, pytest.fail) is GOOD
    assert len(asked) == 1


def test_without_patience_one_answer_decides() -> None:
    ask, asked = script(BAD)
    assert ask_until_good(ask, Patience(0, 1), pytest.fail) is BAD
    assert len(asked) == 1


def test_it_asks_until_the_answer_is_good_and_tells_each_lack_once() -> None:
    said: list[str] = []
    other = Judged(Answer(Kind.VECTOR), "the value 2 is not < 1", "ConditionNotMet")
    ask, asked = script(BAD, BAD, other, GOOD)
    assert ask_until_good(ask, PATIENT, said.append) is GOOD
    assert len(asked) == 4
    assert [line.partition(" (")[0] for line in said] == ["there is no data", "the value 2 is not < 1"]
    assert said[0].endswith("s left)")


def test_the_last_answer_is_given_when_the_time_is_over() -> None:
    ask, asked = script(BAD)
    started = time.monotonic()
    assert ask_until_good(ask, Patience(0.2, 0.15), lambda line: None) is BAD
    assert 0.2 <= time.monotonic() - started < 1
    # At the start, after the interval, and at the end.
    assert len(asked) == 3
    assert asked[0] > asked[1] > asked[2]


def test_a_prometheus_that_never_answered_is_not_waited_for() -> None:
    ask, asked = script(AWAY)
    with pytest.raises(QueryFailure, match="is away"):
        ask_until_good(ask, PATIENT, pytest.fail)
    assert len(asked) == 1


def test_a_prometheus_that_is_away_for_a_moment_does_not_end_the_wait() -> None:
    said: list[str] = []
    ask, asked = script(BAD, AWAY, AWAY, GOOD)
    assert ask_until_good(ask, PATIENT, said.append) is GOOD
    assert len(asked) == 4
    assert [line.partition(" (")[0] for line in said] == ["there is no data", "Prometheus is away"]


def test_a_prometheus_that_stays_away_is_told_at_the_end() -> None:
    ask, _ = script(BAD, AWAY)
    with pytest.raises(QueryFailure, match="is away"):
        ask_until_good(ask, Patience(0.1, 0.05), lambda line: None)


def test_a_failure_that_does_not_pass_ends_the_wait() -> None:
    ask, asked = script(BAD, WRONG)
    with pytest.raises(QueryFailure, match="is wrong"):
        ask_until_good(ask, PATIENT, lambda line: None)
    assert len(asked) == 2
