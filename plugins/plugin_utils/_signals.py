# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C at the wrong moment. Private to this collection.

A line that an action shows goes through a queue to Ansible's parent process. When the worker is ended while it writes, the
queue stays locked, and the parent, which wants to say goodbye through the same queue, hangs.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def whole() -> Iterator[None]:
    """Let what is done inside come to its end before a signal that ends the process is obeyed."""
    if threading.current_thread() is not threading.main_thread():
        # Signals are obeyed in the main thread only.
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _frame: came.append(number)) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that was not set by Python: it cannot be put back, nor is there one in a worker.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for ending in came:
            os.kill(os.getpid(), ending)
