# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure the collection beside what others use: on a sandbox of its own, or by simulation. ``make bench`` calls it.

python -m tests.bench [verbs] [apply] [guard] [watch] [--rounds N] [--only ITEM ...] [--strict] [--keep]
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests

from tools.paths import ROOT

# The guard's part takes the collection itself to task: `make setup` has linked it there.
sys.path.append(str(ROOT / ".dev" / "collections"))

from sandbox.launcher.down import take_down
from sandbox.launcher.layout import layout_for
from sandbox.launcher.sandbox import Sandbox
from tests.bench import machine
from tests.bench.apply import part as apply
from tests.bench.bench import Bench, figures_of
from tests.bench.guard import part as guard
from tests.bench.plays import Player
from tests.bench.report import Report
from tests.bench.verbs import part as verbs
from tests.bench.watch import part as watch
from tests.integration.support.cluster import Cluster, Refused
from tools.binaries import ensure_binaries
from tools.environments import ensure
from tools.errors import ToolError, run_main
from tools.report import Stopwatch, say
from tools.setup import BENCH, NEWEST

_SANDBOX = "bench"
_ROUNDS = 5


Items = Mapping[str, Callable[[], Report]]


@dataclass(frozen=True)
class _Part:
    """A part of the benchmark on a sandbox.

    Attributes:
        items: what it measures, in order.
        not_needed: which parts of the sandbox it does without.
        compared: whether it measures other programs, too.
        windows: of a guard that are measured in a round; 0: its rounds have none.
    """

    items: Mapping[str, Callable[[Bench], Report]]
    not_needed: tuple[str, ...] = ()
    compared: bool = True
    windows: int = 0

    @contextmanager
    def ready(self, rounds: int, *, keep: bool) -> Iterator[Items]:
        """Start what the part needs and give what it measures."""
        if self.compared:
            ensure(BENCH)
        with _bench(self, rounds, keep=keep) as bench:
            yield {name: partial(item, bench) for name, item in self.items.items()}

    def heading(self, rounds: int) -> str:
        """Return what the figures are."""
        of = f"{rounds * self.windows} windows" if self.windows else f"{rounds} rounds"
        return f"medians (smallest..largest) of {of}"


@dataclass(frozen=True)
class _Simulation:
    """A part that needs no sandbox, and no other environment; its items take the number of rounds."""

    items: Mapping[str, Callable[[int], Report]]
    releases: Mapping[str, int]
    compared: bool = False

    @contextmanager
    def ready(self, rounds: int, *, keep: bool) -> Iterator[Items]:
        """Give what the part measures; there is nothing to start, nor to keep."""
        yield {name: partial(item, rounds) for name, item in self.items.items()}

    def heading(self, rounds: int) -> str:
        """Return what the figures are."""
        each = " and ".join(f"{rounds * releases} of each of the {item}" for item, releases in self.releases.items())
        return f"simulated releases, the same for every judge: {each}"


PARTS: Mapping[str, _Part | _Simulation] = {
    "verbs": _Part(verbs.ITEMS, verbs.NOT_NEEDED),
    "apply": _Part(apply.ITEMS, apply.NOT_NEEDED),
    "guard": _Simulation(guard.ITEMS, guard.RELEASES),
    "watch": _Part(watch.ITEMS, watch.NOT_NEEDED, compared=False, windows=watch.WINDOWS),
}


def main() -> int:
    """Measure the named parts (default: all); exit code 1 for a missed goal only when that was asked for."""
    arguments = _arguments()
    # Whoever ends it from outside gets what was measured so far, and no sandbox stays behind.
    signal.signal(signal.SIGTERM, _leave)
    ensure(NEWEST)
    missed = 0
    for name in arguments.parts or PARTS:
        part = PARTS[name]
        report = Report()
        with part.ready(arguments.rounds, keep=arguments.keep) as ready:
            items = {key: item for key, item in ready.items() if not arguments.only or key in arguments.only}
            found = machine.describe(compared=part.compared)
            try:
                _measure(name, items, report, found)
            finally:
                # Also what was measured before something went wrong.
                _show(name, report, found, part.heading(arguments.rounds))
        missed += len(report.missed)
    if missed:
        say(f"MISSED {missed} goal{'s' if missed > 1 else ''}")
    return 1 if missed and arguments.strict else 0


def _arguments() -> argparse.Namespace:
    every = [item for part in PARTS.values() for item in part.items]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=_at_least_one, default=_ROUNDS, help=f"rounds (default: {_ROUNDS})")
    parser.add_argument(
        "--only", nargs="+", choices=every, metavar="ITEM", help=f"only these items: {', '.join(every)}"
    )
    parser.add_argument("--strict", action="store_true", help="exit code 1 when a goal is missed")
    parser.add_argument("--keep", action="store_true", help="leave the sandbox up, for the next run")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.parts if name not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    return arguments


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


@contextmanager
def _bench(part: _Part, rounds: int, *, keep: bool) -> Iterator[Bench]:
    """Start the sandbox of the benchmark and give access to it; in the end it is removed, unless it is to be kept."""
    layout = layout_for(ROOT, _SANDBOX)
    sandbox = Sandbox(layout, ensure_binaries(), timeout=120)
    sandbox.up()
    try:
        for name in part.not_needed:
            sandbox.stop_part(name)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            # Without a home kubectl would keep what it discovered in the working folder, which is the checkout.
            environment = {**layout.environment(), "KUBECACHEDIR": str(Path(folder) / "kubectl")}
            player = Player(Path(folder), environment)
            yield Bench(Cluster(layout.kubeconfig), environment, player, rounds)
    finally:
        if not keep:
            count = take_down(layout)
            say(f"sandbox {layout.name}: down, {count} processes stopped")


def _measure(name: str, items: Items, report: Report, found: dict[str, Any]) -> None:
    file = figures_of(name)
    file.parent.mkdir(exist_ok=True)
    for key, item in items.items():
        watch = Stopwatch()
        say(f"== {name}: {key}")
        try:
            report.add(item())
        except (AssertionError, Refused, requests.RequestException) as error:
            # From the helpers of the integration tests, for which the test runner finds the words.
            raise ToolError(f"{key} could not be measured: {error}") from error
        # After each item: what took minutes must not be lost with the next one.
        file.write_text(report.to_json(name, found), encoding="utf-8")
        say(f"{key}: measured in {watch}")


def _show(name: str, report: Report, found: dict[str, Any], heading: str) -> None:
    head = [f"{name}: {machine.line(found)}", heading]
    say("\n".join(["", *head, "", *report.lines(), "", f"every value: {figures_of(name).relative_to(ROOT)}"]))


def _leave(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(run_main(main))
