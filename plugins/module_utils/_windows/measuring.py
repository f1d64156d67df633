# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A metric of each revision in a window. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from .._evidence.counts import Counts
from .._words import Metric
from .clock import Span
from .counting import Rise, rise
from .definitions import Definition, Kind
from .model import Measured, Revision, ServiceWindow, Stream
from .tracks import Pods, Track

NOWHERE = -1


def measure(
    found: Mapping[Revision, Pods],
    definition: Definition,
    span: Span,
    staleness: float,
    births: Mapping[str, float] | None = None,
) -> dict[Revision, Measured]:
    """Return the counts of every revision that has data in a window; one that has none is absent.

    Args:
        found: the counters, as `tracks` gives them.
        definition: the metric.
        span: the window.
        staleness: as in `rise`.
        births: when pods were created, seconds since the epoch, by name, as far as it is known.
    """
    columns = _columns(found, definition)
    result = {}
    for revision, pods in found.items():
        rises = [
            (track, risen)
            for name, track in pods.items()
            if (risen := rise(track.readings, span, staleness, (births or {}).get(name))) is not None
        ]
        if rises:
            result[revision] = _together(rises, columns[revision.service], definition)
    return result


def buckets_of(found: Mapping[Revision, Pods], definition: Definition) -> frozenset[float]:
    """Return the buckets of a histogram that are needed, seconds: so many fewer are to be asked for next time.

    Right as long as the same revisions are asked for; a new one may have other buckets.
    """
    if definition.kind is not Kind.SLOWER:
        return frozenset()
    columns = _columns(found, definition)
    return frozenset(bound for where in columns.values() for bound in where.values() if bound != NOWHERE)


def counts_by_pod(
    pods: Pods, definition: Definition, stream: Stream, span: Span, staleness: float
) -> dict[str, Counts]:
    """Return the counts of one stream for each pod of a revision, as `burstiness` wants them."""
    result = {}
    for name, track in pods.items():
        risen = rise(track.readings, span, staleness)
        if risen is not None:
            counts = _together([(track, risen)], _where([track], definition), definition).counts(stream)
            if counts is not None:
                result[name] = counts
    return result


def window_of(
    index: int,
    canary: Revision,
    stable: Revision | None,
    measured: Mapping[Metric, Mapping[Revision, Measured]],
    weight: float | None = None,
) -> ServiceWindow:
    """Return the window of one service out of what was measured of all."""
    return ServiceWindow(
        index,
        {metric: by[canary] for metric, by in measured.items() if canary in by},
        {metric: by[stable] for metric, by in measured.items() if stable is not None and stable in by},
        weight,
    )


def _columns(found: Mapping[Revision, Pods], definition: Definition) -> dict[str, dict[Stream, float]]:
    """Return, for each service, where its streams are: the bound to take of a histogram, NOWHERE if there is none.

    The bounds are those that all pods of the service have: with others one revision would look slower than the other.
    """
    services: dict[str, list[Track]] = {}
    for revision, pods in found.items():
        services.setdefault(revision.service, []).extend(pods.values())
    return {service: _where(members, definition) for service, members in services.items()}


def _where(members: Iterable[Track], definition: Definition) -> dict[Stream, float]:
    """Return where the streams of one service are, whose pods these are."""
    if definition.kind is not Kind.SLOWER:
        return dict.fromkeys(definition.streams, 0.0)
    common = _common(track.bounds for track in members)
    return {
        stream: next((bound for bound in common if bound >= (stream.bound or 0)), float(NOWHERE))
        for stream in definition.streams
    }


def _common(bounds: Iterable[tuple[float, ...]]) -> list[float]:
    kinds = set(bounds)
    if len(kinds) == 1:
        return list(*kinds)
    return sorted(bound for bound in set(chain(*kinds)) if all(bound in kind for kind in kinds))


def _together(rises: Sequence[tuple[Track, Rise]], where: Mapping[Stream, float], definition: Definition) -> Measured:
    """Return what the counters of some pods, at least one, rose by together."""
    total, seconds = [0.0] * (1 + len(where)), 0.0
    for track, risen in rises:
        seconds += risen.seconds
        for position, value in enumerate(_counted(risen.values, track, where, definition)):
            total[position] += value
    n = round(total[0])
    # A scrape in the middle of a request may have its failure and not its trial.
    most = None if definition.kind is Kind.EVENTS else n
    failed = {
        stream: None if where[stream] == NOWHERE else _at_most(round(value), most)
        for stream, value in zip(where, total[1:])
    }
    return Measured(n, failed, len(rises), seconds)


def _counted(
    rises: tuple[float, ...], track: Track, where: Mapping[Stream, float], definition: Definition
) -> list[float]:
    """Return the trials of a pod, then the failures of each stream."""
    if definition.kind is not Kind.SLOWER:
        return [rises[0], rises[1]]
    trials = rises[0]
    return [
        trials,
        *(0.0 if bound == NOWHERE else trials - rises[1 + track.bounds.index(bound)] for bound in where.values()),
    ]


def _at_most(value: int, most: int | None) -> int:
    return max(value if most is None else min(value, most), 0)
