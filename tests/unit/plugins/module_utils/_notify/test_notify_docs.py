# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/notifications.md says what is so: its sample is what is sent, and its example verifies it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._notify import webhook
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.channels import Webhook
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.operations import NOTIFY
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.secret import Secret
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.sender import Sender
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Occasion

from tests.unit.plugins.fake_receiver import fake_receiver
from tests.unit.plugins.notices import SAMPLE, event

DOCS = Path(__file__).resolve().parents[5] / "docs" / "notifications.md"
TEXT = DOCS.read_text(encoding="utf-8")
KEY = "a-secret-of-a-test"


def block(language: str) -> str:
    """Return the one block of a language in the document."""
    [found] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def verifier() -> Callable[[Any, bytes, str], bool]:
    """Return the function that the document shows."""
    names: dict[str, Any] = {}
    exec(compile(block("python"), str(DOCS), "exec"), names)
    found: Callable[[Any, bytes, str], bool] = names["is_genuine"]
    return found


def test_the_sample_is_what_is_sent() -> None:
    assert json.loads(block("json")) == json.loads(webhook.encoded(SAMPLE))


def test_every_key_of_the_sample_is_described() -> None:
    described = TEXT.partition("| key | meaning |")[2].partition("## How to verify")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", described, re.MULTILINE) for name in re.findall("`(.*?)`", row)
    }
    assert named == set(json.loads(block("json")))


def test_every_event_is_described_with_its_severity() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", TEXT, re.MULTILINE)
    assert rows == [(str(each), str(event(each).severity)) for each in Occasion]


def test_options_and_headers_that_are_named_are_there() -> None:
    named = set(re.findall(r"`((?:slack|webhook|notify|tell|repeat|request)_\w+)`", TEXT))
    assert named <= set(NOTIFY.options)
    assert named
    for header in (webhook.TIMESTAMP, webhook.SIGNATURE, webhook.IDEMPOTENCY):
        assert f"`{header}`" in TEXT


def test_the_example_is_short_and_verifies_what_really_comes() -> None:
    assert len(block("python").partition("def ")[2].strip().splitlines()) <= 10
    with fake_receiver() as fake:
        sender = Sender([Webhook(Secret(f"{fake.address}/hook"), Secret(KEY), local=True)], {})
        sender.submit(SAMPLE)
        sender.close(10)
        [got] = fake.got
    assert verifier()(got.headers, got.body, KEY)
    assert not verifier()(got.headers, got.body, f"{KEY}2")
    assert not verifier()(got.headers, got.body + b" ", KEY)


@pytest.mark.parametrize(
    ("age", "changes", "genuine"),
    [
        (0, {}, True),
        (250, {}, True),
        (400, {}, False),
        (-400, {}, False),
        (0, {"X-Tradesense-Timestamp": "1"}, False),
        (0, {"X-Tradesense-Timestamp": "\xb2"}, False),
        (0, {"X-Tradesense-Timestamp": ""}, False),
        (0, {"X-Tradesense-Signature": ""}, False),
        (0, {"X-Tradesense-Signature": "v1=\xe9"}, False),
    ],
)
def test_the_example_refuses_what_is_old_or_changed(age: int, changes: dict[str, str], genuine: bool) -> None:
    sent = webhook.encoded(SAMPLE)
    headers = {**webhook.headers(SAMPLE, sent, time.time() - age, KEY), **changes}
    assert verifier()(headers, sent, KEY) is genuine
