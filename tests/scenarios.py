# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The Molecule scenarios of the roles, behind ``make molecule`` and ``make test``.

Each scenario is a molecule of its own: several side by side, because they mostly wait. Molecule's own workers leave out
what creates and destroys (they expect one scenario that does it for all), so that a failed one would leave everything.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sandbox.launcher.down import take_down
from sandbox.launcher.layout import Layout, layout_for
from sandbox.launcher.sandbox import Sandbox
from tools.binaries import ensure_binaries
from tools.errors import ToolError, run_main
from tools.locking import only_one
from tools.paths import ROOT
from tools.report import Stopwatch, say
from tools.running import run_logged
from tools.setup import NEWEST

FOLDER = ROOT / "extensions" / "molecule"
# Whatever molecule and its playbooks write.
_HOME = ROOT / ".dev" / "molecule"
_SANDBOX = "molecule"
_WORKERS = 3
_LINES = 40


def names() -> list[str]:
    """Return the names of all scenarios."""
    return sorted(file.parent.name for file in FOLDER.glob("*/molecule.yml"))


def chosen(wanted: Sequence[str]) -> list[str]:
    """Return the scenarios that are wanted, all when none is named. Raises ToolError for one that does not exist."""
    known = names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ToolError(f"there is no scenario {', '.join(unknown)}", hint=f"There are {', '.join(known)}.")
    return list(wanted) or known


def check(wanted: Sequence[str] = ()) -> None:
    """Test scenarios, all of them by default, on a sandbox that is started and stopped for them.

    Raises ToolError when one fails, after the others had their turn.
    """
    scenarios = chosen(wanted)
    waiting = "another run of the scenarios holds their sandbox, waiting for it"
    with only_one(_HOME / "lock", waiting=waiting), _sandbox() as layout, ThreadPoolExecutor(_WORKERS) as pool:
        failures = [failure for failure in pool.map(lambda name: _test(name, layout), scenarios) if failure]
    if failures:
        raise ToolError(
            "; ".join(failure.message for failure in failures),
            detail="\n\n".join(failure.detail for failure in failures),
            hint=" ".join(failure.hint for failure in failures),
        )


def step(action: str, scenario: str, sandbox: str) -> int:
    """Run one step of a scenario on a sandbox that is up, for people who work on it; return molecule's exit code."""
    layout = layout_for(ROOT, sandbox)
    if not layout.env_file.exists():
        raise ToolError(f"the sandbox {sandbox} is not up", hint="Start it: make sandbox-up")
    argv = _molecule(action, *chosen([scenario]))
    return subprocess.run(argv, cwd=ROOT, env=environment(layout, scenario), check=False).returncode


def environment(layout: Layout, scenario: str) -> dict[str, str]:
    """Return the environment of a scenario: the sandbox and nothing else that leads to a cluster, all files in the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("K8S_AUTH_", "MOLECULE_"))}
    return {
        **kept,
        **layout.environment(),
        "PATH": f"{NEWEST.path / 'bin'}{os.pathsep}{kept['PATH']}",
        "ANSIBLE_HOME": str(_HOME / "home"),
        "ANSIBLE_REMOTE_TEMP": str(_HOME / "home" / "tmp"),
        "KUBECACHEDIR": str(_HOME / "kubectl"),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(_HOME / layout.name / scenario),
    }


def reason(output: str) -> str:
    """Return what molecule said before it gave up on a step; the end of everything when it did not say so."""
    lines = output.splitlines()
    gave_up = next((index for index, line in enumerate(lines) if "Executed: Failed" in line), len(lines))
    return "\n".join(lines[max(gave_up - _LINES, 0) : gave_up])


@contextmanager
def _sandbox() -> Iterator[Layout]:
    layout = layout_for(ROOT, _SANDBOX)
    Sandbox(layout, ensure_binaries(), timeout=120).up()
    try:
        yield layout
    finally:
        count = take_down(layout)
        say(f"sandbox {layout.name}: down, {count} processes stopped")


def _test(scenario: str, layout: Layout) -> ToolError | None:
    """Test one scenario; return what went wrong."""
    watch = Stopwatch()
    log = layout.log(f"scenario-{scenario}")
    plain: Mapping[str, str] = {"NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1"}
    try:
        run_logged(
            _molecule("test", scenario),
            what=f"scenario {scenario}",
            log=log,
            cwd=ROOT,
            env={**environment(layout, scenario), **plain},
        )
    except ToolError as error:
        say(f"scenario {scenario}: FAILED after {watch}")
        return ToolError(error.message, detail=reason(log.read_text("utf-8", "replace")), hint=f"Whole log: {log}")
    say(f"scenario {scenario}: passed in {watch}")
    return None


def _molecule(action: str, scenario: str) -> list[str]:
    return [str(NEWEST.path / "bin" / "molecule"), action, "--scenario-name", scenario]


def main() -> int:
    """Test the named scenarios, or run one step of one."""
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    parser.add_argument("--step", help="only this step of one scenario, on a sandbox that is up")
    parser.add_argument("--sandbox", default="default")
    options = parser.parse_args()
    if not options.step:
        check(options.scenarios)
        return 0
    if len(options.scenarios) != 1:
        raise ToolError("a step needs one scenario", hint=f"make molecule SCENARIO={names()[0]} STEP={options.step}")
    return step(options.step, options.scenarios[0], options.sandbox)


if __name__ == "__main__":
    sys.exit(run_main(main))
