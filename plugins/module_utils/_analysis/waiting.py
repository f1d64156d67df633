# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Ask until the answer is good enough. Private: other collections must not import it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from .failures import QueryFailure
from .judging import Judged


@dataclass(frozen=True)
class Patience:
    """How long to ask, and the pause between two answers, in seconds."""

    timeout: float
    interval: float


def ask_until_good(ask: Callable[[float], Judged], patience: Patience, say: Callable[[str], None]) -> Judged:
    """Return the first answer that lacks nothing, or the last one when the time is over.

    Once Prometheus has answered, its being away for a moment does not end the wait: it may be restarted while we wait.
    Before that, it would mean to wait in vain for an address that is wrong.

    Args:
        ask: asks and judges once, within so many seconds.
        patience: how long; with a timeout of 0, once.
        say: takes a line whenever there is something new to tell.

    Raises:
        QueryFailure: there was no answer, at first or at last.
    """
    ends = time.monotonic() + patience.timeout
    judged: Judged | None = None
    told = ""
    while True:
        failure: QueryFailure | None = None
        try:
            judged = ask(ends - time.monotonic())
        except QueryFailure as error:
            if judged is None or not error.transient:
                raise
            failure = error
        left = ends - time.monotonic()
        if not failure and (not judged.lacks or left <= 0):
            return judged
        if failure and left <= 0:
            raise failure
        line = failure.msg if failure else judged.lacks
        if line != told:
            say(f"{line} ({left:.0f} s left)")
            told = line
        time.sleep(min(patience.interval, left))
