# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether an answer is good enough: no data, NaN, infinities and conditions."""

from __future__ import annotations

import math

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.judging import (
    Condition,
    Rules,
    judge,
    name_of,
    number,
    state_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import (
    Answer,
    Ask,
    Kind,
    Point,
    Sample,
    Series,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

NAN, INF = math.nan, math.inf


def values(*numbers: float) -> Answer:
    """Return a vector of pods with these values."""
    samples = tuple(Sample({"pod": f"web-{index}"}, 1.0, value) for index, value in enumerate(numbers))
    return Answer(Kind.VECTOR, samples=samples)


def over_time(*numbers: float) -> Answer:
    """Return a matrix of one series with these values."""
    points = tuple(Point(float(index), value) for index, value in enumerate(numbers))
    return Answer(Kind.MATRIX, series=(Series({"pod": "web"}, points),))


def rules(**given: str) -> Rules:
    """Return rules by the names of the options."""
    return Rules.from_params({"no_data": "fail", "nan": "fail", **given})


@pytest.mark.parametrize("answer", [values(), over_time(), Answer(Kind.MATRIX)])
def test_no_data_fails_unless_it_is_said_to_be_an_answer(answer: Answer) -> None:
    judged = judge(answer, rules())
    assert (judged.reason, judged.lacks) == ("NoData", "there is no data")
    assert "no_data" in judged.hint
    assert judge(answer, rules(no_data="ok")).lacks == ""


def test_no_data_that_is_an_answer_is_one_for_every_condition_too() -> None:
    assert judge(values(), rules(condition="< 1")).reason == "NoData"
    assert judge(values(), rules(condition="< 1", no_data="ok")).reason == ""


@pytest.mark.parametrize(
    "answer", [values(NAN), over_time(1.0, NAN), Answer(Kind.SCALAR, samples=(Sample({}, 1.0, NAN),))]
)
def test_nan_fails_unless_it_is_said_to_be_an_answer(answer: Answer) -> None:
    judged = judge(answer, rules())
    assert judged.reason == "NotANumber"
    assert "NaN" in judged.lacks
    assert judge(answer, rules(nan="ok")).answer == answer
    assert judge(answer, rules(nan="ok")).lacks == ""


def test_nan_that_is_dropped_is_as_if_it_was_missing() -> None:
    judged = judge(values(1.0, NAN), rules(nan="drop"))
    assert [sample.value for sample in judged.answer.samples] == [1.0]
    assert judged.lacks == ""
    nothing = judge(values(NAN, NAN), rules(nan="drop"))
    assert nothing.reason == "NoData"
    assert nothing.lacks == "there is no data, only NaN"
    assert judge(values(NAN), rules(nan="drop", no_data="ok")).answer.empty
    kept = judge(over_time(1.0, NAN, 3.0), rules(nan="drop"))
    assert [point.timestamp for point in kept.answer.series[0].points] == [0.0, 2.0]
    assert judge(over_time(NAN), rules(nan="drop", no_data="ok")).answer.series == ()


def test_a_string_is_data() -> None:
    assert judge(Answer(Kind.STRING, text=""), rules()).lacks == ""


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("< 0.01", [0.0, -1.0, -INF], [0.01, 1.0, INF]),
        ("<=0.01", [0.01], [0.011]),
        ("> -2", [-1.9, INF], [-2.0, -INF]),
        (">= 1e-3", [0.001], [0.0009]),
        ("== 3", [3.0], [3.1]),
        ("!= +.5", [0.4, INF], [0.5]),
        (" <  3. ", [2.0], [3.0]),
    ],
)
def test_conditions(text: str, good: list[float], bad: list[float]) -> None:
    for value in good:
        assert judge(values(value), rules(condition=text)).lacks == "", value
    for value in bad:
        assert judge(values(value), rules(condition=text)).reason == "ConditionNotMet", value


@pytest.mark.parametrize("text", ["< 1", ">= 0", "!= 5"])
def test_nan_fulfils_no_condition(text: str) -> None:
    judged = judge(values(NAN), rules(nan="ok", condition=text))
    assert judged.reason == "ConditionNotMet"
    assert judged.lacks == f"the value NaN is not {text}"


def test_every_value_has_to_fulfil_the_condition() -> None:
    judged = judge(values(0.001, 0.5), rules(condition="< 0.01"))
    assert judged.lacks == '1 of 2 values is not < 0.01: 0.5 of {pod="web-1"}'
    many = judge(values(1, 2, 3, 4, 5), rules(condition="< 1"))
    assert many.lacks.startswith(
        '5 of 5 values are not < 1: 1 of {pod="web-0"}, 2 of {pod="web-1"}, 3 of {pod="web-2"}, ...'
    )


@pytest.mark.parametrize("text", ["", "0.01", "< ", "<", "=< 1", "< 1 and > 0", "< nan", "< x", "~ 1", "< 1e", "<> 1"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(DeliveryError, match="is not a comparison") as error:
        Condition.parse(text)
    assert error.value.reason == "BadOption"


@pytest.mark.parametrize("answer", [over_time(1.0), Answer(Kind.MATRIX), Answer(Kind.STRING, text="x")])
def test_a_condition_does_not_fit_every_type_of_result(answer: Answer) -> None:
    with pytest.raises(DeliveryError, match="a condition needs values at one time"):
        judge(answer, rules(condition="< 1", no_data="ok"))


def test_the_error_of_an_answer_says_where() -> None:
    error = judge(values(), rules()).error(Ask("http://p", "up"), {"no_data": True})
    assert error.sentence().startswith("http://p, query up: there is no data. Check ")
    assert error.to_ansible()["no_data"] is True


def test_values_and_labels_for_people() -> None:
    assert [number(value) for value in (1.0, 1234567.0, -0.0001234567, 1e300, NAN, INF, -INF)] == [
        "1",
        "1234567",
        "-0.000123457",
        "1e+300",
        "NaN",
        "+Inf",
        "-Inf",
    ]
    assert [state_of(value) for value in (0.0, NAN, INF, -INF)] == ["ok", "nan", "inf", "-inf"]
    assert name_of({"__name__": "up", "job": "a", "pod": "b"}) == 'up{job="a", pod="b"}'
    assert name_of({}) == "{}"
