# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs of ansible-playbook: tasks in, results as data out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

Data = dict[str, Any]
Case = TypeVar("Case")

ROOT = Path(__file__).resolve().parents[3]
_HERE = ROOT / "tests" / "integration"
DELIVERY = "tradesense.delivery."
# Nothing here takes so long unless it hangs.
_LONGEST_SECONDS = 240


@dataclass(frozen=True)
class Result:
    """What came of one task."""

    task: str
    action: str
    status: str
    ended: float
    data: Data

    @property
    def failed(self) -> bool:
        """Whether the task failed, ignored or not."""
        return self.status == "failed"

    @property
    def changed(self) -> bool:
        """Whether it says that something changed."""
        return bool(self.data.get("changed"))

    @property
    def msg(self) -> str:
        """Its message."""
        return str(self.data.get("msg", ""))

    @property
    def rollouts(self) -> dict[str, Data]:
        """Its entry `rollouts`."""
        return dict(self.data["rollouts"])

    @property
    def objects(self) -> dict[str, Data]:
        """What a `look` saw, or the entries of an apply by `Kind/name`."""
        found = self.data["objects"]
        return dict(found) if isinstance(found, dict) else {f"{item['kind']}/{item['name']}": item for item in found}


@dataclass
class Run:
    """One run of ansible-playbook."""

    code: int
    console: str
    # When each line of the console appeared (seconds since the epoch), with the line.
    lines: list[tuple[float, str]]
    results: list[Result]
    stats: dict[str, dict[str, int]] = field(default_factory=dict)
    # What the play handed on by set_stats.
    artifacts: Data = field(default_factory=dict)

    def __getitem__(self, task: str) -> Result:
        """Return the last result of the task of that name."""
        found = [result for result in self.results if result.task.rpartition(" : ")[2] == task]
        assert found, f"no task {task!r} among {[result.task for result in self.results]}\n{self.console}"
        return found[-1]

    def verbs(self, verb: str) -> list[Result]:
        """Return the results of all tasks with a module of the collection."""
        return [result for result in self.results if result.action == DELIVERY + verb]

    @property
    def changed(self) -> int:
        """The number of changed tasks in the recap."""
        return sum(host["changed"] for host in self.stats.values())


def task(
    verb: str, *, name: str = "", fails: bool = False, check: bool = False, diff: bool = False, **options: Any
) -> Data:
    """Return a task with a module of the collection; `fails` lets the play go on after its failure."""
    made: Data = {"name": name or verb, DELIVERY + verb: options}
    flags = {"ignore_errors": fails, "check_mode": check, "diff": diff}
    return {**made, **{key: True for key, on in flags.items() if on}}


def seconds_of(run: Run) -> dict[str, float]:
    """Return how long each task took, counted from the end of the one before it; of the first one nothing is known."""
    ends = [result.ended for result in run.results]
    return {result.task: end - before for result, before, end in zip(run.results[1:], ends, ends[1:])}


def look(name: str = "look") -> Data:
    """Return a task that reads all objects of the test's namespace."""
    return {"name": name, "look": {"namespace": "{{ space }}"}}


class Ansible:
    """Runs ansible-playbook of the interpreter that runs the tests."""

    def __init__(self, folder: Path, door: str = "action") -> None:
        self._folder = folder
        self.door = door

    def some(self, cases: dict[str, Case]) -> dict[str, Case]:
        """Return all cases for the action; for the module, which starts a process for each, every second one."""
        return cases if self.door == "action" else dict(list(cases.items())[::2])

    def tasks(
        self,
        space: str,
        tasks: list[Data],
        *,
        kubeconfig: Path | str | None = None,
        arguments: Sequence[str] = (),
        strict: bool = True,
        **how: Any,
    ) -> Run:
        """Run tasks through the door; the namespace and the kubeconfig are module_defaults.

        With `strict` each task that may fail has to fail.

        Raises:
            AssertionError: the run failed, or a task that should fail did not.
        """
        defaults: Data = {"namespace": space, **({"kubeconfig": str(kubeconfig)} if kubeconfig else {})}
        play = {
            "name": "Test",
            "hosts": "test",
            "gather_facts": False,
            "module_defaults": {"group/tradesense.delivery.delivery": defaults},
            "vars": {"space": space},
            "tasks": tasks,
        }
        connection = {"action": "local", "module": "shipped"}[self.door]
        host = {"ansible_connection": connection, "ansible_python_interpreter": sys.executable}
        playbook = self._write("play", [play])
        inventory = self._write("hosts", {"all": {"hosts": {"test": host}}})
        run = self.playbook(playbook, "-i", str(inventory), *arguments, **how)
        for made in tasks:
            if strict and made.get("ignore_errors"):
                assert run[made["name"]].failed, f"{made['name']} did not fail\n{run.console}"
        return run

    def playbook(
        self,
        playbook: Path,
        *arguments: str,
        code: int | None = 0,
        environment: dict[str, str] | None = None,
        kill_at: str = "",
    ) -> Run:
        """Run a playbook; `code` is the wanted exit code, None for any but 0.

        With `kill_at` it is killed, with all of its processes, as soon as a line of the console holds that text; then the
        exit code does not matter, as the end may have come first.

        Raises:
            AssertionError: it ended with another exit code, or shows a traceback.
        """
        record = self._new("record")
        command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), *arguments]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**_environment(record, self._folder), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watchdog = threading.Timer(_LONGEST_SECONDS, _kill, (process,))
        watchdog.start()
        lines = []
        for line in process.stdout or []:
            lines.append((time.time(), line.rstrip("\n")))
            if kill_at and kill_at in line:
                _kill(process)
        found = process.wait()
        watchdog.cancel()
        console = "\n".join(line for _, line in lines)
        assert kill_at or ((found != 0) if code is None else (found == code)), f"exit code {found}\n{console}"
        assert "Traceback (most recent call last)" not in console, console
        return _read(record, found, console, lines)

    def _write(self, stem: str, content: Any) -> Path:
        path = self._new(stem)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def _new(self, stem: str) -> Path:
        handle, path = tempfile.mkstemp(prefix=f"{stem}-", suffix=".yml", dir=self._folder)
        os.close(handle)
        return Path(path)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a run with its workers: each of them leads a session of its own, and would end its task."""
    for pid in (process.pid, *_below(process.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _below(parent: int) -> list[int]:
    """Return the processes that a process started, and those that they did."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold blanks.
            parents[int(stat.parent.name)] = int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    found = [pid for pid, its in parents.items() if its == parent]
    return found + [pid for child in found for pid in _below(child)]


def _environment(record: Path, folder: Path) -> dict[str, str]:
    dropped = ("ANSIBLE_", "K8S_AUTH_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_CALLBACK_PLUGINS": str(_HERE / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "recorder",
        "ANSIBLE_CONNECTION_PLUGINS": str(_HERE / "connection"),
        "ANSIBLE_ACTION_PLUGINS": str(_HERE / "action"),
        "ANSIBLE_PIPELINING": "1",
        "TRADESENSE_TEST_RECORD": str(record),
    }


def _read(record: Path, code: int, console: str, lines: list[tuple[float, str]]) -> Run:
    run = Run(code, console, lines, [])
    for line in record.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["status"] == "stats":
            run.stats = entry["hosts"]
            for custom in entry["custom"].values():
                run.artifacts.update(custom)
        else:
            result = Result(entry["task"], entry["action"], entry["status"], entry["time"], entry["data"])
            run.results.append(result)
    return run
