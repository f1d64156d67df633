# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A release that is over, as data: who it was, and what Prometheus has of it. Private to this collection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from .._analysis.model import Point, Series
from .._windows.definitions import USUAL_LABELS, Definition, LabelNames
from .._windows.model import Revision
from .._windows.queries import Scope, query
from .._words import Metric


@dataclass(frozen=True)
class Release:
    """Which release is meant; times are seconds since the epoch.

    Attributes:
        namespace: of the service.
        service: its name, as the label of its series says it.
        trading: whether it takes orders.
        canary: pod-template hash of the new revision.
        stable: that of the one before; None: there was none.
        start: when watching begins; window 0 begins there.
        end: when it is over.
        history: seconds before the start in which stable is looked at, for its burstiness and its usual failures.
        ready: since when the new pods were Ready.
        promoted: when all requests went to the new revision; None: not until the end.
        weights: the share of the new revision, 0 to 1, and since when, in ascending order; None: not known.
    """

    namespace: str
    service: str
    trading: bool
    canary: str
    stable: str | None
    start: float
    end: float
    history: float
    ready: float
    promoted: float | None = None
    weights: tuple[tuple[float, float | None], ...] = ()

    @property
    def new(self) -> Revision:
        """The new revision."""
        return Revision(self.service, self.canary)

    @property
    def old(self) -> Revision | None:
        """The one before."""
        return Revision(self.service, self.stable) if self.stable else None

    def scope(self, labels: LabelNames) -> Scope:
        """Return whose series are asked for."""
        revisions = (self.new, self.old) if self.old else (self.new,)
        return Scope(self.namespace, revisions, labels)

    def control(self, start: float) -> bool:
        """Return whether stable has requests beside the new revision in a window that begins then."""
        return self.stable is not None and (self.promoted is None or start < self.promoted)

    def weight(self, start: float, end: float) -> float | None:
        """Return the share that was set for the new revision during all of that time; None if it changed, or is not known."""
        found: float | None = None
        for since, share in self.weights:
            if since <= start:
                found = share
            elif since < end:
                return None
        return found


@dataclass(frozen=True)
class Recorded:
    """What Prometheus answered to one query."""

    query: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Recording:
    """A release with its samples.

    Attributes:
        release: which one.
        step: seconds between two points.
        labels: the labels that tell whose a series is.
        metrics: the answers, by metric.
    """

    release: Release
    step: float
    labels: LabelNames = USUAL_LABELS
    metrics: Mapping[Metric, Recorded] = field(default_factory=dict)


def question(definition: Definition, release: Release, labels: LabelNames) -> str:
    """Return the query for a metric: with all buckets, so that a recording serves policies with other bounds."""
    return query(definition, release.scope(labels), ())


def merged(pieces: list[tuple[Series, ...]]) -> tuple[Series, ...]:
    """Return the series of several answers about successive times, each series once.

    What is no number is left out: it says no more than a missing point does.
    """
    points: dict[tuple[tuple[str, str], ...], dict[float, float]] = {}
    for piece in pieces:
        for one in piece:
            known = points.setdefault(tuple(sorted(one.labels.items())), {})
            known.update((when, value) for when, value in one.points if math.isfinite(value))
    return tuple(Series(dict(labels), _points(found)) for labels, found in points.items() if found)


def _points(found: Mapping[float, float]) -> tuple[Point, ...]:
    return tuple(Point(when, found[when]) for when in sorted(found))
