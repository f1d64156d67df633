# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The counts of one window, from which all evidence is made. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """What one revision did in one window.

    Attributes:
        n: how often it could have gone wrong: requests, orders, updates.
        k: how often it did. At most n where n counts the trials of k; where n is only the exposure of events without a
            denominator (risk checks), it may be more.
    """

    n: int
    k: int

    def __post_init__(self) -> None:
        if self.n < 0 or self.k < 0:
            raise ValueError(f"counts are 0 or more, not n={self.n}, k={self.k}")

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.n + other.n, self.k + other.k)

    @property
    def rate(self) -> float | None:
        """The share that went wrong; None where nothing happened, which is not the same as 0."""
        return self.k / self.n if self.n else None


NOTHING = Counts(0, 0)


@dataclass(frozen=True, slots=True)
class Pair:
    """The same window of both revisions."""

    canary: Counts
    stable: Counts

    @property
    def informative(self) -> bool:
        """Whether a comparison can learn from it: both took part, and something went wrong."""
        return bool(self.canary.n and self.stable.n and (self.canary.k or self.stable.k))
