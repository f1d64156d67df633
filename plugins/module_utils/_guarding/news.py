# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is to be told of a watched release. Pure functions. Private to this collection.

The same news comes at every look; whoever tells it knows by its key what was told before (`_notify.policy`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._guard.decision import Decision, Reason
from .._guard.entries import impact_entry
from .._guard.state import State
from .._notify.events import Event, Impact, Times, reasons_of
from .._rollouts.model import View
from .._rollouts.progress import tags_of
from .._windows.clock import Clock
from .._words import Mode, Occasion, Stage, Verdict
from .record import Record

_BEGUN = frozenset({Stage.ROLLING_BACK, Stage.VERIFYING, Stage.RECOVERED, Stage.INEFFECTIVE})
_ENDED = {
    Stage.RECOVERED: Occasion.RECOVERY,
    Stage.INEFFECTIVE: Occasion.INEFFECTIVE,
    Stage.DONE: Occasion.FINISHED,
}
# What a look is about: that it goes on for another one is no news.
_LOOKING = frozenset({Stage.WARMUP, Stage.OBSERVING, Stage.HOLDING, Stage.BAKING, Stage.PREFLIGHT, Stage.BLOCKED})
# Warm-up is over, and the first window with users has counted.
_SERVED = frozenset({Stage.OBSERVING, Stage.HOLDING, Stage.BAKING, Stage.PREFLIGHT})


@dataclass(frozen=True)
class Place:
    """Where a guard works, as messages call it: environment (empty: nobody says), cluster, namespace."""

    environment: str
    cluster: str
    namespace: str


@dataclass(frozen=True)
class Scene:
    """A release after a look.

    Attributes:
        place: where.
        view: the Rollout.
        record: what is remembered of it.
        mode: what the guard may do.
        decision: what the last look came to; None: there was none.
        clock: its windows.
        trouble: why something that had to be done was not, empty when nothing was in the way.
    """

    place: Place
    view: View
    record: Record
    mode: Mode
    decision: Decision | None
    clock: Clock
    trouble: str = ""


def news_of(scene: Scene, now: float) -> Iterator[Event]:
    """Yield everything that whoever hears of it for the first time has to know, the oldest first.

    Args:
        scene: the release after a look.
        now: seconds since the epoch.
    """
    state, decision = scene.record.state, scene.decision
    if state is None:
        return
    if state.stage in _LOOKING:
        yield _event(scene, state, Occasion.STARTED, state.origin)
    verdict = decision.verdict if decision else Verdict.CONTINUE
    if decision and state.stage in _LOOKING:
        if verdict is Verdict.ROLLBACK and scene.mode is not Mode.ENFORCE:
            yield _event(scene, state, Occasion.ROLLBACK, now, decision.reasons)
        elif verdict in (Verdict.HOLD, Verdict.INCONCLUSIVE):
            yield _event(scene, state, Occasion.HOLD, now, decision.reasons, occurrence=max(scene.record.holds, 1))
        elif decision.warnings and verdict is Verdict.CONTINUE:
            yield _event(scene, state, Occasion.WARNING, now, decision.warnings)
    if state.stage in _BEGUN:
        rollback = scene.record.rollbacks[-1]
        # A guard that comes after has the reasons in one line only.
        reasons = decision.reasons if decision else ()
        yield _event(scene, state, Occasion.ROLLBACK, rollback.at, reasons, "" if reasons else rollback.why)
    if scene.trouble:
        yield _event(scene, state, Occasion.ERROR, now, decision.reasons if decision else (), scene.trouble)
    if state.stage in _ENDED:
        yield _event(scene, state, _ENDED[state.stage], now)


def _event(
    scene: Scene,
    state: State,
    occasion: Occasion,
    at: float,
    reasons: tuple[Reason, ...] = (),
    summary: str = "",
    *,
    occurrence: int = 1,
) -> Event:
    view, place, decision = scene.view, scene.place, scene.decision
    stable = _other(scene, state)
    found = reasons_of(reasons)
    return Event(
        occasion=occasion,
        release=scene.record.release or state.hash,
        at=at,
        service=state.service,
        environment=place.environment,
        cluster=place.cluster,
        namespace=place.namespace,
        version=tags_of(view.hashes.get(state.hash)),
        hash=state.hash,
        stable_version=tags_of(view.hashes.get(stable)),
        stable_hash=stable,
        mode=scene.mode,
        verdict=decision.verdict if decision else None,
        summary=summary,
        reasons=found,
        impact=None if occasion is Occasion.STARTED else _impact(scene, state, now=at),
        times=_times(scene, state),
        occurrence=occurrence,
    )


def _other(scene: Scene, state: State) -> str:
    """Return the hash that serves besides, or serves again."""
    if state.stage in _BEGUN:
        return scene.record.rollbacks[-1].target
    return scene.view.stable_hash if scene.view.stable_hash != state.hash else ""


def _impact(scene: Scene, state: State, now: float) -> Impact:
    cost = impact_entry(state)
    return Impact(
        requests=cost["requests"],
        orders=cost["orders"] if state.trading else None,
        excess_errors=cost["excess_failures"] + cost["excess_failed_orders"],
        minutes=exposure(scene.record, state, now) / 60,
        pods=scene.view.replicas.updated if state.stage not in _BEGUN else None,
    )


def exposure(record: Record, state: State, now: float) -> float:
    """Return for how many seconds users reached the new revision, as far as the guard was there, until it was taken back."""
    served = min((at for stage, at in state.marks.items() if stage in _SERVED), default=None)
    if served is None:
        return 0.0
    off = _traffic_off(record, state)
    return max((now if off is None else off) - served, 0.0)


def _traffic_off(record: Record, state: State) -> float | None:
    if state.stage not in _BEGUN or record.rollbacks[-1].seconds is None:
        return None
    return record.rollbacks[-1].at + record.rollbacks[-1].seconds


def _times(scene: Scene, state: State) -> Times:
    marks = state.marks
    onset = scene.clock.span(state.onset).start if state.onset is not None else None
    seen = [marks[each] for each in (Stage.HOLDING, Stage.PREFLIGHT) if each in marks]
    return Times(
        started=state.origin,
        first_bad=onset if seen else None,
        detected=min(seen, default=None),
        decided=marks.get(Stage.PREFLIGHT),
        traffic_off=_traffic_off(scene.record, state),
        recovered=marks.get(Stage.RECOVERED),
    )
