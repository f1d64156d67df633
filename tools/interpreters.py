# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Find the Python interpreters of this machine and choose one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# What the pinned ansible-core releases run on; requirements.in draws the same line between them.
NEWEST_CORE_PYTHONS = ((3, 14), (3, 13), (3, 12))
OLDEST_CORE_PYTHON = (3, 11)

_NAME = re.compile(r"python3?(\.\d+)?")
_PROBE = """
import json, sys, sysconfig
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "final": sys.version_info[3] == "final",
    "cpython": sys.implementation.name == "cpython",
    "gil": not sysconfig.get_config_var("Py_GIL_DISABLED"),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """One Python: the real path of its executable and its (major, minor, patch) version."""

    path: Path
    version: tuple[int, int, int]

    @property
    def minor(self) -> tuple[int, int]:
        """The version without the patch number."""
        return self.version[:2]

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.path})"


def candidates(environ: dict[str, str]) -> list[Path]:
    """Return real paths that may be Python interpreters: from PATH, from pyenv's versions, and the running one.

    pyenv's shims are left out: they are shell scripts that fail for every version that is not switched on, and uv
    stumbles over them. The versions behind them are found where pyenv keeps them.
    """
    found = [Path(sys.executable)]
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder and Path(folder).name != "shims":
            found += _pythons_in(Path(folder))
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/")) / ".pyenv")
    found += sorted(pyenv.glob("versions/*/bin/python"))
    return list(dict.fromkeys(path.resolve() for path in found if path.exists()))


def _pythons_in(folder: Path) -> list[Path]:
    try:
        return [path for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name)]
    except OSError:
        return []


def probe(path: Path) -> Interpreter | None:
    """Ask an interpreter what it is; None for anything but a finished, ordinary build of CPython 3."""
    try:
        # -I: neither the user's site-packages nor PYTHON* variables may colour the answer.
        done = subprocess.run(
            [str(path), "-I", "-c", _PROBE], capture_output=True, text=True, timeout=20, check=True, cwd="/"
        )
        answer = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if not (answer["final"] and answer["cpython"] and answer["gil"]):
        return None
    major, minor, patch = answer["version"]
    return Interpreter(path, (major, minor, patch))


def discover() -> list[Interpreter]:
    """Return every usable interpreter of this machine."""
    return [found for path in candidates(dict(os.environ)) if (found := probe(path)) is not None]


def choose(found: Iterable[Interpreter], minors: Iterable[tuple[int, int]]) -> Interpreter | None:
    """Return the interpreter of the first of ``minors`` there is, in its newest patch release; None without any."""
    pool = list(found)
    for minor in minors:
        fitting = [one for one in pool if one.minor == minor]
        if fitting:
            return max(fitting, key=lambda one: one.version)
    return None
