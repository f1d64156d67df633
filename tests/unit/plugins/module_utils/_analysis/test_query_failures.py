# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Why a query got no result, in words a user can act on. The texts are those of Prometheus 3, Mimir, Go and OpenSSL."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.failures import (
    QueryFailure,
    refused,
    unreachable,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import Ask, Reply

ASK = Ask("https://prometheus.example", "up")
HTML = "text/html; charset=utf-8"


def error(kind: str, text: str) -> bytes:
    """Return the body of an error of Prometheus."""
    return json.dumps({"status": "error", "errorType": kind, "error": text}).encode()


def failure_of(code: int, body: bytes, content_type: str = "application/json", location: str = "") -> QueryFailure:
    """Return the failure for an answer."""
    return refused(ASK, Reply(code, body, content_type, location))


@pytest.mark.parametrize(
    ("code", "body", "reason", "words", "hint"),
    [
        (
            400,
            error("bad_data", 'invalid parameter "query": 2:9: parse error: unexpected identifier "bad"'),
            "BadQuery",
            'does not accept the query: parse error: unexpected identifier "bad" (line 2, column 9)',
            "correct the query",
        ),
        (
            400,
            error("bad_data", 'invalid parameter "query": unknown position: parse error: no expression found in input'),
            "BadQuery",
            "does not accept the query: parse error: no expression found in input",
            "correct the query",
        ),
        (
            400,
            error("bad_data", "exceeded maximum resolution of 11,000 points per timeseries"),
            "BadOption",
            "does not accept the request: exceeded maximum resolution",
            "step",
        ),
        (
            400,
            error("bad_data", 'invalid parameter "end": end timestamp must not be before start time'),
            "BadOption",
            "end timestamp must not be before start time",
            "end",
        ),
        (400, error("bad_data", ""), "BadOption", "it gives no reason", ""),
        (
            422,
            error("execution", "found duplicate series for the match group {}"),
            "QueryFailed",
            "the query failed in Prometheus: found duplicate series",
            "correct the query",
        ),
        (500, error("internal", "index is broken"), "QueryFailed", "index is broken", "look at Prometheus' log"),
    ],
)
def test_errors_of_the_query_are_told_in_the_words_of_prometheus(
    code: int, body: bytes, reason: str, words: str, hint: str
) -> None:
    failure = failure_of(code, body)
    assert failure.reason == reason
    assert words in failure.msg
    assert hint in failure.hint
    assert failure.code == code
    assert not failure.transient
    assert failure.result["error_type"] == json.loads(body)["errorType"]
    assert failure.where == "https://prometheus.example, query up"


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (503, error("timeout", "query timed out in expression evaluation")),
        (503, error("canceled", "query was canceled in query execution")),
        (400, error("bad_data", 'invalid parameter "query": context deadline exceeded')),
    ],
)
def test_a_query_that_took_too_long_may_succeed_later(code: int, body: bytes) -> None:
    failure = failure_of(code, body)
    assert failure.reason == "QueryTimeout"
    assert "gave the query up" in failure.msg
    assert failure.transient
    assert "request_timeout" in failure.hint


@pytest.mark.parametrize(
    ("code", "reason"), [(429, "TooManyRequests"), (502, "Unavailable"), (503, "Unavailable"), (504, "Unavailable")]
)
def test_a_busy_server_or_a_proxy_without_one_may_answer_later(code: int, reason: str) -> None:
    for body, content_type in ((b"Service Unavailable", "text/plain"), (b"<html>nginx</html>", HTML), (b"", "")):
        failure = failure_of(code, body, content_type)
        assert failure.reason == reason
        assert failure.transient
        assert f"({code})" in failure.msg


def test_credentials_that_are_not_accepted() -> None:
    for body, content_type in ((b"Unauthorized\n", "text/plain"), (b"<html>Log in</html>", HTML)):
        failure = failure_of(401, body, content_type)
        assert failure.reason == "Unauthorized"
        assert "does not accept the credentials (401)" in failure.msg
        assert "prometheus_token" in failure.hint
        assert not failure.transient


def test_what_is_not_allowed_quotes_the_server_but_no_page() -> None:
    failure = failure_of(403, error("forbidden", "tenant team-a may not query"))
    assert failure.reason == "Forbidden"
    assert failure.msg.endswith("tenant team-a may not query")
    assert failure_of(403, b"<html>Forbidden by proxy</html>", HTML).msg.endswith("(403)")
    assert failure_of(403, b"nope\n", "text/plain").msg.endswith("(403): nope")


