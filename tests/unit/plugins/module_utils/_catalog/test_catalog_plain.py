# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Plain data and the deep merge."""

from __future__ import annotations

import json

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.plain import merged, plain
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.values import seconds


class Text(str):
    """Stands for a text that carries marks."""


class Number(int):
    """Stands for a number that carries marks."""


def test_marks_are_taken_off_at_any_depth() -> None:
    result = plain({Text("a"): [Text("b"), Number(3), (Text("c"), True, None, 1.5)]})
    assert result == {"a": ["b", 3, ["c", True, None, 1.5]]}
    assert isinstance(result, dict)
    assert [type(key) for key in result] == [str]
    assert [type(item) for item in result["a"][:2]] == [str, int]
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": 1}, {"b": {"c": None, "d": 1}}, {"a": 1, "b": {"d": 1}}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({"a": None}, {}, {"a": None}),
        ({"a": 0}, {"c": 1}, {"a": 0, "c": 1}),
    ],
)
def test_merge(base: object, over: object, expected: object) -> None:
    assert merged(base, over) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30), ("2m", 120), ("1h30m", 5400), ("0s", 0), ("", -1), ("5", -1), ("1.5h", -1), ("2m ", -1)],
)
def test_seconds(text: str, expected: int) -> None:
    assert seconds(text) == expected
