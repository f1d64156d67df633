# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One at a time: an advisory lock on a file, given up by the kernel when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.report import say


@contextmanager
def only_one(path: Path, *, waiting: str) -> Iterator[None]:
    """Hold the lock ``path`` inside the block; say ``waiting`` once when somebody else holds it, then wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
