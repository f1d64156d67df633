# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""When a metric is done, as the controller reads its limits."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.limits import (
    Limits,
    lacks,
    limits_of,
    seconds,
    shortest,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import result


def test_limits_that_a_metric_does_not_name() -> None:
    assert limits_of({}) == Limits(1, 0, 0, 4, 0)


def test_limits_may_be_numbers_or_texts() -> None:
    given = {"count": "5", "failureLimit": -1, "inconclusiveLimit": "2", "consecutiveErrorLimit": 0}
    assert limits_of({**given, "consecutiveSuccessLimit": 3, "interval": "1s"}) == Limits(5, -1, 2, 0, 3)


@pytest.mark.parametrize(
    ("metric", "count", "endless"),
    [
        ({"count": 3, "interval": "1s"}, 3, False),
        ({"interval": "1s"}, None, True),
        ({"count": 0, "interval": "1s"}, None, True),
        # A text that is no number is 0 to the controller.
        ({"count": "{{args.count}}", "interval": "1s"}, None, True),
        ({"count": "many"}, 1, False),
        ({"interval": "1s", "consecutiveSuccessLimit": 3}, None, False),
    ],
)
def test_what_has_an_interval_and_no_count_never_ends(metric: Obj, count: int | None, endless: bool) -> None:
    assert (limits_of(metric).count, limits_of(metric).endless) == (count, endless)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", 30),
        ("1m30s", 90),
        ("1.5h", 5400),
        ("500ms", 0.5),
        (".5s", 0.5),
        ("1h0m1s", 3601),
        ("", 0),
        ("30", 0),
        ("1d", 0),
        ("5s later", 0),
    ],
)
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ({}, 0),
        ({"initialDelay": "1m"}, 60),
        ({"count": 5, "interval": "30s", "initialDelay": "1m"}, 180),
        ({"count": 5, "interval": "30s", "consecutiveSuccessLimit": 2}, 30),
        ({"interval": "30s", "consecutiveSuccessLimit": 3}, 60),
        ({"interval": "30s"}, 0),
    ],
)
def test_the_shortest_time_of_a_metric(metric: Obj, expected: float) -> None:
    assert shortest(metric) == expected


@pytest.mark.parametrize(
    ("metric", "measured", "expected"),
    [
        ({"count": 3}, None, "has not been measured yet"),
        (
            {"count": 3, "initialDelay": "1m"},
            result("m", "Pending"),
            "has not been measured yet (its first measurement comes after 1m)",
        ),
        ({"count": 3}, result("m", "Running", ("Successful", "1")), "has 1 of 3 measurements"),
        (
            {"count": 3},
            result("m", "Running", ("Error", "no\n route"), consecutiveError=2),
            "could not be measured 2 times in succession: no route",
        ),
        (
            {"count": 9, "consecutiveSuccessLimit": 4},
            result("m", "Running", ("Successful", "1"), consecutiveSuccess=1),
            "has 1 of 4 successes in succession",
        ),
        (
            {"interval": "1s"},
            result("m", "Running", ("Successful", "1")),
            "has 1 measurements and no count, so it goes on without end",
        ),
    ],
)
def test_what_a_metric_lacks(metric: Obj, measured: Any, expected: str) -> None:
    assert lacks(metric, measured) == expected
