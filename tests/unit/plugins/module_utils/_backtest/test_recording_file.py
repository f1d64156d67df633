# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Recordings as files."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import Point, Series
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.file import from_json, to_json
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.recording import merged
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.replay import replay
from ansible_collections.tradesense.delivery.plugins.module_utils._backtest.report import to_ansible
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

from tests.unit.plugins.module_utils._backtest.backtest_builders import (
    POLICIES,
    STABLE,
    START,
    Pod,
    bad_from,
    recording,
)

MADE = recording(
    Pod("new-0", "new", failed=bad_from(120)),
    *STABLE,
    promoted=START + 300,
    weights=((START, 0.25), (START + 60, None)),
)


def plain() -> dict[str, Any]:
    """Return what the file of a recording holds."""
    found: dict[str, Any] = json.loads(to_json(MADE))
    return found


def test_what_was_written_is_read_again() -> None:
    text = to_json(MADE)
    assert from_json(text, "x") == MADE
    assert to_json(from_json(text, "x")) == text


def test_a_replay_of_the_file_says_the_same() -> None:
    again = from_json(to_json(MADE), "x")
    assert to_ansible(again.release, replay(again, POLICIES)) == to_ansible(MADE.release, replay(MADE, POLICIES))


def test_the_file_has_a_line_for_each_series() -> None:
    lines = to_json(MADE).splitlines()
    assert sum('"points"' in line for line in lines) == sum(len(each.series) for each in MADE.metrics.values())


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("format",), "something", "no recording: its format is not"),
        (("version",), 2, "version 2, and this collection reads 1"),
        (("service",), "", "service of the recording is not a text"),
        (("stable_hash",), 3, "stable_hash of the recording is not a text"),
        (("trading",), None, "trading of the recording is not true or false"),
        (("start",), "soon", "start of the recording is not a number of seconds"),
        (("end",), 5, "end of the recording is not after start"),
        (("step",), 0, "step of the recording is not above 0"),
        (("weights", 1), [START], "weights[1] of the recording is not a pair"),
        (("weights", 1, 1), 25, "weights[1] of the recording is not a pair of a time and a share from 0 to 1"),
        (("labels", "pod"), None, "labels of the recording is not a mapping of namespace, service, hash, pod"),
        (("metrics",), [], "metrics of the recording is not a mapping"),
        (("metrics", "happiness"), {}, "metrics.happiness of the recording is not one of error_rate"),
        (("metrics", "error_rate", "query"), None, "metrics.error_rate of the recording is not a mapping with query"),
        (("metrics", "error_rate", "series", 2), [], "metrics.error_rate.series[2] of the recording is not a mapping"),
        (
            ("metrics", "error_rate", "series", 0, "points", 5),
            [1, "x"],
            "series[0].points of the recording is not a list",
        ),
        (("metrics", "error_rate", "series", 0, "points", 5), [1, math.nan], "series[0].points of the recording"),
    ],
)
def test_what_is_wrong_is_named(path: tuple[Any, ...], value: Any, words: str) -> None:
    given = plain()
    inner: Any = given
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(DeliveryError) as caught:
        from_json(json.dumps(given), "recordings/x.json")
    assert words in caught.value.msg
    assert (caught.value.reason, caught.value.where) == ("BadRecording", "recordings/x.json")
    assert "\n" not in caught.value.sentence()


@pytest.mark.parametrize("text", ["", "[1, 2", "[]", '"text"', "{}"])
def test_what_is_no_recording_at_all(text: str) -> None:
    with pytest.raises(DeliveryError, match="the file is no"):
        from_json(text, "x")


def test_answers_about_successive_times_become_one_series() -> None:
    def piece(*points: tuple[float, float], pod: str = "a") -> tuple[Series, ...]:
        return (Series({"pod": pod}, tuple(Point(*point) for point in points)),)

    found = merged([piece((1, 10), (2, 20)), piece((3, 30), (2, 20), (4, math.nan)), piece((5, math.inf), pod="b")])
    assert found == (Series({"pod": "a"}, (Point(1, 10), Point(2, 20), Point(3, 30))),)
