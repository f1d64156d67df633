# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Run a long command: output to a log file, a heartbeat while it is silent, the log's end when it fails."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.errors import ToolError
from tools.report import Stopwatch, say

HEARTBEAT_SECONDS = 20.0
TAIL_LINES = 20


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a text file, or an empty string when there is none."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def run_logged(
    argv: Sequence[str], *, what: str, log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    """Run ``argv`` until it ends, with stdout and stderr going to ``log``.

    Every 20 seconds a line tells that ``what`` is still going on and how long it has been.

    Raises ToolError, with the end of the log, when the command cannot be started or exits with another code than 0.
    """
    watch = Stopwatch()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        try:
            process = subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, cwd=cwd, env=env
            )
        except OSError as error:
            raise ToolError(f"{what}: cannot run {argv[0]}: {error.strerror}") from error
        try:
            code = _wait(process, what, watch)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code != 0:
        raise ToolError(f"{what} failed after {watch} (exit code {code})", detail=tail(log), hint=f"Whole log: {log}")


def _wait(process: subprocess.Popen[bytes], what: str, watch: Stopwatch) -> int:
    while True:
        try:
            return process.wait(timeout=HEARTBEAT_SECONDS)
        except subprocess.TimeoutExpired:
            say(f"  {what}: still going, {watch}")
