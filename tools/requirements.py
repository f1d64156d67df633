# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Compile the pinned requirement files from their .in files. ``make requirements`` calls it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.errors import ToolError, run_main
from tools.interpreters import OLDEST_CORE_PYTHON, choose, discover
from tools.paths import REQUIREMENTS, cache_dir
from tools.report import say
from tools.uv import run_uv

# The constraint before what it constrains.
NAMES = ("bootstrap", "go", "requirements", "bench", "guard")
HEADER = """\
# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
#
# Compiled from {name}.in by "make requirements"; do not edit.
"""


def compile_one(name: str, python: Path, *, upgrade: bool) -> None:
    """Compile ``name``.in into ``name``.txt: all platforms, Python >= 3.11, archives by hash, no index address."""
    source, target = REQUIREMENTS / f"{name}.in", REQUIREMENTS / f"{name}.txt"
    arguments = ["pip", "compile", "--universal", "--generate-hashes", "--no-header", "--no-emit-index-url"]
    arguments += ["--no-emit-find-links", "--no-annotate", "--python", str(python)]
    arguments += ["--python-version", ".".join(map(str, OLDEST_CORE_PYTHON))]
    if upgrade:
        arguments.append("--upgrade")
    log = cache_dir() / "logs" / f"compile-{name}.log"
    run_uv([*arguments, "--output-file", str(target), str(source)], what=f"compiling {source.name}", log=log)
    pins = "".join(line for line in target.read_text(encoding="utf-8").splitlines(True) if not line.startswith("#"))
    target.write_text(HEADER.format(name=name) + pins, encoding="utf-8")
    say(f"{target.name}: {pins.count('==')} pins")


def main() -> int:
    """Parse the command line and do the work."""
    parser = argparse.ArgumentParser(prog="python -m tools.requirements", description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions instead of keeping the pins")
    arguments = parser.parse_args()
    # Packages that come as source only tell their dependencies only when built: on the oldest Python we support.
    python = choose(discover(), [OLDEST_CORE_PYTHON])
    if python is None:
        raise ToolError("Compiling the requirements needs a Python 3.11.", hint="Put one on PATH, then repeat.")
    for name in NAMES:
        compile_one(name, python.path, upgrade=arguments.upgrade)
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
