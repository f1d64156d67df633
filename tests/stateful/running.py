# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs what the role rendered for a pod, on this machine: the same scripts and files, other folders and ports."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.unit.roles.rendered import Objects, texts

HOST = "127.0.0.1"
ENVIRONMENT = "development"
_ROOM = 2**30


@cache
def objects() -> Objects:
    """Return (kind, name) -> manifest of the stateful services."""
    only = json.dumps([ENVIRONMENT, "workloads", "configuration", "statefulsets"])
    text = "\n---\n".join(texts(f"ONLY={only}")[ENVIRONMENT]["workloads"].values())
    manifests = filter(None, yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    return {(one["kind"], one["metadata"]["name"]): one for one in manifests}


def rendered_files(name: str) -> dict[str, str]:
    """Return the files that the pods of a stateful service mount, as rendered."""
    (found,) = (
        manifest["data"]
        for (kind, of), manifest in objects().items()
        if kind == "ConfigMap" and of.startswith(f"{name}-files-")
    )
    return {str(file): str(text) for file, text in found.items()}


def container(name: str, which: str) -> dict[str, Any]:
    """Return a container of a stateful service, as rendered."""
    spec = objects()["StatefulSet", name]["spec"]["template"]["spec"]
    (found,) = (one for one in [*spec.get("initContainers", []), *spec["containers"]] if one["name"] == which)
    return dict(found)


def literals(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a container whose values stand in its manifest."""
    return {one["name"]: str(one["value"]) for one in given["env"] if "value" in one}


def unprivileged() -> dict[str, Any]:
    """Return how to start a process as somebody who is not root: the servers refuse root, as a pod would."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def uid() -> int:
    """Return the user the servers run as."""
    return int(unprivileged().get("user", os.geteuid()))


def free_ports(count: int, above: Sequence[int] = (0,)) -> list[int]:
    """Return free ports, of which also those at the given distances are free."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        while len(found) < count:
            first = held.enter_context(socket.socket())
            first.bind((HOST, 0))
            port = int(first.getsockname()[1])
            try:
                for distance in above:
                    if distance:
                        held.enter_context(socket.socket()).bind((HOST, port + distance))
            except (OSError, OverflowError):
                continue
            found.append(port)
    return found


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder of the servers' user, in memory where there is room: they wait for the disk after every step.

    Its path is short, for sockets have no room for a long one.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    path = Path(tempfile.mkdtemp(prefix="ts-", dir=memory if roomy else "/tmp"))
    own(path)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def own(path: Path) -> None:
    """Give a path to the servers' user."""
    who = unprivileged()
    if who:
        os.chown(path, who["user"], who["group"])


def until(done: Callable[[], bool], what: Callable[[], str] | str, seconds: float = 60) -> None:
    """Wait for something that is said to come; a failure tells ``what`` did not, or what a log says by then."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what if isinstance(what, str) else what()[-3000:]}")
        time.sleep(0.1)


@dataclass
class Pod:
    """What would be a pod: a folder with its files, its volumes and the logs of its processes.

    ``env`` is what its scripts get beside the folders.
    """

    path: Path
    env: dict[str, str]
    log: Path = field(init=False)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = self.path / "log"
        self.path.mkdir(exist_ok=True)
        own(self.path)
        for name in ("config", "secrets", "run"):
            (self.path / name).mkdir()
            own(self.path / name)

    def mount(self, folder: str, files: Mapping[str, str]) -> None:
        """Write what a ConfigMap or a Secret holds: ``config`` or ``secrets``."""
        for name, text in files.items():
            file = self.path / folder / name
            file.unlink(missing_ok=True)
            file.touch(mode=0o600 if folder == "secrets" else 0o644)
            own(file)
            file.write_text(text, encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """Return the whole environment of the scripts: nothing of this process' own."""
        folders = {f"{name.upper()}_DIR": str(self.path / name) for name in ("config", "secrets", "run")}
        return {**self.env, **folders}

    def run(self, script: str, *, seconds: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end; what it says is kept in the log, too."""
        argv = ["sh", str(self.path / "config" / script)]
        done = subprocess.run(
            argv,
            env={**self.environment(), **env},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            **unprivileged(),
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        return done

    def start(self, script: str) -> None:
        """Start a script that stays."""
        argv = ["sh", str(self.path / "config" / script)]
        with self.log.open("ab") as log:
            self.running[script] = subprocess.Popen(
                argv, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, **unprivileged()
            )

    def end(self, script: str, how: signal.Signals = signal.SIGTERM) -> int:
        """End what was started, and return its exit code."""
        process = self.running.pop(script)
        process.send_signal(how)
        return process.wait(timeout=30)

    def clear(self) -> None:
        """End everything, however."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    def said(self) -> str:
        """Return all its processes said."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
