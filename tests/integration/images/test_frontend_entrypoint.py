# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The frontend's entrypoint in busybox, the shell of its image: what it accepts, says and becomes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.images.frontend import CONFIGURED, Frontend, lay_out, remove


@pytest.fixture
def frontend() -> Iterator[Frontend]:
    root = Path(tempfile.mkdtemp(prefix="tradesense-frontend-"))
    yield lay_out(root)
    remove(root)


def run(frontend: Frontend, *command: str, **variables: str) -> tuple[int, str, str]:
    process = frontend.start(*command, **variables)
    problem = process.communicate(timeout=30)[1]
    return process.returncode, frontend.log.read_text(encoding="utf-8"), problem


def test_it_becomes_the_command_it_is_given(frontend: Frontend) -> None:
    code, said, problem = run(frontend, "sh", "-c", 'echo "$$ $0 $1"; exit 7', "one word", "two", **CONFIGURED)
    assert (code, problem) == (7, "")
    assert said.splitlines()[-1].endswith(" one word two")


def test_it_says_what_is_set_and_no_value(frontend: Frontend) -> None:
    said = run(frontend, "true", **CONFIGURED)[1]
    assert said.splitlines() == [
        "tradesense-frontend: API_BASE_URL is set",
        "tradesense-frontend: SENTRY_DSN is set",
        "tradesense-frontend: ANALYTICS_TRACKING_ID is not set",
        "tradesense-frontend: CONNECT_SOURCES is set",
    ]


def test_what_it_writes_is_for_its_user_alone(frontend: Frontend) -> None:
    run(frontend, "true", **CONFIGURED)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in frontend.run.iterdir()} == {
        "config.js": "0o600",
        "connect_sources.conf": "0o600",
    }


def test_it_may_start_twice_in_the_same_pod(frontend: Frontend) -> None:
    run(frontend, "true", **CONFIGURED)
    assert run(frontend, "true", API_BASE_URL="http://localhost:8000")[0] == 0
    assert "http://localhost:8000" in (frontend.run / "connect_sources.conf").read_text(encoding="utf-8")


def test_without_the_api_it_refuses_with_a_sentence(frontend: Frontend) -> None:
    assert run(frontend, "true") == (
        78,
        "",
        "tradesense-frontend: The environment variable API_BASE_URL is not set. It says where the application finds the API.\n",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_BASE_URL", "api.tradesense.com"),
        ("API_BASE_URL", "https://api.tradesense.com/?token=s3cret"),
        ("API_BASE_URL", 'https://a"; alert(1); "s3cret'),
        ("API_BASE_URL", "https://a.com\nhttps://s3cret.com"),
        ("API_BASE_URL", "${API_BASE_URL_s3cret}"),
        ("SENTRY_DSN", "s3cret@sentry"),
        ("ANALYTICS_TRACKING_ID", "s3cret'"),
        ("CONNECT_SOURCES", "wss://a.com; script-src s3cret"),
        ("CONNECT_SOURCES", "*"),
    ],
)
def test_a_value_that_could_do_harm_is_refused_and_not_shown(frontend: Frontend, name: str, value: str) -> None:
    code, said, problem = run(frontend, "true", **{**CONFIGURED, name: value})
    assert (code, said) == (78, "")
    assert problem.startswith(f"tradesense-frontend: The environment variable {name} is not a")
    assert "s3cret" not in problem
    assert not frontend.run.exists()
