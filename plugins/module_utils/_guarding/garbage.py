# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Memory while answers are read. Private to this collection."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Let Python not look for garbage in the block, unless it does not anyway.

    Reading a hundred thousand points would make it look through everything that is known of the cluster, again and again. What is
    made of them has no cycles, so it goes by itself when nobody needs it any more.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
