# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a window of a service holds. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .._evidence.counts import Counts, Pair
from .._words import Metric


class Revision(NamedTuple):
    """The pods of one pod template of a service."""

    service: str
    hash: str


class Stream(NamedTuple):
    """A series of counts: a metric, and of one that is measured by a histogram one of its bounds in seconds."""

    metric: Metric
    bound: float | None = None

    def __str__(self) -> str:
        return self.metric.value if self.bound is None else f"{self.metric.value}>{self.bound:g}"


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of one revision in one window. That there is one means that there is data, also when n is 0.

    Attributes:
        n: requests, orders or updates.
        failed: how many of them failed, for each stream of the metric; None for a bound that the histogram lacks.
        pods: how many pods were measured.
        seconds: of their lives that were measured, those of all pods together.
    """

    n: int
    failed: Mapping[Stream, int | None]
    pods: int
    seconds: float = 0.0

    def counts(self, stream: Stream) -> Counts | None:
        """Return the counts of a stream; None where there are none."""
        failed = self.failed.get(stream)
        return None if failed is None else Counts(self.n, failed)


@dataclass(frozen=True, slots=True)
class ServiceWindow:
    """One window of a service; a metric that is absent has no data there.

    Attributes:
        index: number of the window, from 0 at the start of the watch.
        canary: the new revision, whatever its strategy.
        stable: the one before.
        weight: share of traffic, 0 to 1, that was set for the canary during the whole window; None when it changed, or when
            nobody sets it.
    """

    index: int
    canary: Mapping[Metric, Measured] = field(default_factory=dict)
    stable: Mapping[Metric, Measured] = field(default_factory=dict)
    weight: float | None = None

    def pair(self, stream: Stream) -> Pair | None:
        """Return the counts of both revisions; None unless both have data."""
        canary, stable = self.of_canary(stream), self.of_stable(stream)
        return None if canary is None or stable is None else Pair(canary, stable)

    def pair_of_events(self, stream: Stream) -> Pair | None:
        """Return the counts of both revisions for failures that have no trials; None unless both have data.

        Such failures may come with the work (orders) or with time (each pod fails now and then, whatever it has to do), and
        nobody says which. So the trials are the exposure of which the new revision has the larger share. Two revisions that
        are alike fail at ``a orders + b seconds`` with the same a and b; of that the new one's part lies between its part of the
        orders and its part of the seconds. Hence the larger of them keeps the guarantee of a comparison, whatever a and b.
        """
        pair, canary, stable = self.pair(stream), self.canary.get(stream.metric), self.stable.get(stream.metric)
        if pair is None or canary is None or stable is None:
            return None
        mine, theirs = round(canary.seconds), round(stable.seconds)
        work = pair.canary.n + pair.stable.n
        if work and mine * work <= pair.canary.n * (mine + theirs):
            return pair
        return Pair(Counts(mine, pair.canary.k), Counts(theirs, pair.stable.k))

    def of_canary(self, stream: Stream) -> Counts | None:
        """Return the counts of the new revision; None where there is no data."""
        measured = self.canary.get(stream.metric)
        return measured.counts(stream) if measured else None

    def of_stable(self, stream: Stream) -> Counts | None:
        """Return the counts of the revision before; None where there is no data."""
        measured = self.stable.get(stream.metric)
        return measured.counts(stream) if measured else None
