# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Waiting for many workloads of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from tests.integration.support.cluster import Space


def each(space: Space, names: Iterable[str], done: Callable[[str], Any], what: str) -> None:
    """Ask `done` with each name until it returns something true."""
    for name in names:
        space.until(partial(done, name), f"{name}: {what}")
