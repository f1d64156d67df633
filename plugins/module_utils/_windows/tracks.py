# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From an answer of Prometheus to the counters of each pod over time. Pure functions. Private to this collection."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._analysis.model import Point, Series
from .definitions import Definition, Kind, LabelNames
from .model import Revision
from .queries import ALL, FAILED, INFINITE, LE, PART, TIME

Reading = tuple[float, tuple[float, ...]]
"""A scrape of a pod: its time, seconds since the epoch, and its counters."""

# Trials and failures of a pod that was never seen.
_NEVER = (0.0, 0.0)
# Behind all counters of a moment in the order of readings.
_BEHIND = (math.inf,)


@dataclass(frozen=True, slots=True)
class Track:
    """The counters of a pod, oldest scrape first, no time twice.

    Attributes:
        bounds: upper bounds of the buckets of a histogram, seconds, in ascending order; empty for other metrics.
        readings: of each scrape the trials, then the failures, or for each bound how many were not slower.
    """

    bounds: tuple[float, ...]
    readings: tuple[Reading, ...]


def later(readings: Sequence[Reading], moment: float) -> int:
    """Return the position of the first reading after a moment (seconds since the epoch)."""
    return bisect_right(readings, (moment, _BEHIND))


Pods = dict[str, Track]


Columns = dict[tuple[str, str, str], dict[str, dict[float, float]]]
"""Of each pod (service, hash, name) the value of each part, or bucket, at each time that was asked for."""


def tracks(series: Iterable[Series], definition: Definition, names: LabelNames) -> dict[Revision, Pods]:
    """Return the counters of every pod, by revision; see `columns_of` and `tracks_of`."""
    return tracks_of(columns_of(series, definition, names), definition)


def columns_of(series: Iterable[Series], definition: Definition, names: LabelNames) -> Columns:
    """Return the values of every pod.

    Values that are no counters (NaN, infinities, below 0) count as not measured.

    Args:
        series: what Prometheus answered to `queries.query` over a range of time. The same series without its times
            (part TIME) will do as well when its points are raw samples.
        definition: the metric.
        names: the labels of a pod.
    """
    found: Columns = {}
    column = LE if definition.kind is Kind.SLOWER else PART
    for one in series:
        labels = one.labels
        pod, which = labels.get(names.pod), labels.get(PART) or labels.get(column)
        service, revision = labels.get(names.service), labels.get(names.hash)
        if not pod or not which or not service or not revision:
            continue
        columns = found.setdefault((service, revision, pod), {})
        if which in columns:
            columns[which] = {**_values(one.points), **columns[which]}
        else:
            columns[which] = _values(one.points)
    return found


def tracks_of(
    columns: Columns, definition: Definition, before: Mapping[Revision, Pods] | None = None
) -> dict[Revision, Pods]:
    """Return the counters of every pod, by revision.

    Where the trials of a process were there and the failures never, none had happened: a counter appears with its first event.

    Args:
        columns: what Prometheus answered.
        definition: the metric.
        before: what it had answered for the time before, from which counters go on.
    """
    result: dict[Revision, Pods] = {}
    for (service, name, pod), mine in columns.items():
        revision = Revision(service, name)
        if definition.kind is Kind.SLOWER:
            track = _histogram(mine)
        else:
            known = before.get(revision, {}).get(pod) if before else None
            track = _counter(mine, known.readings[-1][1] if known else _NEVER)
        if track.readings:
            result.setdefault(revision, {})[pod] = track
    return result


def joined(before: Mapping[Revision, Pods], after: Mapping[Revision, Pods], since: float) -> dict[Revision, Pods]:
    """Return what two answers say together, the second of later times than the first.

    Args:
        before: the first answer.
        after: the second one. Its histograms may have less buckets; then the others are given up.
        since: from when on scrapes are needed, seconds since the epoch; of those before only the last one is kept.
    """
    result = {revision: dict(pods) for revision, pods in after.items()}
    for revision, pods in before.items():
        mine = result.get(revision, {})
        for name, track in pods.items():
            if name in mine:
                mine[name] = _continued(track, mine[name], since)
            elif track.readings[-1][0] >= since:
                result.setdefault(revision, mine)[name] = Track(track.bounds, _since(track.readings, since))
    return result


def _continued(before: Track, after: Track, since: float) -> Track:
    bounds = before.bounds if before.bounds == after.bounds else tuple(b for b in before.bounds if b in after.bounds)
    early, late = _narrowed(before, bounds), _narrowed(after, bounds)
    # The second answer begins with the scrape that was the last one of the first, where there was none in between.
    return Track(bounds, _since(early, since) + late[later(late, early[-1][0]) :])


def _since(readings: tuple[Reading, ...], since: float) -> tuple[Reading, ...]:
    return readings[max(later(readings, since) - 1, 0) :]


def _narrowed(track: Track, bounds: tuple[float, ...]) -> tuple[Reading, ...]:
    """Return the readings with some buckets of a histogram only, and all its trials."""
    if track.bounds == bounds:
        return track.readings
    kept = [0, *(1 + track.bounds.index(bound) for bound in bounds)]
    return tuple((moment, tuple([values[each] for each in kept])) for moment, values in track.readings)


def _values(points: Sequence[Point]) -> dict[float, float]:
    """Return the value at each time, as far as it is the value of a counter."""
    # False for NaN too.
    values = {moment: value for moment, value in points if 0 <= value < math.inf}
    if len(values) == len(points):
        return values
    values = {}
    for timestamp, value in points:
        # The first one counts: a counter has one value at a time.
        if 0 <= value < math.inf:
            values.setdefault(timestamp, value)
    return values


def _counter(columns: dict[str, dict[float, float]], last: tuple[float, ...]) -> Track:
    failed = columns.get(FAILED, {})
    rows: list[Reading] = []
    before, failures = last
    for moment, trials in sorted(columns.get(ALL, {}).items()):
        # Not there any more: gone with the process, if that began anew, or else only not there for a moment.
        failures = failed.get(moment, failures if trials >= before else 0.0)
        rows.append((moment, (trials, failures)))
        before = trials
    return Track((), _in_time(rows, columns.get(TIME)))


def _histogram(columns: dict[str, dict[float, float]]) -> Track:
    buckets = sorted((_bound(name), values) for name, values in columns.items() if name not in (TIME, INFINITE))
    buckets = [(bound, values) for bound, values in buckets if math.isfinite(bound)]
    trials = columns.get(INFINITE, {})
    there = [values for _bound_of, values in buckets]
    # A scrape has all buckets or none; half an answer would turn requests into slow ones.
    moments = set(trials)
    for values in there:
        moments &= values.keys()
    rows: list[Reading] = [(moment, (trials[moment], *[values[moment] for values in there])) for moment in moments]
    return Track(tuple(bound for bound, _values_of in buckets), _in_time(rows, columns.get(TIME)))


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.inf


def _in_time(rows: list[Reading], times: dict[float, float] | None) -> tuple[Reading, ...]:
    """Return scrapes at the times they were made, each once, in order."""
    if times is not None:
        rows = [(times[moment], values) for moment, values in rows if moment in times]
    # Prometheus repeats a scrape until the next one; the values are the same.
    return tuple(sorted(dict(rows).items()))
