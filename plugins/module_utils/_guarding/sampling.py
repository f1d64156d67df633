# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Windows of all watched services out of Prometheus: one query for each metric. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._analysis.client import Prometheus, Window
from .._analysis.failures import QueryFailure
from .._analysis.model import Series
from .._evidence.burstiness import WINDOWS
from .._guard.past import Past, past_of
from .._guard.policy import Policy
from .._windows.clock import Clock
from .._windows.definitions import Definition, LabelNames
from .._windows.measuring import buckets_of, measure, window_of
from .._windows.model import Measured, Revision, ServiceWindow
from .._windows.queries import Scope, query
from .._windows.tracks import Columns, Pods, columns_of, joined, tracks, tracks_of
from .._words import Metric


@dataclass(frozen=True)
class Wanted:
    """The windows that are wanted of one release.

    Attributes:
        name: of the Rollout.
        canary: the new revision.
        stable: the one before; None: there is none.
        policy: that of the release.
        clock: its windows. Those of all releases with windows of the same length have the same borders.
        windows: their numbers.
        births: when pods were created, seconds since the epoch, by name.
        weights: the share of the traffic in each window, where it was the same all the time.
    """

    name: str
    canary: Revision
    stable: Revision | None
    policy: Policy
    clock: Clock
    windows: range
    births: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[int, float | None] = field(default_factory=dict)

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """Those that are asked for."""
        return (self.canary, self.stable) if self.stable else (self.canary,)


@dataclass(frozen=True)
class _Question:
    """What releases have to have in common for one query to serve them: the metric, its labels, and where their windows end."""

    definition: Definition
    labels: LabelNames
    length: float


@dataclass(frozen=True)
class _Known:
    """What the last answer to a question brought, and what was asked for: the next one need not bring it again.

    Attributes:
        revisions: of which was asked.
        buckets: those asked for; empty: all.
        needed: those to ask for next.
        start: of the times asked for, seconds since the epoch; ``end`` the last of them.
        columns: the values at these times.
    """

    revisions: frozenset[Revision]
    buckets: frozenset[float]
    needed: frozenset[float]
    start: float
    end: float
    columns: Columns


class Sampler:
    """Asks Prometheus. What it does not answer is missing, and never 0."""

    def __init__(self, prometheus: Prometheus, namespace: str) -> None:
        self._prometheus = prometheus
        self._namespace = namespace
        self._known: dict[_Question, _Known] = {}
        self.problems: dict[Metric, str] = {}

    def windows(self, wanted: Sequence[Wanted]) -> dict[str, list[ServiceWindow]]:
        """Return the windows of each release, by name of the Rollout; `problems` then says what was not answered, by metric."""
        self.problems = {}
        # Whoever does not answer in a window's time must not keep the guard from what does not need him.
        ends = time.monotonic() + min((one.policy.window for one in wanted), default=0.0)
        measured: dict[str, dict[int, dict[Metric, Mapping[Revision, Measured]]]] = {
            one.name: {index: {} for index in one.windows} for one in wanted
        }
        for question, members in _by_question(wanted).items():
            definition, found = question.definition, self._tracks(question, members, ends)
            for one in members:
                mine = {revision: found[revision] for revision in one.revisions if revision in found}
                for index in one.windows:
                    counts = measure(mine, definition, one.clock.span(index), one.clock.staleness, one.births)
                    measured[one.name][index][definition.metric] = counts
        return {
            one.name: [
                window_of(index, one.canary, one.stable, measured[one.name][index], one.weights.get(index))
                for index in one.windows
            ]
            for one in wanted
        }

    def before(self, policy: Policy, revision: Revision, now: float) -> Past:
        """Return what a revision was like until now, as long as it was measured; see `burstiness.WINDOWS`."""
        clock = policy.clock(now - policy.delay - WINDOWS * policy.window)
        needed = clock.needed(range(WINDOWS))
        window = Window(needed.start, needed.end, needed.step)
        ends = time.monotonic() + policy.window
        scope = Scope(self._namespace, (revision,), policy.labels)
        found = {}
        for each in policy.metrics:
            series = self._series(each.definition, query(each.definition, scope), window, ends)
            pods = tracks(series or (), each.definition, policy.labels).get(revision)
            if pods:
                found[each.metric] = pods
        return past_of(policy, found, clock, WINDOWS)

    def _tracks(self, question: _Question, members: Sequence[Wanted], ends: float) -> dict[Revision, Pods]:
        window = _window_of(members)
        revisions = tuple(dict.fromkeys(revision for one in members for revision in one.revisions))
        # Without an answer, everything is asked for the next time.
        known = self._known.pop(question, None)
        if known and known.revisions != frozenset(revisions):
            known = None
        buckets = known.needed if known else frozenset()
        if known and not (known.buckets == buckets and known.start <= window.start <= known.end):
            known = None
        new = replace(window, start=known.end + window.step) if known else window
        columns: Columns = {}
        if new.start <= new.end:
            text = query(question.definition, Scope(self._namespace, revisions, question.labels), buckets)
            series = self._series(question.definition, text, new, ends)
            if series is None:
                return {}
            columns = columns_of(series, question.definition, question.labels)
        if known:
            columns = joined(known.columns, columns, window.start)
        found = tracks_of(columns, question.definition)
        needed, end = buckets_of(found, question.definition), max(new.end, new.start - new.step)
        self._known[question] = _Known(frozenset(revisions), buckets, needed, window.start, end, columns)
        return found

    def _series(self, definition: Definition, text: str, window: Window, ends: float) -> Iterable[Series] | None:
        """Return the answer to a query; None when there is none, and `problems` says why."""
        try:
            within = max(ends - time.monotonic(), 0.0)
            return self._prometheus.query_range(text, window, within=within).series
        except QueryFailure as failure:
            self.problems[definition.metric] = failure.sentence()
            return None


def _window_of(members: Sequence[Wanted]) -> Window:
    """Return the times that are needed of one question."""
    needed = [one.clock.needed(one.windows) for one in members]
    return Window(min(one.start for one in needed), max(one.end for one in needed), needed[0].step)


def _by_question(wanted: Sequence[Wanted]) -> dict[_Question, list[Wanted]]:
    found: dict[_Question, list[Wanted]] = {}
    for one in wanted:
        if one.windows:
            for definition in one.policy.definitions:
                found.setdefault(_question(definition, one), []).append(one)
    return found


def _question(definition: Definition, one: Wanted) -> _Question:
    return _Question(definition, one.policy.labels, one.clock.length)
