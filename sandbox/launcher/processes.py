# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes that outlive the launcher: start, recognise again, stop. A recycled process id is never touched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.errors import ToolError

POLL_SECONDS = 0.02

# Children of this very launcher: only their parent can tell that they have ended (until then they are zombies).
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Record:
    """A process: its id and when it was started, which together never come again while the machine is up."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Tell whether this very process still runs."""
        child = _children.get(self.pid)
        if child is not None and child.poll() is not None:
            return False
        return start_time(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def parse_stat(text: str) -> str | None:
    """Return the start time in a Linux ``/proc/<pid>/stat`` (clock ticks since boot); None for a zombie.

    The command name, second field, may itself contain blanks and brackets: what counts begins after the last bracket.
    """
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def start_time(pid: int) -> str | None:
    """Return when the process was started, in a form only good for comparison; None when there is no such process."""
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace"))
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
    # Systems without /proc.
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip() or None


def record_of(pid: int) -> Record | None:
    """Return the record of a running process; None when it does not run."""
    started = start_time(pid)
    return Record(pid, started) if started is not None else None


def spawn(argv: Sequence[str], *, log: Path, cwd: Path, env: Mapping[str, str], what: str) -> Record:
    """Start a process in a session of its own, output appended to ``log``, and return its record.

    Raises ToolError when the program cannot be run.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        try:
            child = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=dict(env),
                start_new_session=True,
            )
        except OSError as error:
            raise ToolError(f"{what} cannot be started: {argv[0]}: {error.strerror}") from error
    _children[child.pid] = child
    # A child that has already ended is a zombie; its record must never look alive.
    return record_of(child.pid) or Record(child.pid, "ended")


def stop(records: Iterable[Record], *, patience: float) -> None:
    """End processes: TERM to all, KILL after ``patience`` seconds to those still there, and wait until all are gone."""
    waiting = [record for record in records if record.alive()]
    for record in waiting:
        record.signal(signal.SIGTERM)
    waiting = _wait_gone(waiting, patience)
    for record in waiting:
        record.signal(signal.SIGKILL)
    if left := _wait_gone(waiting, 10.0):
        pids = ", ".join(str(record.pid) for record in left)
        raise ToolError(
            f"these processes do not end: {pids}", hint="They are stuck in the kernel, often on a full or lost disk."
        )


def _wait_gone(records: list[Record], seconds: float) -> list[Record]:
    deadline = time.monotonic() + seconds
    while (records := [record for record in records if record.alive()]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return records


class PidFiles:
    """The records of a sandbox's processes, one file a part."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, part: str, record: Record) -> None:
        """Remember the process of a part."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._folder / f"{part}.new"
        new.write_text(json.dumps(asdict(record)), encoding="utf-8")
        new.rename(self._folder / f"{part}.json")

    def load(self, part: str) -> Record | None:
        """Return the process of a part; None when none is remembered or the file is no record."""
        try:
            found = json.loads((self._folder / f"{part}.json").read_text(encoding="utf-8"))
            return Record(int(found["pid"]), str(found["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def running(self, part: str) -> Record | None:
        """Return the process of a part if it still runs."""
        record = self.load(part)
        return record if record is not None and record.alive() else None

    def forget(self, part: str) -> None:
        """Forget the process of a part."""
        (self._folder / f"{part}.json").unlink(missing_ok=True)
