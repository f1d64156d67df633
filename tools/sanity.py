# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Run ``ansible-test sanity`` on a copy of what git tracks.

ansible-test insists on a folder ``ansible_collections/<namespace>/<name>`` by its real path, and fetches a pip of its own from
a host that a closed network does not reach. So the copy lives in the cache, and a stand-in that installs pip by the standard
library is put where ansible-test looks first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.errors import ToolError, run_main
from tools.paths import ROOT, cache_dir
from tools.report import Stopwatch, say

# What is no part of the collection that users install has its own checks (make lint).
_LEFT_OUT = (".ci/", "collections/", "images/", "sandbox/", "tests/", "tools/")
_PIP = """\
import ensurepip, subprocess, sys
ensurepip.bootstrap()
words = [word for word in sys.argv[1:] if not word.startswith("--no-")]
subprocess.run([sys.executable, "-m", "pip", "install", *words], check=True)
"""
_CONFIG = """\
modules:
  python_requires: ">=3.11"
"""


def main() -> int:
    """Copy, run every sanity test, say how long it took."""
    watch = Stopwatch()
    base = cache_dir() / "sanity"
    home, copy = base / "home", base / "ansible_collections" / "tradesense" / "delivery"
    _copy_tracked(copy)
    _put_pip(home)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    # A checkout's own settings would make ansible-test look for the collection twice.
    environment.pop("ANSIBLE_CONFIG", None)
    log = base / "sanity.log"
    with log.open("w", encoding="utf-8") as file:
        ran = subprocess.run(
            [
                str(Path(sys.executable).parent / "ansible-test"),
                "sanity",
                "--local",
                "--python",
                version,
                "--color",
                "no",
            ],
            cwd=copy,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ran.returncode:
        found = [line for line in log.read_text("utf-8").splitlines() if line.startswith(("ERROR", "FATAL"))]
        raise ToolError("ansible-test sanity failed", detail="\n".join(found), hint=f"Whole log: {log}")
    say(f"ansible-test sanity: passed in {watch}")
    return 0


def _copy_tracked(target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if name.startswith(_LEFT_OUT) or not (ROOT / name).exists():
            continue
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    (target / "tests").mkdir(exist_ok=True)
    (target / "tests" / "config.yml").write_text(_CONFIG, encoding="utf-8")


def _put_pip(home: Path) -> None:
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    # The name follows the pip version that ansible-test pins: one for each supported ansible-core.
    for name in ("get_pip_24_0.py", "get_pip_25_2.py"):
        (cache / name).write_text(_PIP, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run_main(main))
