# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The data of Secrets: folded, or refused without telling a value."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.secret_data import folded
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError


def secret(**parts: Any) -> Any:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "team"}, **parts}


@pytest.mark.parametrize(
    ("parts", "data"),
    [
        ({"stringData": {"A": "hunter2"}}, {"A": "aHVudGVyMg=="}),
        ({"data": {"A": "aHVudGVyMg=="}}, {"A": "aHVudGVyMg=="}),
        ({"data": {"A": "b2xk", "B": "b2xk"}, "stringData": {"A": "new"}}, {"A": "bmV3", "B": "b2xk"}),
        ({"data": {"A": "aHVu\r\ndGVyMg==\n"}}, {"A": "aHVudGVyMg=="}),
        ({"data": {"A": ""}, "stringData": {"B": ""}}, {"A": "", "B": ""}),
        ({"stringData": {"A": "schön"}}, {"A": "c2Now7Zu"}),
        ({"data": None, "stringData": {"A": "x"}}, {"A": "eA=="}),
        ({"data": {}}, {}),
    ],
)
def test_texts_are_put_into_data(parts: Any, data: Any) -> None:
    given = secret(**parts)
    assert folded(given) == secret(data=data)
    assert given == secret(**parts)


def test_what_has_no_data_gets_none() -> None:
    assert folded(secret(stringData=None)) == secret()
    assert folded(secret(type="Opaque", immutable=True)) == secret(type="Opaque", immutable=True)


def test_other_kinds_are_left_alone() -> None:
    for item in (
        {**secret(stringData={"A": 1}), "kind": "ConfigMap"},
        {**secret(stringData={"A": 1}), "apiVersion": "example.io/v1"},
    ):
        assert folded(item) is item


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"data": {"A": "hunter2!"}}, "data.A is not base64"),
        ({"data": {"A": "hunter2"}}, "data.A is not base64"),
        ({"data": {"A": "hünter2"}}, "data.A is not base64"),
        ({"stringData": {"A": 31415926}}, "stringData.A must be a text, not a number"),
        ({"stringData": {"A": ["hunter2"]}}, "stringData.A must be a text, not a list"),
        ({"stringData": {"A": True}}, "stringData.A must be a text, not true or false"),
        ({"stringData": {"A": b"hunter2"}}, "stringData.A must be a text, not anything else"),
        ({"stringData": {"A": None}}, "stringData.A has no value"),
        ({"data": {"A": {"B": "hunter2"}}}, "data.A must be a text, not a mapping"),
        ({"data": ["hunter2"]}, "data must be a mapping, not a list"),
        ({"stringData": "hunter2"}, "stringData must be a mapping, not a text"),
        ({"stringData": {"bad key": "hunter2"}}, "stringData has the key 'bad key'"),
        ({"stringData": {1: "hunter2"}}, "stringData has the key 1"),
        ({"stringData": {"k" * 254: "hunter2"}}, "letters, digits"),
        ({"stringData": {"A": "hunter2\ud800"}}, "stringData.A has characters that are none"),
    ],
)
def test_what_no_secret_can_hold_is_refused_by_its_key(parts: Any, words: str) -> None:
    with pytest.raises(DeliveryError) as error:
        folded(secret(**parts))
    sentence = error.value.sentence()
    assert sentence.startswith("Secret db in namespace team: ")
    assert words in sentence
    assert "othing was sent" in sentence
    for value in ("hunter2", "hünter2", "31415926"):
        assert value not in sentence
    assert error.value.reason == "BadManifest"
    assert error.value.__cause__ is None
