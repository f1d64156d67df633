# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The checkout's virtual environments, and the stamp that tells whether one is still right."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError
from tools.interpreters import Interpreter, choose, discover
from tools.paths import REQUIREMENTS, ROOT, cache_dir
from tools.report import Stopwatch, say
from tools.uv import run_uv

REQUIREMENTS_FILE = REQUIREMENTS / "requirements.txt"
STAMP_NAME = "tradesense-stamp.json"


@dataclass(frozen=True)
class Environment:
    """A virtual environment of the checkout: its folder, the Pythons it may use, best first, and what is installed."""

    path: Path
    minors: tuple[tuple[int, int], ...]
    missing: str
    requirements: Path = REQUIREMENTS_FILE

    @property
    def stamp(self) -> Path:
        """The file that says what the environment was made from."""
        return self.path / STAMP_NAME


def stamp_text(path: Path, requirements: bytes, interpreter: Path, version: tuple[int, int, int]) -> str:
    """Return the stamp of the environment at ``path``: equal texts mean there is nothing to do.

    The path belongs to it because the scripts of an environment stop working when it is moved.
    """
    content = {
        "path": str(path),
        "requirements": hashlib.sha256(requirements).hexdigest(),
        "interpreter": str(interpreter),
        "version": list(version),
    }
    return json.dumps(content, sort_keys=True)


def is_current(environment: Environment, requirements: bytes) -> bool:
    """Tell whether the environment was made from these requirements and its interpreter is still there.

    No interpreter is started: this is the answer to every repeated set-up.
    """
    try:
        text = environment.stamp.read_text(encoding="utf-8")
        found = json.loads(text)
        interpreter, version = Path(found["interpreter"]), tuple(found["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    alive = os.access(environment.path / "bin" / "python", os.X_OK) and interpreter.exists()
    return (
        alive
        and version[:2] in environment.minors
        and text == stamp_text(environment.path, requirements, interpreter, version)
    )


def ensure(environment: Environment) -> None:
    """Make the environment, or leave it alone when it is current.

    Raises ToolError when no fitting Python is on the machine or the installation fails.
    """
    requirements = environment.requirements.read_bytes()
    name = environment.path.name
    if is_current(environment, requirements):
        say(f"{name}: nothing to do")
        return
    found = discover()
    interpreter = choose(found, environment.minors)
    if interpreter is None:
        seen = "\n".join(f"found {one}" for one in found)
        raise ToolError(
            environment.missing, detail=seen, hint="Put one on PATH (or install it with pyenv), then repeat."
        )
    _make(environment, interpreter, requirements)


def _make(environment: Environment, interpreter: Interpreter, requirements: bytes) -> None:
    watch = Stopwatch()
    name = environment.path.name
    say(f"{name}: installing with {interpreter}")
    environment.stamp.unlink(missing_ok=True)
    log = cache_dir() / "logs" / f"{name.lstrip('.')}.log"
    run_uv(
        ["venv", "--clear", "--python", str(interpreter.path), str(environment.path)], what=f"making {name}", log=log
    )
    target = str(environment.path / "bin" / "python")
    run_uv(
        ["pip", "sync", "--require-hashes", "--python", target, str(environment.requirements)],
        what=f"installing into {name}",
        log=log,
    )
    stamp = stamp_text(environment.path, requirements, interpreter.path, interpreter.version)
    environment.stamp.write_text(stamp, encoding="utf-8")
    say(f"{name}: ready in {watch}")


def link_collection() -> None:
    """Make the folder tree through which ansible finds this checkout as ``tradesense.delivery``.

    The link is relative, so the checkout can be moved.
    """
    link = ROOT / ".dev" / "collections" / "ansible_collections" / "tradesense" / "delivery"
    target = os.path.relpath(ROOT, link.parent)
    if link.is_symlink() and str(link.readlink()) == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        raise ToolError(f"{link} is in the way: a symbolic link to the checkout belongs there", hint="Move it away.")
    link.symlink_to(target)