@pytest.mark.parametrize(
    ("code", "body", "content_type", "words"),
    [
        (200, b"<!doctype html><html><title>Grafana</title></html>", HTML, "an HTML page (HTTP status 200)"),
        (200, b"\n <html>", "text/plain", "an HTML page"),
        (404, b"404 page not found\n", "text/plain; charset=utf-8", "that there is no such path (HTTP status 404)"),
        (404, b"<html>404</html>", HTML, "an HTML page (HTTP status 404)"),
        (405, b"Method Not Allowed", "text/plain", "an error: Method Not Allowed (HTTP status 405)"),
        (
            400,
            b"Client sent an HTTP request to an HTTPS server.\n",
            "",
            "Client sent an HTTP request to an HTTPS server",
        ),
        (500, b"", "", "an error (HTTP status 500)"),
    ],
)
def test_another_server_than_prometheus(code: int, body: bytes, content_type: str, words: str) -> None:
    failure = failure_of(code, body, content_type)
    assert failure.reason == "NotPrometheus"
    assert words in failure.msg
    assert "prometheus_url" in failure.hint


def test_a_redirect_is_told_without_what_its_address_may_hold() -> None:
    location = "https://jane:secret@login.example/oauth2?state=secret#secret"
    failure = failure_of(302, b"<a>Found</a>", HTML, location)
    assert "a redirect to https://login.example/oauth2 (302)" in failure.msg
    assert "secret" not in failure.sentence()
    assert "redirect to /graph (301)" in failure_of(301, b"", "", "/graph").msg
    for nowhere in ("", "http://[::1"):
        assert "redirect to nowhere" in failure_of(304, b"", "", nowhere).msg


@pytest.mark.parametrize(
    ("text", "reason", "words", "transient"),
    [
        ("[Errno 111] Connection refused", "Unreachable", "cannot be reached (Connection refused)", True),
        ("[Errno 113] No route to host", "Unreachable", "cannot be reached (No route to host)", True),
        (
            "NameResolutionError(\"HTTPConnection(host='p'): Failed to resolve 'p' ([Errno -2] Name or service not known)\")",
            "Unreachable",
            "cannot be resolved",
            True,
        ),
        ("Read timed out. (read timeout=5)", "Unreachable", "did not answer in time", True),
        ("('Connection aborted.', RemoteDisconnected('Remote end closed'))", "Unreachable", "cut the connection", True),
        ("('Connection aborted.', BrokenPipeError(32, 'Broken pipe'))", "Unreachable", "cut the connection", True),
        (
            "SSLError(SSLEOFError(8, 'EOF occurred in violation of protocol (_ssl.c:2427)'))",
            "TLSFailed",
            "ended the TLS handshake without a reason",
            False,
        ),
        ("IncompleteRead(10 bytes read, 5 more expected)", "Unreachable", "cut the connection", True),
        (
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
            "self-signed certificate (_ssl.c:1028)'))",
            "CertificateNotTrusted",
            "not trusted: self-signed certificate",
            False,
        ),
        (
            'SSLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname '
            "mismatch, certificate is not valid for 'p'. (_ssl.c:1028)\"))",
            "CertificateNotTrusted",
            "Hostname mismatch",
            False,
        ),
        ("SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number')", "TLSFailed", "TLS handshake", False),
        (
            "SSLError(1, '[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required')",
            "TLSFailed",
            "client certificate",
            False,
        ),
        (
            "ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 403'))",
            "Unreachable",
            "proxy",
            True,
        ),
        ("something else", "Unreachable", "cannot be reached (ValueError)", True),
    ],
)
def test_no_answer_at_all(text: str, reason: str, words: str, transient: bool) -> None:
    failure = unreachable(ASK, ValueError(f"HTTPConnectionPool(host='p', port=9090): Max retries exceeded: {text}"))
    assert failure.reason == reason
    assert words in failure.msg
    assert (failure.code, failure.transient) == (0, transient)
    assert failure.hint
    assert "HTTPConnectionPool" not in failure.sentence()


def test_long_queries_and_errors_are_cut() -> None:
    long: Any = refused(Ask("http://p", "sum(" + "a" * 500), Reply(422, error("execution", "b" * 5000)))
    assert len(long.sentence()) < 900
