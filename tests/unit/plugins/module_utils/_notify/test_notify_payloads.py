# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What Slack and the generic webhook are sent."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._notify import slack, webhook
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.events import Event, Impact, Reason, Times
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Mode, Occasion, Verdict

from tests.unit.plugins.notices import AT, SAMPLE, event

LONG = "x" * 10_000
# All that Slack would interpret, and what a cut must not tear apart.
EVIL = "<!channel> <https://evil.example|click> <@U123> & &amp; *b* `c` \x00\ud800 😀"
HUGE = "😀&" * 5000
MONSTER = Event(
    Occasion.INEFFECTIVE,
    release=HUGE,
    at=AT,
    service=HUGE,
    environment=HUGE,
    cluster=HUGE,
    namespace=HUGE,
    version=HUGE,
    revision=HUGE,
    hash=HUGE,
    stable_version=HUGE,
    stable_hash=HUGE,
    by=HUGE,
    mode=Mode.DRY_RUN,
    verdict=Verdict.INCONCLUSIVE,
    summary=HUGE,
    reasons=tuple(Reason("<&>" * 1000, "m" * 3000, 1.5, float("nan"), float("inf")) for _ in range(60)),
    impact=Impact(10**12, 10**12, 1e12, 1e9, 10**9),
    times=Times(*[AT] * len(fields(Times))),
    next_steps=tuple(LONG for _ in range(20)),
)


def texts(payload: Any) -> Iterator[str]:
    """Yield every text in a message's blocks."""
    if isinstance(payload, dict):
        for key, value in payload.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from texts(value)
    elif isinstance(payload, list):
        for each in payload:
            yield from texts(each)


def test_slack_gets_everything_a_person_needs() -> None:
    message = slack.message(SAMPLE)
    assert [block["type"] for block in message["blocks"]] == [
        "header",
        "section",
        "section",
        "section",
        "section",
        "section",
        "context",
    ]
    header, summary, place, why, impact, todo, when = message["blocks"]
    assert header["text"] == {
        "type": "plain_text",
        "text": "🚨 production: trading-service is rolled back",
        "emoji": False,
    }
    assert summary["text"]["text"] == "The new revision fails more requests than stable"
    assert [each["text"] for each in place["fields"]] == [
        "*Environment*\nproduction",
        "*Cluster*\nproduction-1",
        "*Namespace*\ntradesense-production",
        "*Service*\ntrading-service",
        "*Release*\n20261127T101000Z",
        "*New*\nv2.9.0, revision 7, hash 6c9d8f7b5d",
        "*Stable*\nv2.8.0, hash 6f578c88b6",
        "*Verdict*\nrollback",
        "*Released by*\njane",
    ]
    assert why["text"]["text"].startswith("*Why*\n• error rate: 18 % of 300 requests failed")
    assert "(value 0.18, threshold 0.0033, evidence 2,300)" in why["text"]["text"]
    assert impact["text"]["text"].startswith("*Impact*\n1,200 requests and 80 orders on the bad revision")
    assert todo["text"]["text"].startswith("*What to do*\nNothing at once")
    assert when["elements"][0]["text"].startswith("2026-11-27T10:15:00Z · release started 10:10:00 UTC")
    assert message["text"].startswith("🚨 production: trading-service is rolled back\n")
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)


def test_a_bare_event_has_no_empty_blocks() -> None:
    message = slack.message(Event(Occasion.FINISHED, "42", AT))
    assert [block["type"] for block in message["blocks"]] == ["header", "section", "context"]


@pytest.mark.parametrize("occasion", list(Occasion))
@pytest.mark.parametrize(
    "base", [SAMPLE, MONSTER, Event(Occasion.STARTED, "42", AT)], ids=["sample", "monster", "bare"]
)
def test_every_message_is_within_slacks_limits(base: Event, occasion: Occasion) -> None:
    for message in (slack.message(replace(base, occasion=occasion)), slack.reply(replace(base, occasion=occasion))):
        assert len(message["blocks"]) <= 50
        assert 0 < units(message["text"]) <= 3000
        total = 0
        for block in message["blocks"]:
            if block["type"] == "header":
                assert 0 < units(block["text"]["text"]) <= 150
            assert len(block.get("fields", [])) <= 10
            assert len(block.get("elements", [])) <= 10
            for text in texts(block.get("fields", [])):
                assert 0 < units(text) <= 2000
            for text in texts(block):
                assert 0 < units(text) <= 3000
                total += units(text)
        # Not documented; refused above some 13 000.
        assert total <= 12_000
        json.dumps(message, allow_nan=False).encode()


