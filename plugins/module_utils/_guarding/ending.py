# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How a guard ends that is told to: it tidies up first. Private to this collection.

Ansible ends its workers on the spot, without any ``finally``. A guard has Leases to give back: the one that takes its place would
otherwise wait until they run out.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Ended(BaseException):
    """The process was told to end. No Exception: nobody who deals with errors is to stop it."""


@contextmanager
def tidily() -> Iterator[None]:
    """Leave the block, by `Ended`, when a signal tells the process to end; after that the process ends as it would have.

    What comes meanwhile is not heard: tidying up takes a moment, and Ansible sends a second signal soon after the first.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals are obeyed in the main thread only.
        yield
        return
    came: list[int] = []

    def end(number: int, _frame: object) -> None:
        if not came:
            came.append(number)
            raise Ended

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that was not set by Python: it cannot be put back, nor is there one in a worker.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for ending in came:
            os.kill(os.getpid(), ending)
