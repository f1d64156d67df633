# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Streams made by hand."""

from __future__ import annotations

from collections.abc import Iterable

from tests.bench.guard.stream import BOUNDS, Counts, Stream, Window

CALM = Counts(300, 0, (0,) * len(BOUNDS), 30, 0)
STABLE = Counts(2700, 0, (0,) * len(BOUNDS), 270, 0)


def counts(requests: int = 300, errors: int = 0, stalled: int = 0, orders: int = 30, failed_orders: int = 0) -> Counts:
    """Return counts in which whatever is slow at all has stalled."""
    return Counts(requests, errors, (stalled,) * len(BOUNDS), orders, failed_orders)


def stream(canary: Iterable[Counts | None], stable: Counts = STABLE, served: Counts = CALM) -> Stream:
    """Return a stream with the same stable revision in each window; None is a window without an answer."""
    return Stream(
        [Window(0.1, each, None if each is None else stable, served if each is None else each) for each in canary]
    )
