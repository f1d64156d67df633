# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Asking again, but never past the time a task has. Private: other collections must not import it."""

from __future__ import annotations

import math
import random
import time
from typing import TYPE_CHECKING, Any

from . import _libs

if TYPE_CHECKING:
    from .failures import ApiFailure

# What a busy or restarting API server answers; Retry-After is honoured. Not 500: that is also its answer to a manifest
# with an unknown field, which no repetition cures.
BUSY = (429, 502, 503, 504)
# Limits for a task without a time limit, and for any that has had no answer from this server yet: an address on which
# nobody answers is to be told in a moment. Seconds for one request; attempts at a busy server, and at one that is not there.
_PATIENCE = 60.0
_ATTEMPTS_BUSY, _ATTEMPTS_CUT = 7, 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class Deadline:
    """When a task has to be done; without seconds, never."""

    def __init__(self, seconds: float | None = None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    @property
    def known(self) -> bool:
        """Whether there is one."""
        return self._end is not None

    def left(self, most: float) -> float:
        """Return the seconds that are left, at most `most`, never below zero."""
        return most if self._end is None else max(min(most, self._end - time.monotonic()), 0.0)


class Attempts:
    """The attempts at one request.

    Every write of ours is safe to send twice: apply and merge patches are, and what is not carries a resourceVersion. But
    its second answer may then be about what the first one did: that is `unsure`.

    Attributes:
        failed: how many attempts found nobody, or nobody with time.
        unsure: whether an earlier attempt may have been carried out, although its answer was lost.
    """

    def __init__(self, deadline: Deadline, *, persistent: bool) -> None:
        """Begin.

        Args:
            deadline: of the task.
            persistent: whether to go on until the deadline, if there is one.
        """
        self._deadline = deadline
        self._persistent = persistent and deadline.known
        self._patience = Deadline(_PATIENCE)
        self.failed = 0
        self.unsure = False

    def again(self, failure: ApiFailure) -> bool:
        """Return whether to send the request again, after the pause that this takes; False: the failure is final."""
        if failure.code not in (0, *BUSY) or failure.reason == "CertificateNotTrusted":
            return False
        # A 429 is an answer of somebody who has done nothing; the others may come from between us and who has.
        self.unsure = self.unsure or (failure.sent and failure.code != 429)
        self.failed += 1
        pause = max(pause_after(self.failed), failure.retry_after or 0.0)
        if pause >= self._left(_ATTEMPTS_BUSY if failure.code else _ATTEMPTS_CUT):
            return False
        time.sleep(pause)
        return True

    def _left(self, attempts: int) -> float:
        if self._persistent:
            return self._deadline.left(math.inf)
        return self._deadline.left(self._patience.left(_PATIENCE)) if self.failed < attempts else 0.0


def pause_after(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row; many clients must not come back at the same moment."""
    return float(min(_FIRST_PAUSE * 2 ** (min(failures, 20) - 1), _LONGEST_PAUSE) * random.uniform(0.7, 1.3))


def seconds_asked(headers: Any) -> float | None:
    """Return what the header Retry-After of an answer asks for, None when it asks for nothing that can be read."""
    text = (headers or {}).get("Retry-After")
    try:
        return float(_libs.Retry().parse_retry_after(text)) if text else None
    except _libs.urllib3.exceptions.InvalidHeader:
        return None
