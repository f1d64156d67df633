# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The signals that end a process, heard by somebody else for a while. Private to this collection."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def heard_by(hear: Callable[[list[int], int], None]) -> Iterator[None]:
    """Let `hear` take the signals that end a process until the end of the block; those it keeps are obeyed then.

    Args:
        hear: takes the list of those that are kept, and the number of the one that came. It may add that, and may raise.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals are obeyed in the main thread only.
        yield
        return
    kept: list[int] = []
    before = {number: signal.signal(number, lambda number, _frame: hear(kept, number)) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that was not set by Python: it cannot be put back, nor is there one in a worker.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for ending in kept:
            os.kill(os.getpid(), ending)
