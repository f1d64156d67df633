# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Calm progress lines: one per event, never overwritten, so that they read the same in a terminal and in a log."""

from __future__ import annotations

import time


def say(line: str) -> None:
    """Print one line at once, also into a pipe."""
    print(line, flush=True)


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Elapsed seconds."""
        return time.monotonic() - self._start

    def __str__(self) -> str:
        seconds = self.seconds
        return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60} min {int(seconds) % 60} s"
