# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Command line of the launcher: ``python -m sandbox.launcher up|down|status|logs|restart|stop [--name N]``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import AbstractContextManager

from sandbox.launcher.down import KWOKCTL, take_down
from sandbox.launcher.layout import DEFAULT_NAME, Layout, existing_layouts, layout_for
from sandbox.launcher.parts import ALL, api_checks, checks
from sandbox.launcher.processes import PidFiles
from sandbox.launcher.sandbox import Sandbox
from sandbox.launcher.state import load_state
from tools.binaries import ensure_binaries
from tools.errors import ToolError, run_main
from tools.locking import only_one
from tools.paths import ROOT
from tools.report import Stopwatch, say
from tools.running import tail


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--name", default=os.environ.get("SANDBOX") or DEFAULT_NAME, help="which sandbox")
    part = argparse.ArgumentParser(add_help=False)
    part.add_argument("--part", choices=ALL, required=True, help="which part")
    patience = argparse.ArgumentParser(add_help=False)
    patience.add_argument("--timeout", type=float, default=90.0, help="seconds that one part may take to start")

    parser = argparse.ArgumentParser(prog="python -m sandbox.launcher", description="Start and stop a sandbox.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", parents=[common, patience], help="start what is not running")
    down = verbs.add_parser("down", parents=[common], help="stop everything and remove all state except the logs")
    down.add_argument("--all", action="store_true", help="every sandbox of this checkout")
    verbs.add_parser("status", parents=[common], help="one line a part; exit code 0 when all answer")
    logs = verbs.add_parser("logs", parents=[common], help="the ends of the logs")
    logs.add_argument("--part", choices=(KWOKCTL, *ALL), help="only this part")
    logs.add_argument("--lines", type=int, default=20, help="how many lines")
    verbs.add_parser("restart", parents=[common, patience, part], help="restart one part, data kept")
    verbs.add_parser("stop", parents=[common, part], help="stop one part; up starts it again")
    return parser


def _up(layout: Layout, timeout: float) -> None:
    Sandbox(layout, ensure_binaries(), timeout=timeout).up()


def _down(layout: Layout) -> None:
    watch = Stopwatch()
    count = take_down(layout)
    say(f"sandbox {layout.name}: " + (f"down, {count} processes stopped in {watch}" if count else "was down already"))


def _status(layout: Layout) -> int:
    state = load_state(layout.state_file)
    if state is None:
        say(f"sandbox {layout.name}: down")
        return 1
    pids = PidFiles(layout.pids)
    healthy = True
    for name, check in checks(layout, state.ports).items():
        record = pids.running(name)
        answers = record is not None and check.answers()
        healthy = healthy and answers
        pid = str(record.pid) if record else "-"
        say(f"{name:<24} pid {pid:<8} port {state.ports[name]:<6} answers {'yes' if answers else 'no'}")
    for name, check in api_checks(layout, state.ports).items():
        answers = check.answers()
        healthy = healthy and answers
        say(f"{name:<24} {'through the API server':<24} answers {'yes' if answers else 'no'}")
    return 0 if healthy else 1


def _logs(layout: Layout, part: str | None, lines: int) -> None:
    for name in [part] if part else [KWOKCTL, *ALL]:
        say(f"==> {layout.log(name)}")
        say(tail(layout.log(name), lines))


def _held(layout: Layout) -> AbstractContextManager[None]:
    return only_one(layout.lock, waiting=f"sandbox {layout.name} is being changed by another run, waiting for it")


def _interrupt(number: int, _frame: object) -> None:
    # Being told to end is like Ctrl-C: what was started in vain must be stopped.
    raise KeyboardInterrupt(number)


def main() -> int:
    """Parse the command line and do what it says."""
    arguments = _parser().parse_args()
    layout = layout_for(ROOT, arguments.name)
    if arguments.verb == "status":
        return _status(layout)
    if arguments.verb == "logs":
        _logs(layout, arguments.part, arguments.lines)
        return 0
    if arguments.verb == "down" and arguments.all:
        for each in existing_layouts(ROOT):
            with _held(each):
                _down(each)
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    with _held(layout):
        if arguments.verb == "up":
            _up(layout, arguments.timeout)
        elif arguments.verb == "down":
            _down(layout)
        elif arguments.verb == "restart":
            Sandbox(layout, ensure_binaries(), timeout=arguments.timeout).restart_part(arguments.part)
        elif arguments.verb == "stop":
            Sandbox(layout, ensure_binaries(), timeout=0.0).stop_part(arguments.part)
        else:
            raise ToolError(f"unknown verb {arguments.verb}")
    return 0


if __name__ == "__main__":
    sys.exit(run_main(main))
