# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The way of a release through the guard. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._words import Stage, Verdict
from .decision import Decision
from .facts import Facts
from .state import State

_WATCHING = frozenset({Stage.WARMUP, Stage.OBSERVING, Stage.HOLDING, Stage.BAKING})
_ENDS = frozenset({Stage.RECOVERED, Stage.INEFFECTIVE, Stage.BLOCKED, Stage.DONE})
_NEXT: Mapping[Stage, frozenset[Stage]] = {
    **{stage: _WATCHING | {Stage.PREFLIGHT, Stage.DONE} for stage in _WATCHING},
    # A preflight that waits for a lock goes back to holding; one that fails for good is blocked.
    Stage.PREFLIGHT: frozenset({Stage.ROLLING_BACK, Stage.BLOCKED, Stage.HOLDING}),
    Stage.ROLLING_BACK: frozenset({Stage.VERIFYING}),
    Stage.VERIFYING: frozenset({Stage.RECOVERED, Stage.INEFFECTIVE}),
    # What blocked it may be gone.
    Stage.BLOCKED: frozenset({Stage.PREFLIGHT, Stage.DONE}),
    **dict.fromkeys((Stage.RECOVERED, Stage.INEFFECTIVE, Stage.DONE), frozenset()),
}


def watching(state: State) -> bool:
    """Return whether windows are still to be taken in; afterwards only what was begun is finished."""
    return state.stage in _WATCHING


def over(state: State) -> bool:
    """Return whether there is nothing left to do."""
    return state.stage in _ENDS and state.stage is not Stage.BLOCKED


def promoted(state: State, now: float) -> State:
    """Return the state of a release that is promoted: its bake time goes on from when that was seen first, held or not."""
    return replace(state, marks={Stage.BAKING.value: now, **state.marks})


def moved(state: State, stage: Stage, now: float) -> State:
    """Return the state in another stage, with the time at which it was first reached. The same stage changes nothing.

    Raises:
        ValueError: there is no way there.
    """
    if stage is state.stage:
        return state
    if stage not in _NEXT[state.stage]:
        raise ValueError(f"no way from {state.stage} to {stage}")
    return replace(state, stage=stage, marks={stage.value: now, **state.marks})


def stage_after(state: State, decision: Decision, facts: Facts) -> Stage:
    """Return the stage that a decision leads to, for a release that is being watched."""
    if not watching(state):
        return state.stage
    if decision.action is Verdict.ROLLBACK:
        return Stage.PREFLIGHT
    if not state.windows and decision.verdict is Verdict.CONTINUE and state.stage is Stage.WARMUP:
        return Stage.WARMUP
    if decision.verdict is not Verdict.CONTINUE:
        return Stage.HOLDING
    return Stage.OBSERVING if facts.control else Stage.BAKING
