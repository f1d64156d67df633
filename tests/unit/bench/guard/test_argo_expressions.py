# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Conditions of analysis metrics."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.bench.guard.argo.expressions import Invalid, compiled


@pytest.mark.parametrize(
    ("source", "result", "value"),
    [
        ("result[0] < 0.02", [0.01], True),
        ("result >= 0.95", 0.95, True),
        ("len(result) > 0 && !isNaN(result[0]) && result[0] < 0.02", [], False),
        ("len(result) == 0 || result[0] >= .95", [], True),
        ("isNaN(result[0]) || result[0] < 0.02", [math.nan], True),
        ("result[0] < 0.02", [math.nan], False),
        ("isInf(result)", math.inf, True),
        ("2 in result and not (3 in result)", [2.0, 1.0], True),
        ("result in [1, 2]", 2.0, True),
        ("1 + 2 * 3 - 4 / 2", None, 5.0),
        ("(1 + 2) * 3 == 9 ? result : -1", 7.0, 7.0),
        ("10 % 4 == 2 and -result == 3", -3.0, True),
        ("true || false && false", None, True),
        ("default(result, 0) < 1", None, True),
        ("isNil(result)", None, True),
        ("asInt('7') + asFloat(\"0.5\")", None, 7.5),
        ("result != nil", 1.0, True),
        ("1 / 0 > 1e3", None, True),
    ],
)
def test_an_expression_has_this_value(source: str, result: Any, value: Any) -> None:
    assert compiled(source)(result) == value


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("invalidVariable", "unknown name invalidVariable"),
        ("true || invalidVariable", "unknown name invalidVariable"),
        ("nothing(result)", "unknown name nothing"),
        ("result <", "unexpected end"),
        ("result[0", "']' is missing"),
        ("result 1", "unexpected token '1'"),
        ("result # 1", "unrecognized character"),
        (")", "unexpected token"),
    ],
)
def test_what_is_no_expression_is_refused_before_there_is_a_result(source: str, words: str) -> None:
    with pytest.raises(Invalid, match=words.replace("[", r"\[")):
        compiled(source)


@pytest.mark.parametrize(
    ("source", "result", "words"),
    [
        ("result[0] < 1", None, "from nil"),
        ("result[2] < 1", [1.0], "out of range"),
        ("result < 0.02", [0.01], r"\[\]float64"),
        ("isNaN(result)", [1.0], "no number"),
        ("result && true", 1.0, "float64"),
        ("1 in result", 1.0, "not defined on float64"),
        ("len(result)", 1.0, "invalid argument for len"),
        ("isNaN(result, 1)", 1.0, "invalid arguments"),
        ("asInt('x')", None, "invalid literal"),
        ("result[0]", 1.0, "cannot be indexed"),
    ],
)
def test_what_has_no_value_says_why(source: str, result: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        compiled(source)(result)
