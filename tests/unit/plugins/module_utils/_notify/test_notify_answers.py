# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is made of answers, and of their absence."""

from __future__ import annotations

import json
import ssl
from typing import Any

import pytest
import requests
import urllib3.exceptions
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.answers import (
    Failure,
    Reply,
    broken,
    judged,
    judged_api,
    judged_incoming,
    seconds_asked,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._notify.posting import pause_before

SECRET_URL = "https://hooks.example/services/T000/B000/swordfish"


@pytest.mark.parametrize("code", [200, 201, 202, 204])
def test_good_answers(code: int) -> None:
    assert judged(Reply(code)) is None


@pytest.mark.parametrize(
    ("code", "transient"),
    [(408, True), (429, True), (500, True), (502, True), (503, True), (504, True)]
    + [(code, False) for code in (301, 302, 307, 400, 401, 403, 404, 410, 413, 418, 501)],
)
def test_bad_answers(code: int, transient: bool) -> None:
    for judge in (judged, judged_api, judged_incoming):
        failure = judge(Reply(code, b"<html>swordfish</html>", after=7.0))
        assert failure is not None
        assert failure.transient is transient
        assert str(code) in failure.text
        assert "swordfish" not in failure.text
        assert failure.after == (7.0 if transient else 0.0)


@pytest.mark.parametrize(
    ("code", "body", "words", "transient"),
    [
        (200, {"ok": False, "error": "invalid_auth"}, "Slack says invalid_auth: check slack_token", False),
        (200, {"ok": False, "error": "not_in_channel"}, "Slack says not_in_channel: invite the app", False),
        (200, {"ok": False, "error": "something_new"}, "Slack says something_new", False),
        (200, {"ok": False, "error": "internal_error"}, "Slack says internal_error", True),
        (200, {"ok": False, "error": "ratelimited"}, "Slack says ratelimited", True),
        (429, {"ok": False, "error": "ratelimited"}, "it answers 429: too many requests", True),
        (200, {"ok": False, "error": "xoxb-12-Swordfish"}, "what answers is not Slack's Web API", False),
        (200, {"ok": False}, "what answers is not Slack's Web API", False),
        (200, [], "what answers is not Slack's Web API", False),
        (200, {"ok": "true"}, "what answers is not Slack's Web API", False),
    ],
)
def test_slacks_web_api(code: int, body: Any, words: str, transient: bool) -> None:
    failure = judged_api(Reply(code, json.dumps(body).encode()))
    assert failure is not None
    assert failure.text.startswith(words)
    assert failure.transient is transient
    assert judged_api(Reply(200, b'{"ok": true}')) is None


@pytest.mark.parametrize(
    ("code", "body", "words", "transient"),
    [
        (404, b"no_service", "Slack says no_service: the webhook was removed", False),
        (410, b"channel_is_archived", "Slack says channel_is_archived", False),
        (400, b"invalid_blocks", "Slack says invalid_blocks", False),
        (500, b"rollup_error", "it answers 500", True),
        (403, b"<html>no</html>", "it answers 403", False),
    ],
)
def test_slacks_incoming_webhooks(code: int, body: bytes, words: str, transient: bool) -> None:
    failure = judged_incoming(Reply(code, body))
    assert failure is not None
    assert failure.text.startswith(words)
    assert failure.transient is transient


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Fri, 27 Nov 2026 10:16:00 GMT", 60.0),
        ("Fri, 27 Nov 2026 10:14:00 GMT", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("9" * 30, 0.0),
    ],
)
def test_retry_after(header: str, seconds: float) -> None:
    assert seconds_asked(header, 1795774500.0) == seconds


def test_pauses_grow_to_a_limit() -> None:
    for attempt, base in ((1, 0.5), (2, 1.0), (3, 2.0), (20, 30.0)):
        assert all(0.75 * base <= pause_before(attempt) <= 1.25 * base for _ in range(50))


def certificate_problem(code: int, message: str) -> ssl.SSLCertVerificationError:
    """Return what the ssl module raises, without a handshake."""
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {message}")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("error", "words", "transient"),
    [
        (
            requests.ConnectionError(f"HTTPSConnectionPool: {SECRET_URL}: Connection refused"),
            "nobody listens there",
            True,
        ),
        (requests.ReadTimeout(f"{SECRET_URL}: Read timed out."), "it did not answer in time", True),
        (requests.ConnectionError(f"{SECRET_URL}: RemoteDisconnected"), "it cut the connection", True),
        (requests.ConnectionError(f"{SECRET_URL}: NameResolutionError"), "its name cannot be resolved", True),
        (requests.exceptions.ProxyError(SECRET_URL), "the proxy of the environment does not lead to it", True),
        (requests.exceptions.InvalidURL(SECRET_URL), "the address or a header cannot be used", False),
        (urllib3.exceptions.IncompleteRead(3, 4), "it cut the connection", True),
        (requests.exceptions.SSLError(SECRET_URL), "the TLS handshake failed", False),
        (OSError(f"invalid path to a TLS CA bundle: {SECRET_URL}"), "the file of notify_ca_cert cannot be used", False),
        (
            certificate_problem(62, f"not valid for {SECRET_URL}"),
            "its certificate is not accepted: it is for another",
            False,
        ),
        (
            certificate_problem(18, "self-signed certificate"),
            "its certificate is not accepted: self-signed cert",
            False,
        ),
        (ConnectionResetError(104, SECRET_URL), "it cut the connection", True),
        (OSError(SECRET_URL), "it cannot be reached (OSError)", True),
        (KeyError(SECRET_URL), "it cannot be reached (KeyError)", False),
    ],
)
def test_no_answer_at_all(error: Exception, words: str, transient: bool) -> None:
    failure = broken(error)
    assert failure.text.startswith(words)
    assert failure.transient is transient
    assert "swordfish" not in failure.text
    assert "hooks.example" not in failure.text


def test_giving_up_says_how_often_it_was_tried() -> None:
    failure = Failure("it answers 429", transient=True, after=90.0, code="ratelimited")
    assert failure.given_up(1).text == "it answers 429 (one attempt, and it asks to be left alone for 90 s)"
    assert failure.given_up(3).text == "it answers 429 (3 attempts, and it asks to be left alone for 90 s)"
    assert failure.given_up(3).after == 90.0
    assert Failure("x").given_up(1).text == "x"
    assert Failure("x").given_up(2).text == "x (2 attempts)"
