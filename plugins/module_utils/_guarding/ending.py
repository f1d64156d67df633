# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How a guard ends that is told to: it tidies up first. Private to this collection.

Ansible ends its workers on the spot, without any ``finally``. A guard has Leases to give back: the one that takes its place would
otherwise wait until they run out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .._signals import heard_by


class Ended(BaseException):
    """The process was told to end. No Exception: nobody who deals with errors is to stop it."""


@contextmanager
def tidily() -> Iterator[None]:
    """Leave the block, by `Ended`, when a signal tells the process to end; after that the process ends as it would have.

    What comes meanwhile is not heard: tidying up takes a moment, and Ansible sends a second signal soon after the first.
    """
    with heard_by(_end):
        yield


def _end(kept: list[int], number: int) -> None:
    if not kept:
        kept.append(number)
        raise Ended
