# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Placeholders in Secrets: what is filled in, what is refused, and that no message shows a value."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._configuration.service import resolved
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

SECRETS = {
    "db": {
        "URL": "postgresql://user:${DB_PASSWORD}@host:5432/name?options=${OPTIONS}",
        "PASSWORD": "${DB_PASSWORD}",
        "ALGORITHM": "HS256",
        "MINUTES": 30,
    }
}
VALUES = {"DB_PASSWORD": "p@ss/w:rd#1", "OPTIONS": "a/b"}


def refusal(definitions: object, values: object) -> str:
    """Return why the secrets are refused."""
    with pytest.raises(DeliveryError) as caught:
        resolved(definitions, values)
    assert caught.value.reason == "BadSecret"
    return caught.value.msg


def test_placeholders_are_filled_in() -> None:
    assert resolved(SECRETS, VALUES)["db"] == {
        # A part of a URL's authority is written as RFC 3986 wants it, anything else as it is.
        "URL": "postgresql://user:p%40ss%2Fw%3Ard%231@host:5432/name?options=a/b",
        "PASSWORD": "p@ss/w:rd#1",
        "ALGORITHM": "HS256",
        "MINUTES": "30",
    }


def test_a_value_is_never_a_template_itself() -> None:
    found = resolved({"a": {"K": "${ONE}${TWO}"}}, {"ONE": "$1\\1\\g<0>", "TWO": "b"})
    assert found["a"]["K"] == "$1\\1\\g<0>b"


@pytest.mark.parametrize(
    ("definitions", "values", "message"),
    [
        ({"a": {"K": "${KEY}"}}, {}, "tradesense_secrets.a.K: ${KEY} has no value; give tradesense_secret_values.KEY"),
        ({"a": {"K": "${KEY}"}}, {"KEYS": "long enough"}, "(did you mean 'KEYS'?)"),
        ({"a": {"K": "${KEY}"}}, {"KEY": ""}, "a.K: the value of ${KEY} (tradesense_secret_values.KEY) is empty"),
        ({"a": {"K": "${KEY}"}}, {"KEY": None}, "is empty"),
        ({"a": {"K": "${KEY}"}}, {"KEY": "  "}, "is empty"),
        ({"a": {"K": "${KEY}"}}, {"KEY": "${OTHER}"}, "still has a placeholder in it"),
        ({"a": {"K": "${KEY}"}}, {"KEY": "<your key>"}, "still has a placeholder in it"),
        ({"a": {"K": "${KEY}"}}, {"KEY": ["x"]}, "tradesense_secret_values.KEY: is neither a text nor a number"),
        ({"a": {"K": "${KEY"}}, {}, "a.K: its value still has a placeholder in it"),
        ({"a": {"K": ""}}, {}, "a.K: its value is empty"),
        ({"a": {"K": None}}, {}, "a.K: is neither a text nor a number"),
        ({"a": {"K/1": "value"}}, {}, "a.K/1: 'K/1' is not accepted; give the key of a Secret"),
        ({"a": {}}, {}, "tradesense_secrets.a: has no keys"),
        ({"A_B": {"K": "value"}}, {}, "tradesense_secrets.A_B: 'A_B' is not accepted"),
        (["a"], {}, "tradesense_secrets: a list is not accepted"),
        ({"a": {"K": "value"}}, ["x"], "tradesense_secret_values: is not a mapping"),
    ],
)
def test_what_is_refused(definitions: object, values: object, message: str) -> None:
    assert message in refusal(definitions, values)


@pytest.mark.parametrize(
    "example",
    ["changeme", "CHANGE-ME", "password", "https://hooks.example.com/YOUR/SLACK/WEBHOOK", "xxxxxxxx", "***", "todo"],
)
def test_examples_are_no_secrets_and_are_not_shown(example: str) -> None:
    message = refusal({"a": {"K": "${KEY}"}}, {"KEY": example})
    assert "is an example, not a secret" in message
    assert example not in message


def test_every_mistake_is_named_at_once_and_no_value() -> None:
    definitions = {"a": {"K": "${ONE}", "L": "${TWO}"}, "b": {"M": "${THREE}"}}
    message = refusal(definitions, {"ONE": "hunter2-and-more", "TWO": "${hunter2}", "THREE": ""})
    assert message.startswith("2 problems: ")
    assert "tradesense_secrets.a.L" in message
    assert "tradesense_secrets.b.M" in message
    assert "hunter2" not in message
