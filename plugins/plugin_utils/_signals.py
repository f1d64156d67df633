# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C at the wrong moment. Private to this collection.

A line that an action shows goes through a queue to Ansible's parent process. When the worker is ended while it writes, the
queue stays locked, and the parent, which wants to say goodbye through the same queue, hangs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..module_utils._signals import heard_by


@contextmanager
def whole() -> Iterator[None]:
    """Let what is done inside come to its end before a signal that ends the process is obeyed."""
    with heard_by(list.append):
        yield
