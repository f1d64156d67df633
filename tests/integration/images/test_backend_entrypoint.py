# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The backend's entrypoint in dash, the shell of its image: the command lines it becomes, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.integration.support.servers import closed_port
from tools.paths import ROOT

ENTRYPOINT = ROOT / "images" / "backend" / "entrypoint.sh"
SECRET = "postgresql://tradesense_user:s3cret@postgres-primary:5432/tradesense"
SERVED = ["src.main:app", "--host", "0.0.0.0", "--port", "8000"]
APPLICATION = """\
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
"""
ECHO = """#!{python}
import json, os, sys
print(json.dumps([sys.argv[0].rsplit("/", 1)[-1], *sys.argv[1:]]))
print(os.getpid())
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with a uvicorn and a python that only tell how they were called."""
    for name in ("uvicorn", "python"):
        file = tmp_path / name
        file.write_text(ECHO.format(python=shutil.which("python3")), encoding="utf-8")
        file.chmod(0o755)
    return tmp_path


def run(programs: Path, *words: str, **variables: str) -> tuple[int, list[str], str]:
    """Run the entrypoint with nothing but ``variables`` set; exit code, lines on stdout, and stderr."""
    env = {"PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin", **variables}
    process = subprocess.Popen(
        ["/bin/sh", str(ENTRYPOINT), *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    output, problem = process.communicate(timeout=30)
    lines = output.splitlines()
    if lines and lines[-1].isdigit():
        # exec: the program has the entrypoint's process, so it gets the signals that are sent to the container.
        assert int(lines.pop()) == process.pid
    return process.returncode, lines, problem


def fetch(url: str, process: subprocess.Popen[str]) -> bytes:
    """Ask until the server answers; fail with what it said when it ends instead."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bytes(answer.read())
        except OSError:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.1)
    raise AssertionError("no answer")


def test_serve_is_the_default_and_runs_workers(programs: Path) -> None:
    code, lines, problem = run(programs, ENVIRONMENT="production", DATABASE_URL=SECRET)
    assert (code, problem) == (0, "")
    assert lines[0].startswith("tradesense-backend: serving with 4 workers")
    assert json.loads(lines[1]) == [
        "uvicorn",
        *SERVED,
        *("--workers", "4", "--limit-concurrency", "1000", "--timeout-keep-alive", "65"),
        *("--timeout-graceful-shutdown", "25", "--log-level", "info"),
    ]


def test_serve_takes_the_numbers_of_the_environment(programs: Path) -> None:
    numbers = {"WORKER_PROCESSES": "2", "WORKER_CONNECTIONS": "50", "KEEPALIVE_TIMEOUT": "5", "GRACEFUL_TIMEOUT": "9"}
    lines = run(programs, "serve", "--root-path", "/a b", ENVIRONMENT="x", LOG_LEVEL="DEBUG", **numbers)[1]
    words = json.loads(lines[1])
    assert words[1:6] == SERVED
    assert words[6:] == [
        *("--workers", "2", "--limit-concurrency", "50", "--timeout-keep-alive", "5"),
        *("--timeout-graceful-shutdown", "9", "--log-level", "debug", "--root-path", "/a b"),
    ]


def test_the_real_uvicorn_serves_with_workers_and_ends_when_told(tmp_path: Path) -> None:
    """The options are uvicorn's own (--worker-class is gunicorn's), and a container that is stopped ends at once."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text(APPLICATION, encoding="utf-8")
    port = closed_port()
    env = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}/usr/bin:/bin",
        "ENVIRONMENT": "x",
        "WORKER_PROCESSES": "2",
    }
    # The last --host and --port count: nobody but this machine is to reach it.
    words = ["/bin/sh", str(ENTRYPOINT), "serve", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        words, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        assert fetch(f"http://127.0.0.1:{port}/health", process) == b"ok"
    finally:
        process.terminate()
        problem = process.communicate(timeout=30)[1]
    assert problem.count("Started server process") == 2, problem


def test_serve_migrates_nothing(programs: Path) -> None:
    lines = run(programs, "serve", ENVIRONMENT="production", DATABASE_URL=SECRET)[1]
    assert "alembic" not in lines[1]
    assert "migrate.py" not in lines[1]


def test_migrate_runs_the_migration(programs: Path) -> None:
    code, lines, _ = run(programs, "migrate", "upgrade", "+1", DATABASE_URL=SECRET)
    assert code == 0
    assert json.loads(lines[0]) == ["python", "/usr/local/lib/tradesense/migrate.py", "upgrade", "+1"]


def test_any_other_command_is_run_as_it_is(programs: Path) -> None:
    assert run(programs, "uvicorn", "--version")[1] == ['["uvicorn", "--version"]']


@pytest.mark.parametrize("words", [[], ["serve"], ["migrate"], ["sh", "-c", "exit 3"]])
def test_no_value_is_printed(programs: Path, words: list[str]) -> None:
    values = {"ENVIRONMENT": "production", "DATABASE_URL": SECRET, "JWT_SECRET_KEY": "s3cret", "SENTRY_DSN": "s3cret"}
    _, lines, problem = run(programs, *words, REQUIRED_VARIABLES="DATABASE_URL JWT_SECRET_KEY", **values)
    assert "s3cret" not in "".join(lines) + problem


@pytest.mark.parametrize(
    ("words", "variables", "sentence"),
    [
        (["serve"], {}, "The environment variable ENVIRONMENT is not set. The service cannot run without it."),
        (["migrate"], {}, "The environment variable DATABASE_URL is not set. The service cannot run without it."),
        (
            ["serve"],
            {"ENVIRONMENT": "x", "REQUIRED_VARIABLES": "DATABASE_URL REDIS_URL", "DATABASE_URL": SECRET},
            "The environment variable REDIS_URL is not set. The service cannot run without it.",
        ),
        (
            ["migrate"],
            {"DATABASE_URL": "postgresql://user:${DB_PASSWORD}@host/s3cret"},
            "The environment variable DATABASE_URL still has a placeholder (${...}) in it.",
        ),
        (
            ["serve"],
            {"ENVIRONMENT": "x", "REQUIRED_VARIABLES": "A;reboot"},
            "REQUIRED_VARIABLES has to be names of variables, separated by spaces.",
        ),
        (
            ["serve"],
            {"ENVIRONMENT": "x", "WORKER_PROCESSES": "four"},
            "The environment variable WORKER_PROCESSES has to be a whole number above 0.",
        ),
        (
            ["serve"],
            {"ENVIRONMENT": "x", "WORKER_PROCESSES": "0"},
            "The environment variable WORKER_PROCESSES has to be a whole number above 0.",
        ),
        (
            ["serve"],
            {"ENVIRONMENT": "x", "LOG_LEVEL": "loud"},
            "The environment variable LOG_LEVEL is none of CRITICAL, ERROR, WARNING, INFO, DEBUG, TRACE.",
        ),
    ],
)
def test_it_refuses_with_a_sentence(programs: Path, words: list[str], variables: dict[str, str], sentence: str) -> None:
    code, lines, problem = run(programs, *words, **variables)
    assert (code, lines, problem) == (78, [], f"tradesense-backend: {sentence}\n")
