# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A real nginx with the image's configuration, as nobody, with nothing to write to but /tmp: what browsers get."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.images.frontend import CONFIGURED, NOBODY, PAGE, Frontend, lay_out, remove
from tools.debian import NGINX, ensure_packages

IMMUTABLE = "public, max-age=31536000, immutable"
HEADERS = {
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.fixture(scope="module")
def frontend() -> Iterator[Frontend]:
    # Not pytest's folder: nobody else may enter that.
    root = Path(tempfile.mkdtemp(prefix="tradesense-frontend-"))
    made = lay_out(root)
    process = made.start(*made.command(), **CONFIGURED)
    try:
        made.wait(process)
        yield made
    finally:
        process.terminate()
        process.communicate(timeout=30)
        remove(root)


def test_the_configuration_is_in_order(frontend: Frontend) -> None:
    nginx = ensure_packages(NGINX)
    argv = [str(nginx.program("nginx")), "-t", *frontend.command()[1:]]
    done = subprocess.run(argv, capture_output=True, text=True, env=nginx.environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


@pytest.mark.parametrize("path", ["/", "/health", "/config.js", "/assets/logo.svg", "/missing.js", "/.env", "/view"])
def test_every_answer_has_the_security_headers(frontend: Frontend, path: str) -> None:
    headers = frontend.ask(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert policy["connect-src"].split() == [
        "'self'",
        "https://api.tradesense.com",
        "https://sentry.tradesense.com",
        "wss://stream.tradesense.com",
    ]


@pytest.mark.parametrize(
    ("path", "method"), [("/health", "GET"), ("/missing.js", "GET"), ("/", "POST"), ("/%00", "GET")]
)
def test_no_answer_tells_the_version(frontend: Frontend, path: str, method: str) -> None:
    answer = frontend.ask(path, method)
    assert answer.headers["server"] == "nginx"
    assert b"nginx/" not in answer.body


def test_health(frontend: Frontend) -> None:
    answer = frontend.ask("/health")
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/", "/orders", "/orders/42?token=x", "/users/john.doe"])
def test_the_views_of_the_application_get_its_page(frontend: Frontend, path: str) -> None:
    answer = frontend.ask(path)
    assert (answer.status, answer.body.decode()) == (200, PAGE)
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/missing.js", "/assets/index-Gone1234.js", "/.env", "/.git/config", "/.well-known/none", "/etc/passwd.txt"],
)
def test_what_is_not_there_or_hidden_is_not_found(frontend: Frontend, path: str) -> None:
    answer = frontend.ask(path)
    assert answer.status == 404
    assert "immutable" not in answer.headers["cache-control"]
    assert b"never served" not in answer.body


def test_well_known_is_not_hidden(frontend: Frontend) -> None:
    assert frontend.ask("/.well-known/security.txt").status == 200


@pytest.mark.parametrize(
    ("path", "cached"),
    [
        ("/assets/index-Ab12_Cd9.js", IMMUTABLE),
        ("/static/js/main.0a1b2c3d.js", IMMUTABLE),
        ("/assets/logo.svg", "no-cache"),
        ("/robots.txt", "no-cache"),
        ("/config.js", "no-store"),
        ("/health", "no-store"),
    ],
)
def test_only_files_named_by_content_are_kept(frontend: Frontend, path: str, cached: str) -> None:
    answer = frontend.ask(path)
    assert (answer.status, answer.headers["cache-control"]) == (200, cached)


def test_texts_are_compressed(frontend: Frontend) -> None:
    answer = frontend.ask("/assets/index-Ab12_Cd9.js", Accept_Encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert gzip.decompress(answer.body).startswith(b"console.log")


def test_the_page_finds_its_configuration(frontend: Frontend) -> None:
    answer = frontend.ask("/config.js")
    assert answer.headers["content-type"].startswith(("application/javascript", "text/javascript"))
    name, _, value = answer.body.decode().strip().removesuffix(";").partition(" = ")
    assert name == "window.TRADESENSE_CONFIG"
    assert json.loads(value) == {
        "apiBaseUrl": "https://api.tradesense.com/v1",
        "sentryDsn": "https://0123456789abcdef@sentry.tradesense.com/42",
        "analyticsTrackingId": "",
    }


def test_the_log_has_requests_without_their_query(frontend: Frontend) -> None:
    frontend.ask("/reset?token=a-secret", User_Agent='"quoted"')
    frontend.ask("/health")
    lines = [json.loads(line) for line in frontend.log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    mine = [line for line in lines if line["path"] == "/index.html" and line["agent"] == '"quoted"']
    assert [line["status"] for line in mine] == [200]
    assert not [line for line in lines if line["path"] == "/health"]
    assert "a-secret" not in frontend.log.read_text(encoding="utf-8")


def test_it_runs_as_nobody_and_writes_to_tmp_alone(frontend: Frontend) -> None:
    frontend.ask("/")
    pid = int((frontend.run / "nginx.pid").read_text(encoding="utf-8"))
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    assert f"Uid:\t{user}\t{user}\t{user}\t{user}" in status
    for folder in ("etc", "share"):
        assert not [path for path in (frontend.root / folder).rglob("*") if path.stat().st_mode & 0o222]