def units(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def test_nothing_is_interpreted_by_slack() -> None:
    evil = event(
        summary=EVIL, service=EVIL, by=EVIL, reasons=(Reason(EVIL),), next_steps=(EVIL,), environment=EVIL, release=EVIL
    )
    for message in (slack.message(evil), slack.reply(evil)):
        for text in (message["text"], *texts(message["blocks"])):
            assert "<" not in text
            assert ">" not in text
            assert "\x00" not in text
            assert text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&") == 0
        assert "&lt;!channel&gt;" in message["text"]
        json.dumps(message).encode()


@pytest.mark.parametrize("limit", range(60, 90))
def test_a_cut_leaves_whole_characters_and_says_how_much_is_missing(limit: int) -> None:
    for text in ("<>&" * 100, "😀" * 100, "a<" * 80):
        found = slack.cut(text, limit)
        assert units(found) <= limit
        kept, _, words = found.partition(" [...] Cut here: ")
        missing = int(words.split()[0])
        plain = kept.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert text.startswith(plain)
        assert len(plain) + missing == len(text)


def test_what_fits_is_not_cut() -> None:
    assert slack.cut("a & b", 9) == "a &amp; b"
    assert slack.fit(["a", "b"], 4) == "a\nb"
    lines = [str(number) * 10 for number in range(10)]
    assert slack.fit(lines, 110) == "\n".join(lines)
    assert slack.fit(lines, 80) == "\n".join([*lines[:4], "[...] Cut here: 6 more lines."])
    assert slack.fit(["a" * 100, "b"], 60) == "[...] Cut here: 2 more lines."


def test_long_reasons_leave_room_for_what_to_do() -> None:
    message = slack.message(replace(MONSTER, next_steps=()))
    words = " ".join(texts(message["blocks"]))
    assert "more lines." in words
    assert "*What to do*" in words


def test_the_webhooks_body_has_the_same_keys_for_every_event() -> None:
    bodies = [webhook.body(each) for each in (SAMPLE, Event(Occasion.STARTED, "42", AT))]
    assert set(bodies[0]) == set(bodies[1])
    for name in ("new", "stable", "impact", "times"):
        assert set(bodies[0][name]) == set(bodies[1][name])
        assert set(bodies[1][name].values()) == {None}
    assert (bodies[1]["service"], bodies[1]["verdict"], bodies[1]["reasons"]) == (None, None, [])


def test_the_webhooks_body_is_strict_json_whatever_is_in_it() -> None:
    sent = webhook.encoded(MONSTER)

    def refuse(name: str) -> None:
        raise AssertionError(name)

    reason = json.loads(sent, parse_constant=refuse)["reasons"][0]
    assert (reason["value"], reason["threshold"], reason["evidence"]) == (1.5, None, None)
    assert webhook.encoded(event(summary=EVIL)).isascii()


def test_the_signature_is_the_hmac_of_timestamp_and_body() -> None:
    sent = webhook.encoded(SAMPLE)
    headers = webhook.headers(SAMPLE, sent, AT + 0.7, "a-secret-of-a-test")
    expected = hmac.new(b"a-secret-of-a-test", b"1795774500." + sent, hashlib.sha256).hexdigest()
    assert headers == {
        "Content-Type": "application/json",
        "Idempotency-Key": SAMPLE.key,
        "X-Tradesense-Timestamp": "1795774500",
        "X-Tradesense-Signature": f"v1={expected}",
    }
    assert "X-Tradesense-Signature" not in webhook.headers(SAMPLE, sent, AT, "")


def test_the_same_event_is_the_same_bytes() -> None:
    assert webhook.encoded(event()) == webhook.encoded(SAMPLE)
