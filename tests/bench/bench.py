# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What every part of the benchmark gets: the cluster, the programs and a way to run plays."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.bench.plays import Player, children_cpu
from tests.integration.support.cluster import Cluster, Space
from tools.errors import ToolError
from tools.paths import ROOT

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Timed:
    """How long something took: seconds by the clock, and of processor time with all child processes."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Bench:
    """The sandbox of the benchmark and how often everything is measured."""

    cluster: Cluster
    environment: Mapping[str, str]
    player: Player
    rounds: int

    @property
    def plugin(self) -> str:
        """The kubectl plugin of Argo Rollouts."""
        return self.environment["TRADESENSE_ARGO_PLUGIN"]

    @contextmanager
    def space(self, name: str) -> Iterator[Space]:
        """Give a new namespace, and remove it in the end; one that an interrupted run left is removed first."""
        space = self.cluster.space(name)
        space.remove()
        space.until(lambda: name not in self._namespaces(), f"namespace {name} removed", seconds=120)
        space.make()
        try:
            yield space
        finally:
            space.remove()

    def process(self, argv: Sequence[str], **variables: str) -> Timed:
        """Run a program, and throw its output away.

        Raises:
            ToolError: it failed.
        """
        return self.output(argv, **variables)[0]

    def output(self, argv: Sequence[str], **variables: str) -> tuple[Timed, str]:
        """Run a program; return how long it took and what it wrote to stdout.

        Raises:
            ToolError: it failed.
        """
        began, cpu = time.monotonic(), children_cpu()
        ran = subprocess.run(
            list(argv),
            env={**self.environment, **variables},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        timed = Timed(time.monotonic() - began, children_cpu() - cpu)
        if ran.returncode:
            raise ToolError(f"a measured program failed: {' '.join(argv)}", detail=ran.stdout + ran.stderr)
        return timed, ran.stdout

    def lacks(self, namespace: str) -> bool:
        """Return whether there is no such namespace, not even one that is being removed."""
        return namespace not in self._namespaces()

    def _namespaces(self) -> set[str]:
        found = self.cluster.request("GET", "api/v1/namespaces")["items"]
        return {str(item["metadata"]["name"]) for item in found}


def rotated(things: Sequence[Thing], number: int) -> list[Thing]:
    """Return things beginning with another one in each round, so that nothing always comes after the same thing."""
    start = number % len(things) if things else 0
    return [*things[start:], *things[:start]]


def figures_of(part: str) -> Path:
    """Return where a part leaves its figures."""
    return ROOT / ".bench" / f"{part}.json"
