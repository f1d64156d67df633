# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Run one of the playbooks as a user would, show its timeline, keep the whole output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.paths import ROOT
from tools.report import Stopwatch, say

# What the collection shows live: "12:30:05 [development-1] tradesense-trading-service: ...".
_LIVE = re.compile(r"^\d\d:\d\d:\d\d \[")
_RECAP = re.compile(r"^\S+\s+: ok=\d+")


@dataclass(frozen=True)
class Outcome:
    """How a playbook ended: exit code, everything it printed, seconds it took."""

    code: int
    output: str
    seconds: float

    @property
    def recap(self) -> str:
        """The line of counts at the end, e.g. ``development-1 : ok=7 changed=0 ...``."""
        lines = [line for line in self.output.splitlines() if _RECAP.match(line)]
        return " ".join(lines[-1].split()) if lines else ""

    @property
    def failure(self) -> str:
        """The last error's message, empty when there is none."""
        lines = [line for line in self.output.splitlines() if line.startswith("[ERROR]: ")]
        return lines[-1].removeprefix("[ERROR]: ").removeprefix("Task failed: Action failed: ") if lines else ""


def run(playbook: str, log: Path, env: Mapping[str, str], *options: str) -> Outcome:
    """Run ``playbooks/<playbook>.yml`` on the development environment; live lines appear, all goes to ``log``."""
    command = ["ansible-playbook", f"playbooks/{playbook}.yml", "-i", "inventories/development", *options]
    say(f"$ {' '.join(command)}")
    watch = Stopwatch()
    lines: list[str] = []
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            cwd=ROOT,
            env={**os.environ, **env, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in process.stdout or []:
            file.write(line)
            lines.append(line)
            if _LIVE.match(line):
                say(f"  {line.rstrip()}")
        code = process.wait()
    outcome = Outcome(code, "".join(lines), watch.seconds)
    say(f"  {outcome.recap or 'no recap'}  (exit code {code}, {watch})")
    return outcome
