# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Timed runs of ansible-playbook: tasks in, durations out."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.errors import ToolError
from tools.paths import ROOT
from tools.setup import NEWEST

Task = dict[str, Any]

LOCAL = "local"
# Makes an action plugin ship its module, as to any host that is not the controller.
SHIPPED = "shipped"
_HERE = Path(__file__).resolve().parent
# Nothing here takes so long unless it hangs.
_LONGEST_SECONDS = 600
_PATIENCE_SECONDS = 5
_TAIL_LINES = 30


@dataclass(frozen=True)
class Mark:
    """When a task began and ended, in seconds since the epoch."""

    task: str
    began: float
    ended: float
    changed: bool


@dataclass
class Play:
    """One run of ansible-playbook.

    Attributes:
        seconds: from starting the process to its end.
        cpu: seconds of processor time that it and all its children took.
        tasks: its tasks in order.
        lines: when each line of the console appeared, with the line.
    """

    seconds: float
    cpu: float
    tasks: list[Mark]
    lines: list[tuple[float, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """Whose Ansible runs the play, and over which connection."""

    environment: Path = NEWEST.path
    connection: str = LOCAL


class Run:
    """A run of ansible-playbook that is going on. Use as a context manager: whoever leaves early ends it."""

    def __init__(self, process: subprocess.Popen[str], marks: Path) -> None:
        self._process = process
        self._marks = marks
        self._lines: list[tuple[float, str]] = []
        self._began = time.monotonic()
        self._cpu = children_cpu()
        self._watchdog = threading.Timer(_LONGEST_SECONDS, process.kill)
        self._watchdog.start()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        if self._process.poll() is None:
            # It ends its workers itself when it is asked to.
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def wait_until_begun(self, task: str, seconds: float = 60) -> float:
        """Wait until a task began; return when.

        Raises:
            ToolError: it does not begin, or the play has ended.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for entry in entries_of(self._marks):
                if entry["mark"] == "began" and entry["task"] == task:
                    return float(entry["time"])
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise ToolError(f"the task {task!r} of a measured play did not begin", detail=self._tail())

    def finish(self, *, changed: bool | None = None) -> Play:
        """Wait for the end of the play.

        Args:
            changed: whether every task has to have changed something (or none may); None for either.

        Raises:
            ToolError: a task failed, or did not do what was to be measured.
        """
        code = self._process.wait()
        seconds, cpu = time.monotonic() - self._began, children_cpu() - self._cpu
        self._reader.join()
        tasks = list(marks_of(entries_of(self._marks)))
        if code:
            raise ToolError(f"a measured play failed (exit code {code})", detail=self._tail())
        if changed is not None and any(task.changed is not changed for task in tasks):
            names = ", ".join(task.task for task in tasks if task.changed is not changed)
            raise ToolError(f"tasks of a measured play have not done their work: {names}", detail=self._tail())
        return Play(seconds, cpu, tasks, self._lines)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.append((time.time(), line.rstrip("\n")))

    def _tail(self) -> str:
        texts = [line for _, line in self._lines]
        # What went wrong stands before a result that may be long.
        first = next((number for number, text in enumerate(texts) if text.startswith("[ERROR]")), -_TAIL_LINES)
        return "\n".join(texts[first:][:_TAIL_LINES])


class Player:
    """Runs plays against the cluster of the given environment variables."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    def play(self, tasks: list[Task], stage: Stage, *, changed: bool | None = None) -> Play:
        """Run tasks to their end; see `Run.finish`."""
        with self.start(tasks, stage) as run:
            return run.finish(changed=changed)

    def start(self, tasks: list[Task], stage: Stage) -> Run:
        """Start a play of these tasks; those without a name are called `1`, `2` and so on."""
        named = [{"name": str(number), **task} for number, task in enumerate(tasks, start=1)]
        play = {"name": "Bench", "hosts": "bench", "gather_facts": False, "tasks": named}
        python = stage.environment / "bin" / "python"
        host = {"ansible_connection": stage.connection, "ansible_python_interpreter": str(python)}
        playbook = self._write("play", [play])
        inventory = self._write("hosts", {"all": {"hosts": {"bench": host}}})
        marks = self._new("marks")
        process = subprocess.Popen(
            [str(python.parent / "ansible-playbook"), str(playbook), "-i", str(inventory)],
            cwd=ROOT,
            env=self._variables(marks, python.parent),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Run(process, marks)

    def _variables(self, marks: Path, programs: Path) -> dict[str, str]:
        dropped = ("ANSIBLE_", "K8S_AUTH_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return {
            **kept,
            **self._environment,
            "LC_ALL": "C.UTF-8",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            # kubernetes.core keeps what it discovered there from one task to the next.
            "TMPDIR": str(self._folder),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_HOME": str(self._folder / "home"),
            "ANSIBLE_ACTION_PLUGINS": str(_HERE / "action"),
            "ANSIBLE_CALLBACK_PLUGINS": str(_HERE / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "marks",
            "ANSIBLE_CONNECTION_PLUGINS": str(ROOT / "tests" / "integration" / "connection"),
            "ANSIBLE_PIPELINING": "1",
            "TRADESENSE_BENCH_MARKS": str(marks),
        }

    def _write(self, stem: str, content: Any) -> Path:
        path = self._new(stem)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def _new(self, stem: str) -> Path:
        handle, path = tempfile.mkstemp(prefix=f"{stem}-", suffix=".yml", dir=self._folder)
        os.close(handle)
        return Path(path)


def marks_of(entries: list[dict[str, Any]]) -> list[Mark]:
    """Return the tasks that a callback's lines tell of, in order; one that has not ended is left out."""
    began: dict[str, float] = {}
    found = []
    for entry in entries:
        name = str(entry["task"])
        if entry["mark"] == "began":
            began[name] = float(entry["time"])
        else:
            found.append(Mark(name, began[name], float(entry["time"]), bool(entry.get("changed"))))
    return found


def entries_of(marks: Path) -> list[dict[str, Any]]:
    """Return the callback's lines, except one that is still being written."""
    text = marks.read_text(encoding="utf-8").rpartition("\n")[0]
    return [json.loads(line) for line in text.splitlines()]


def children_cpu() -> float:
    """Return the seconds of processor time of all child processes that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
