# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Answers as results: stable, and JSON that every program can read."""

from __future__ import annotations

import json
import math

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.judging import Condition
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import (
    Answer,
    Kind,
    Point,
    Sample,
    Series,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.report import message, to_ansible

NAN, INF = math.nan, math.inf


def vector(*values: float) -> Answer:
    """Return a vector with these values."""
    return Answer(
        Kind.VECTOR, samples=tuple(Sample({"pod": f"web-{index}"}, 5.0, value) for index, value in enumerate(values))
    )


SCALAR = Answer(Kind.SCALAR, samples=(Sample({}, 5.0, 2.5),))
MATRIX = Answer(Kind.MATRIX, series=(Series({"pod": "web"}, (Point(5.0, 1.0), Point(6.0, -INF))),))
TEXT = Answer(Kind.STRING, text="hello")


def test_one_sample_has_its_value_at_the_top_too() -> None:
    assert to_ansible(vector(0.25)) == {
        "result_type": "vector",
        "samples": [{"labels": {"pod": "web-0"}, "value": 0.25, "state": "ok", "timestamp": 5.0}],
        "value": 0.25,
        "no_data": False,
        "query_warnings": [],
        "query_infos": [],
    }
    assert to_ansible(SCALAR)["value"] == 2.5
    assert to_ansible(SCALAR)["samples"][0]["labels"] == {}


@pytest.mark.parametrize("answer", [vector(), vector(1.0, 2.0), vector(NAN), vector(INF), MATRIX, TEXT])
def test_there_is_no_value_at_the_top_where_there_is_not_one_number(answer: Answer) -> None:
    assert to_ansible(answer)["value"] is None


def test_no_data_is_said_and_is_no_value() -> None:
    result = to_ansible(vector())
    assert (result["no_data"], result["samples"], result["value"]) == (True, [], None)
    assert to_ansible(Answer(Kind.MATRIX))["series"] == []
    assert to_ansible(Answer(Kind.MATRIX))["no_data"] is True


def test_what_is_not_finite_is_null_with_its_state() -> None:
    samples = to_ansible(vector(NAN, INF, -INF, 0.0))["samples"]
    assert [(sample["value"], sample["state"]) for sample in samples] == [
        (None, "nan"),
        (None, "inf"),
        (None, "-inf"),
        (0.0, "ok"),
    ]


def test_a_matrix_has_series_and_no_samples() -> None:
    result = to_ansible(MATRIX)
    assert result["series"] == [
        {
            "labels": {"pod": "web"},
            "points": [
                {"timestamp": 5.0, "value": 1.0, "state": "ok"},
                {"timestamp": 6.0, "value": None, "state": "-inf"},
            ],
        }
    ]
    assert "samples" not in result


def test_a_string_has_a_text() -> None:
    result = to_ansible(TEXT)
    assert (result["text"], result["samples"], result["no_data"]) == ("hello", [], False)
    assert "text" not in to_ansible(vector())


@pytest.mark.parametrize("answer", [vector(NAN, INF), MATRIX, TEXT, SCALAR])
def test_results_are_strict_json(answer: Answer) -> None:
    assert json.loads(json.dumps(to_ansible(answer), allow_nan=False)) == to_ansible(answer)


def test_what_prometheus_remarks_is_kept() -> None:
    result = to_ansible(Answer(Kind.VECTOR, warnings=("careful",), infos=("by the way",)))
    assert (result["query_warnings"], result["query_infos"]) == (["careful"], ["by the way"])


@pytest.mark.parametrize(
    ("answer", "condition", "text"),
    [
        (vector(), None, "There is no data."),
        (vector(0.5), None, "The value is 0.5."),
        (vector(0.5), Condition("<", 1.0), "The value is 0.5, which is < 1."),
        (vector(NAN), None, "The value is NaN."),
        (vector(3.0, 0.5, NAN), None, "There are 3 values from 0.5 to 3."),
        (vector(3.0, INF), Condition(">", 1.0), "There are 2 values from 3 to +Inf, all of them > 1."),
        (vector(NAN, NAN), None, "There are 2 values."),
        (MATRIX, None, "Number of series: 1, of points in them: 2."),
        (TEXT, None, "The text is hello."),
    ],
)
def test_messages(answer: Answer, condition: Condition | None, text: str) -> None:
    assert message(answer, condition) == text
