# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs of ansible-playbook on a terminal, as a person sees them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.integration.support.plays import ROOT

ROWS, COLUMNS = 40, 160
_LONGEST_SECONDS = 120


@dataclass(frozen=True)
class Seen:
    """What appeared on the terminal, escape sequences included, and how the run ended."""

    code: int
    text: str

    @property
    def pictures(self) -> list[str]:
        """What was drawn, without colours: a new picture begins where the cursor was moved up."""
        return re.split(r"\x1b\[\d+A\x1b\[J", re.sub(r"\x1b\[[0-9;]*m", "", self.text))


def shown(
    playbook: Path,
    *arguments: str,
    folder: Path,
    terminal: bool = True,
    at: str = "",
    act: Callable[[subprocess.Popen[bytes]], object] | None = None,
    **variables: str,
) -> Seen:
    """Run a playbook on a terminal (or into a pipe) and return what appeared.

    Args:
        playbook: its path.
        arguments: what comes behind it.
        folder: where it is run.
        terminal: whether the output is a terminal.
        at: as soon as this has appeared...
        act: ... this is called, once.
        variables: environment variables.

    Raises:
        AssertionError: it takes too long, or `at` never appeared.
    """
    reading, writing = pty.openpty() if terminal else os.pipe()
    if terminal:
        fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), *arguments]
    environment = _environment(folder, variables)
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing
    )
    os.close(writing)
    try:
        text = _read(reading, process, at.encode(), act)
    finally:
        os.close(reading)
        if process.poll() is None:
            process.kill()
    return Seen(process.wait(), text)


def press_control_c(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a run as Ctrl-C does."""
    process.send_signal(signal.SIGINT)


def _read(
    reading: int,
    process: subprocess.Popen[bytes],
    at: bytes,
    act: Callable[[subprocess.Popen[bytes]], object] | None,
) -> str:
    deadline = time.monotonic() + _LONGEST_SECONDS
    text = b""
    while time.monotonic() < deadline:
        if select.select([reading], [], [], 0.1)[0]:
            part = _part(reading)
            text += part
            if not part:
                process.wait(10)
                assert act is None, f"{at!r} never appeared: {text.decode('utf-8', 'replace')}"
                return text.decode("utf-8", "replace")
        if act and at in text:
            act(process)
            act = None
    raise AssertionError(f"not done within {_LONGEST_SECONDS} s: {text.decode('utf-8', 'replace')}")


def _part(reading: int) -> bytes:
    try:
        return os.read(reading, 65536)
    except OSError:
        # A terminal says so when everybody who could write to it is gone.
        return b""


def _environment(folder: Path, variables: dict[str, str]) -> dict[str, str]:
    dropped = ("ANSIBLE_", "K8S_AUTH_", "NO_COLOR", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        **variables,
    }
