# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a judge is: something that looks at a release window by window and says when it would roll it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tests.bench.guard.stream import Stream


@dataclass(frozen=True, slots=True)
class Outcome:
    """``window``: at the end of which window it rolled back, None for never.

    ``bad``: failed and stalled requests and failed orders that the canary had served by then.
    """

    window: int | None
    bad: int

    @classmethod
    def at(cls, stream: Stream, window: int | None) -> Outcome:
        """Return the outcome of a rollback at the end of this window (None: never)."""
        return cls(window, stream.bad_until(window))


class Judge(Protocol):
    """Judges one release. A judge sees what was measured, never ``Window.served``, and nothing of later windows."""

    def __call__(self, stream: Stream) -> Outcome:
        """Return when this judge would have rolled back."""
