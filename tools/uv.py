# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""uv, pinned by hash and installed by pip into the cache: it makes the environments and compiles the requirements."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.errors import ToolError
from tools.locking import only_one
from tools.paths import REQUIREMENTS, cache_dir
from tools.report import Stopwatch, say
from tools.running import run_logged

BOOTSTRAP = REQUIREMENTS / "bootstrap.txt"


def install_key(requirements: Path) -> str:
    """Return a short name for what a pinned requirements file installs."""
    return hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]


def ensure_uv() -> Path:
    """Return the path of uv, installing it first when this version is not in the cache.

    Raises ToolError when no virtual environment can be made or pip fails.
    """
    home = cache_dir() / "uv" / install_key(BOOTSTRAP)
    executable = home / "bin" / "uv"
    if executable.exists():
        return executable
    with only_one(cache_dir() / "uv" / "lock", waiting="uv is being installed by another run, waiting for it"):
        if not executable.exists():
            _install(home)
    return executable


def _install(home: Path) -> None:
    watch = Stopwatch()
    say("uv: installing")
    home.parent.mkdir(parents=True, exist_ok=True)
    # A virtual environment cannot be moved, but uv is one self-contained program, which can.
    with tempfile.TemporaryDirectory(dir=home.parent) as name:
        work = Path(name)
        log = home.parent / "install.log"
        try:
            run_logged([sys.executable, "-m", "venv", str(work / "venv")], what="making a virtual environment", log=log)
        except ToolError as error:
            error.hint = (
                "This Python lacks venv or ensurepip: install it (on Debian: python3-venv) or use another Python."
            )
            raise
        pip = [str(work / "venv" / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        run_logged([*pip, "--require-hashes", "-r", str(BOOTSTRAP)], what="installing uv", log=log)
        (work / "bin").mkdir()
        shutil.copy2(work / "venv" / "bin" / "uv", work / "bin" / "uv")
        home.mkdir(exist_ok=True)
        (work / "bin").rename(home / "bin")
    say(f"uv: installed in {watch}")


def uv_environment() -> dict[str, str]:
    """Return the environment for uv: no downloaded interpreters, and pip's settings where uv has none of its own."""
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1")
    env.pop("VIRTUAL_ENV", None)
    for theirs, ours in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if theirs in env:
            env.setdefault(ours, env[theirs])
    return env


def run_uv(arguments: Sequence[str], *, what: str, log: Path) -> None:
    """Run uv with its output in ``log``. Raises ToolError, with the end of the log, when it fails."""
    run_logged([str(ensure_uv()), *arguments], what=what, log=log, env=uv_environment())
