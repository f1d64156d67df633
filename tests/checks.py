# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The checks behind ``make test`` and its parts, and behind ``make molecule`` and ``make conformance``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.launcher.down import take_down
from sandbox.launcher.layout import layout_for
from sandbox.launcher.sandbox import Sandbox
from tests import scenarios
from tools.binaries import ensure_binaries
from tools.environments import ensure
from tools.errors import ToolError, run_main
from tools.paths import ROOT
from tools.report import Stopwatch, say
from tools.setup import NEWEST, OLDEST

# Workers of the test runs: the machine has two cores, and a test mostly waits for the controller.
_WORKERS = "3"
# Compares some hundred states with the kubectl plugin. All of them are built at once, so it wants the controller for itself,
# and none of it depends on the interpreter.
_BESIDE_PLUGIN = "tests/integration/test_beside_plugin.py"
_SANDBOX = "test"


def lint() -> None:
    """Check style, types, YAML, roles and playbooks, Dockerfiles, shell scripts, and the changelog."""
    python = NEWEST.path / "bin"
    for words in (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", "-p", "ansible_collections.tradesense.delivery.plugins"),
        ("mypy", "sandbox", "tools", "tests"),
        # Apart: in a container it is no part of anything.
        ("mypy", "images/backend/migrate.py"),
        ("yamllint", "--strict", "."),
        ("ansible-lint", "--strict", "-q"),
        ("hadolint", "--config", "images/.hadolint.yaml", *_dockerfiles()),
        ("shellcheck", "--external-sources", *_shell_scripts()),
        ("antsibull-changelog", "lint"),
    ):
        _run([str(python / words[0]), *words[1:]], what=" ".join(words), env=_path(python))


def _dockerfiles() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("images/*/Dockerfile"))


def _shell_scripts() -> list[str]:
    pods = ROOT.glob("roles/*/templates/**/*.sh")
    found = (".ci/run", "images/frontend/entrypoint.sh", "images/backend/entrypoint.sh")
    return [*found, *sorted(str(path.relative_to(ROOT)) for path in pods)]


def sanity() -> None:
    """Run ansible-test's sanity tests, none of them ignored."""
    _run([str(NEWEST.path / "bin" / "python"), "-m", "tools.sanity"], what="ansible-test sanity", env={})


def unit() -> None:
    """Run the unit tests: all on the newest pair, those of the collection itself on every other one too."""
    for index, python in enumerate(_matrix()):
        _pytest(python, "tests/unit/plugins" if index else "tests/unit", env={})


def stateful() -> None:
    """Run the stateful services' configuration and scripts with real servers, which need no interpreter but one."""
    ensure_binaries()
    _pytest(NEWEST.path / "bin" / "python", "tests/stateful", "--dist", "loadfile", env={})


def integration() -> None:
    """Run the integration tests on a sandbox started and stopped for them.

    All of them run on the newest pair. Most are about clusters and controllers, and what decides there is tested on every
    pair by the unit tests; the other pairs run those that are about plays, roles, options and results.
    """
    layout = layout_for(ROOT, _SANDBOX)
    matrix = _matrix()
    Sandbox(layout, ensure_binaries(), timeout=120).up()
    try:
        others = f"--ignore={_BESIDE_PLUGIN}"
        for index, python in enumerate(matrix):
            chosen = ("-m", "every_pair") if index else ()
            _pytest(python, "tests/integration", others, *chosen, env=layout.environment())
        _pytest(matrix[0], _BESIDE_PLUGIN, env=layout.environment(), workers="2")
    finally:
        count = take_down(layout)
        say(f"sandbox {layout.name}: down, {count} processes stopped")


def molecule() -> None:
    """Run the Molecule scenarios of the roles, on the newest interpreter, on a sandbox of their own."""
    scenarios.check()


def conformance() -> None:
    """Run the benchmark's rivals against the vectors that the variable VECTORS leads to; no part of ``make test``."""
    _pytest(NEWEST.path / "bin" / "python", "tests/conformance", env={}, workers="0")


def _matrix() -> list[Path]:
    """Return the interpreters to test on: the newest pair, and the oldest where this machine has it."""
    ensure(NEWEST)
    newest = NEWEST.path / "bin" / "python"
    try:
        ensure(OLDEST)
    except ToolError as error:
        say(f"NOT TESTED: the oldest supported pair. {error.message}")
        return [newest]
    oldest = OLDEST.path / "bin" / "python"
    return [newest] if _core(newest) == _core(oldest) else [newest, oldest]


def _core(python: Path) -> str:
    code = "import sys, ansible.release as core; print(f'ansible-core {core.__version__}, Python {sys.version.split()[0]}')"
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _pytest(python: Path, folder: str, *more: str, env: Mapping[str, str], workers: str = _WORKERS) -> None:
    say(f"-- {folder} on {_core(python)}")
    words = [str(python), "-m", "pytest", folder, "-q", "-n", workers, "--dist", "worksteal", *more]
    _run(words, what=f"{folder} on {_core(python)}", env={**_path(python.parent), **env})


def _path(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}


def _run(argv: Sequence[str], *, what: str, env: Mapping[str, str]) -> None:
    watch = Stopwatch()
    ran = subprocess.run(list(argv), cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL, check=False)
    if ran.returncode:
        raise ToolError(f"{what} failed (exit code {ran.returncode}, {watch})")
    say(f"{what}: passed in {watch}")


def main() -> int:
    """Run the named checks in order; the first failure ends it."""
    known = {
        "lint": lint,
        "sanity": sanity,
        "unit": unit,
        "stateful": stateful,
        "integration": integration,
        "molecule": molecule,
        "conformance": conformance,
    }
    parser = argparse.ArgumentParser(prog="python -m tests.checks", description=__doc__)
    parser.add_argument("checks", nargs="+", choices=list(known))
    watch = Stopwatch()
    for name in parser.parse_args().checks:
        say(f"== {name}")
        known[name]()
    say(f"all checks passed in {watch}")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
