# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Windows of all watched services out of Prometheus: one query for each metric. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import SimpleQueue

from .._analysis.client import Prometheus, Window
from .._analysis.failures import QueryFailure
from .._analysis.model import Series
from .._evidence.burstiness import WINDOWS
from .._guard.past import Past, past_of
from .._guard.policy import Policy
from .._windows.clock import Clock, Range
from .._windows.definitions import Definition, LabelNames
from .._windows.measuring import buckets_of, measure, window_of
from .._windows.model import Measured, Revision, ServiceWindow
from .._windows.queries import Scope, query
from .._windows.tracks import Pods, columns_of, joined, tracks, tracks_of
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
        buckets: those to ask for, once they are known.
        start: of the times asked for, seconds since the epoch; ``end`` the last of them.
        found: the counters since then.
        size: how many series the answer had.
    """

    revisions: frozenset[Revision]
    buckets: frozenset[float]
    start: float
    end: float
    found: Mapping[Revision, Pods]
    size: int


@dataclass(frozen=True)
class _Query:
    """A query that is to be sent: for which metric, and of what times."""

    definition: Definition
    text: str
    window: Window


@dataclass(frozen=True)
class _Plan:
    """How a question is asked.

    Attributes:
        query: what is sent.
        revisions: of which is asked.
        start: from when on values are needed, seconds since the epoch.
        known: what the answer goes on from; None: it stands alone.
    """

    query: _Query
    revisions: frozenset[Revision]
    start: float
    known: _Known | None


class Sampler:
    """Asks Prometheus. What it does not answer is missing, and never 0."""

    def __init__(self, connections: Sequence[Prometheus], namespace: str) -> None:
        """Prepare.

        Args:
            connections: so many queries are under way at once; an answer is read while Prometheus works on the next one.
            namespace: of the services.
        """
        self._connections: SimpleQueue[Prometheus] = SimpleQueue()
        for each in connections:
            self._connections.put(each)
        self._at_once = len(connections)
        self._namespace = namespace
        self._known: dict[_Question, _Known] = {}
        self.problems: dict[Metric, str] = {}

    def windows(self, wanted: Sequence[Wanted]) -> dict[str, list[ServiceWindow]]:
        """Return the windows of each release, by name of the Rollout; `problems` then says what was not answered, by metric."""
        self.problems = {}
        measured: dict[str, dict[int, dict[Metric, Mapping[Revision, Measured]]]] = {
            one.name: {index: {} for index in one.windows} for one in wanted
        }
        for question, members, found in self._tracks(_by_question(wanted)):
            for one in members:
                mine = {revision: found[revision] for revision in one.revisions if revision in found}
                for index in one.windows:
                    counts = measure(mine, question.definition, one.clock.span(index), one.clock.staleness, one.births)
                    measured[one.name][index][question.definition.metric] = counts
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
        window = _covering([clock.needed(range(WINDOWS))])
        scope = Scope(self._namespace, (revision,), policy.labels)
        queries = [_Query(each.definition, query(each.definition, scope), window) for each in policy.metrics]
        found = {}
        for asked, series in zip(queries, self._answers(queries, policy.window)):
            pods = tracks(series or (), asked.definition, policy.labels).get(revision)
            if pods:
                found[asked.definition.metric] = pods
        return past_of(policy, found, clock, WINDOWS)

    def _tracks(
        self, asked: Mapping[_Question, Sequence[Wanted]]
    ) -> Iterator[tuple[_Question, Sequence[Wanted], dict[Revision, Pods]]]:
        """Return the counters of all pods for each question, as far as Prometheus gave them."""
        # The shortest answer first: while it is read, Prometheus works on the others.
        ordered = sorted(asked.items(), key=lambda pair: self._size(pair[0]))
        plans = [self._plan(question, members) for question, members in ordered]
        answers = self._answers([plan.query for plan in plans], min((each.length for each in asked), default=0.0))
        for (question, members), plan, series in zip(ordered, plans, answers):
            if series is None:
                # What was known is forgotten: the next time all is asked for.
                yield question, members, {}
                continue
            columns = columns_of(series, question.definition, question.labels)
            before = plan.known.found if plan.known else {}
            found = joined(before, tracks_of(columns, question.definition, before), plan.start)
            buckets = buckets_of(found, question.definition)
            size = sum(map(len, columns.values()))
            self._known[question] = _Known(plan.revisions, buckets, plan.start, plan.query.window.end, found, size)
            yield question, members, found

    def _size(self, question: _Question) -> int:
        """Return how many series the last answer to a question had; 0 when there was none."""
        known = self._known.get(question)
        return known.size if known else 0

    def _plan(self, question: _Question, members: Sequence[Wanted]) -> _Plan:
        """Return what to ask: of all times that are needed, or only of those that are new."""
        window = _covering([one.clock.needed(one.windows) for one in members])
        revisions = frozenset(revision for one in members for revision in one.revisions)
        known = self._known.pop(question, None)
        if known and known.revisions != revisions:
            known = None
        buckets = known.buckets if known else frozenset()
        if known and not known.start <= window.start <= known.end < window.end:
            known = None
        new = replace(window, start=known.end + window.step) if known else window
        text = query(question.definition, Scope(self._namespace, tuple(revisions), question.labels), buckets)
        return _Plan(_Query(question.definition, text, new), revisions, window.start, known)

    def _answers(self, queries: Sequence[_Query], seconds: float) -> Iterator[Iterable[Series] | None]:
        """Return the answers to queries, in their order; None for one that has none, and `problems` says why.

        Whoever does not answer all of them in so many seconds must not keep the guard from what does not need him.
        """
        ends = time.monotonic() + seconds
        with ThreadPoolExecutor(self._at_once) as pool:
            for each, asking in [(each, pool.submit(self._ask, each, ends)) for each in queries]:
                try:
                    yield asking.result()
                except QueryFailure as failure:
                    self.problems[each.definition.metric] = failure.sentence()
                    yield None

    def _ask(self, wanted: _Query, ends: float) -> Iterable[Series]:
        connection = self._connections.get()
        try:
            within = max(ends - time.monotonic(), 0.0)
            return connection.query_range(wanted.text, wanted.window, within=within).series
        finally:
            self._connections.put(connection)


def _covering(needed: Sequence[Range]) -> Window:
    """Return the times that cover all that is needed; their steps are the same."""
    return Window(min(one.start for one in needed), max(one.end for one in needed), needed[0].step)


def _by_question(wanted: Sequence[Wanted]) -> dict[_Question, list[Wanted]]:
    found: dict[_Question, list[Wanted]] = {}
    for one in wanted:
        if one.windows:
            for definition in one.policy.definitions:
                question = _Question(definition, one.policy.labels, one.clock.length)
                found.setdefault(question, []).append(one)
    return found
