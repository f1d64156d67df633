# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From an answer of Prometheus to the counters of each pod over time. Pure functions. Private to this collection."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._analysis.model import Point, Series
from .definitions import Definition, Kind, LabelNames
from .model import Revision
from .queries import ALL, FAILED, INFINITE, LE, PART, TIME

Reading = tuple[float, tuple[float, ...]]
"""A scrape of a pod: its time, seconds since the epoch, and its counters."""


@dataclass(frozen=True, slots=True)
class Track:
    """The counters of a pod, oldest scrape first, no time twice.

    Attributes:
        bounds: upper bounds of the buckets of a histogram, seconds, in ascending order; empty for other metrics.
        readings: of each scrape the trials, then the failures, or for each bound how many were not slower.
    """

    bounds: tuple[float, ...]
    readings: tuple[Reading, ...]


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


def joined(before: Columns, after: Columns, since: float) -> Columns:
    """Return what two answers say together, the second of later times than the first, since a time (seconds since the epoch)."""
    kept: Columns = {}
    for pod, columns in before.items():
        later = after.get(pod, {})
        for which, values in columns.items():
            together = {moment: value for moment, value in values.items() if moment >= since}
            together.update(later.get(which, ()))
            if together:
                kept.setdefault(pod, {})[which] = together
    for pod, columns in after.items():
        mine = kept.setdefault(pod, {})
        for which in columns.keys() - mine.keys():
            mine[which] = columns[which]
    return kept


def narrowed(columns: Columns, buckets: frozenset[float]) -> Columns:
    """Return the values of some buckets of a histogram (seconds), of all its trials and the times."""
    kept: Columns = {}
    for pod, mine in columns.items():
        kept[pod] = {
            which: values for which, values in mine.items() if which in (TIME, INFINITE) or _bound(which) in buckets
        }
    return kept


def tracks_of(columns: Columns, definition: Definition) -> dict[Revision, Pods]:
    """Return the counters of every pod, by revision.

    Where the trials of a process were there and the failures never, none had happened: a counter appears with its first event.
    """
    result: dict[Revision, Pods] = {}
    for (service, revision, pod), mine in columns.items():
        track = _histogram(mine) if definition.kind is Kind.SLOWER else _counter(mine)
        if track.readings:
            result.setdefault(Revision(service, revision), {})[pod] = track
    return result


def _values(points: Sequence[Point]) -> dict[float, float]:
    """Return the value at each time, as far as it is the value of a counter."""
    # A dict made of named tuples by `dict` takes five times as long.
    values = {point[0]: point[1] for point in points}
    # Nearly always all is well; the sum of a NaN is none, and False in every comparison.
    if len(values) == len(points) and (not values or (min(values.values()) >= 0 and sum(values.values()) < math.inf)):
        return values
    values = {}
    for timestamp, value in points:
        # The first one counts: a counter has one value at a time. False for NaN too.
        if 0 <= value < math.inf:
            values.setdefault(timestamp, value)
    return values


def _counter(columns: dict[str, dict[float, float]]) -> Track:
    failed = columns.get(FAILED, {})
    rows: list[Reading] = []
    before, failures = 0.0, 0.0
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
