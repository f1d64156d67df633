# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A recorded release through the guard's own code, window by window. Pure functions. Private to this collection."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._errors import DeliveryError
from .._evidence.counts import Counts
from .._guard.cycle import begin, policy_for, take_in
from .._guard.decision import Decision
from .._guard.facts import Facts
from .._guard.past import Past, past_of
from .._guard.policy import Policies, Policy
from .._guard.policy_reading import policy_of
from .._guard.state import State
from .._windows.clock import Clock, Span
from .._windows.measuring import measure, window_of
from .._windows.model import Revision, ServiceWindow, Stream
from .._windows.tracks import Pods, tracks
from .._words import Metric, Mode, Verdict
from .recording import Recording, Release, question

MOST = 10_000
"""Windows of a replay: three and a half days of half minutes."""
_ERRORS = Stream(Metric.ERROR_RATE)

Tracks = Mapping[Metric, Mapping[Revision, Pods]]


@dataclass(frozen=True)
class Look:
    """What the guard would have said after a window.

    Attributes:
        window: what was counted in it.
        span: its time.
        decision: what follows.
        state: what it knew then.
    """

    window: ServiceWindow
    span: Span
    decision: Decision
    state: State

    @property
    def canary(self) -> Counts | None:
        """Requests of the new revision and those that failed; None without data."""
        return self.window.of_canary(_ERRORS)

    @property
    def stable(self) -> Counts | None:
        """The same of the one before."""
        return self.window.of_stable(_ERRORS)


@dataclass(frozen=True)
class Replay:
    """All looks, up to the one that would have rolled back.

    Attributes:
        policy: that the release was judged by.
        burstiness: phi of each metric that was measured on stable before the release; the others have the policy's.
        looks: at least one.
        end: what the guard would know after the last window, had the release gone on as it did.
        skipped: metrics of the policy that the recording does not have.
    """

    policy: Policy
    burstiness: Mapping[Metric, float]
    looks: Sequence[Look]
    end: State
    skipped: tuple[Metric, ...] = ()

    @property
    def held(self) -> Look | None:
        """The first look that would have stopped the release, or taken it back."""
        return next((look for look in self.looks if look.decision.verdict is not Verdict.CONTINUE), None)

    @property
    def rolled_back(self) -> Look | None:
        """The look that would have taken it back."""
        return next((look for look in self.looks if look.decision.verdict is Verdict.ROLLBACK), None)


def replay(recording: Recording, policies: Policies) -> Replay:
    """Return what the guard would have said of a release with a policy, in the mode ``enforce``, whatever mode is written.

    Raises:
        DeliveryError: the recording does not fit the policy, or is shorter than a window or longer than MOST.
    """
    release = recording.release
    planned = policy_of(policies.written(release.service), trading=release.trading)
    count = _windows_of(recording, planned)
    found, skipped = _tracks(recording, planned)
    past = _past(planned, release, found)
    state = begin(
        policies,
        release.service,
        uid="backtest",
        revision=release.canary,
        trading=release.trading,
        origin=release.start,
        past=past,
    )
    policy = policy_for(state, policies)[0].in_mode(Mode.ENFORCE)
    clock, looks, over = policy.clock(release.start), [], False
    for index in range(count):
        span = clock.span(index)
        window = _window(index, release, policy, clock, found)
        facts = Facts(serving=True, control=release.control(span.start), ready_at=release.ready)
        state, decision = take_in(policy, state, [window], facts, clock.when(index))
        if not over:
            looks.append(Look(window, span, decision, state))
        over = over or decision.verdict is Verdict.ROLLBACK
    return Replay(policy, past.burstiness, looks, state, skipped)


def _windows_of(recording: Recording, policy: Policy) -> int:
    release = recording.release
    if recording.step > policy.window / 2 + 1e-9:
        raise DeliveryError(
            f"the samples are {recording.step:g} s apart, and the policy's window of {policy.window:g} s needs two in each",
            reason="BadOption",
            hint=f"set window to {2 * recording.step:g}s or more, or record again with this policy",
        )
    count = math.floor((release.end - release.start) / policy.window + 1e-9)
    if not 1 <= count <= MOST:
        long = "shorter than a window" if count < 1 else f"{count} windows, more than {MOST}"
        raise DeliveryError(
            f"the time from start to end, {release.end - release.start:g} s, is {long}",
            reason="BadOption",
            hint=f"choose another end; a window of this policy has {policy.window:g} s",
        )
    return count


def _tracks(recording: Recording, policy: Policy) -> tuple[Tracks, tuple[Metric, ...]]:
    """Return the counters of every pod by metric, and the metrics that were not recorded."""
    found, skipped = {}, []
    for definition in policy.definitions:
        metric, recorded = definition.metric, recording.metrics.get(definition.metric)
        if recorded is None:
            skipped.append(metric)
            continue
        if recorded.query != question(definition, recording.release, recording.labels):
            raise DeliveryError(
                f"{metric} was recorded by another query than this policy asks: {' '.join(recorded.query.split())}",
                reason="BadOption",
                hint=f"leave series, failed and exposure of {metric} as they were then, or record again with this policy",
            )
        found[metric] = tracks(recorded.series, definition, recording.labels)
    return found, tuple(skipped)


def _past(policy: Policy, release: Release, found: Tracks) -> Past:
    """Return what stable was like before the release, as far as it was recorded."""
    count = math.floor(release.history / policy.window + 1e-9)
    old = release.old
    pods = {metric: revisions[old] for metric, revisions in found.items() if old in revisions} if old else {}
    return past_of(policy, pods, policy.clock(release.start - count * policy.window), count)


def _window(index: int, release: Release, policy: Policy, clock: Clock, found: Tracks) -> ServiceWindow:
    span = clock.span(index)
    measured = {
        definition.metric: measure(found[definition.metric], definition, span, clock.staleness)
        for definition in policy.definitions
        if definition.metric in found
    }
    return window_of(index, release.new, release.old, measured, release.weight(span.start, span.end))
