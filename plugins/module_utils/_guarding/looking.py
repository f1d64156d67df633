# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a look at a release comes to, with what the controller did meanwhile. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .._guard.cycle import take_in
from .._guard.decision import Decision, Reason
from .._guard.policy import Policy
from .._guard.stages import moved, promoted
from .._guard.state import State
from .._rollouts.model import View
from .._windows.model import ServiceWindow
from .._words import Mode, Stage, Verdict
from .release import Release


@dataclass(frozen=True)
class Look:
    """What a look at a release came to.

    Attributes:
        view: the Rollout.
        policy: by which it is judged.
        state: after the look.
        decision: what is to be done.
        looked_at: whether windows were taken in.
        begins_to_hold: whether it was not held before.
        ending: whether the bake time is over.
    """

    view: View
    policy: Policy
    state: State
    decision: Decision
    looked_at: bool
    begins_to_hold: bool
    ending: bool


def look_at(
    policy: Policy,
    state: State,
    release: Release,
    view: View,
    windows: Sequence[ServiceWindow],
    *,
    now: float,
    down: float,
) -> Look:
    """Return what a look comes to.

    Args:
        policy: that of the release.
        state: before the look.
        release: as the cluster shows it.
        view: its Rollout.
        windows: what was counted since, in ascending order.
        now: seconds since the epoch.
        down: since when nobody serves users, seconds since the epoch; 0: somebody does.
    """
    before = promoted(state, now) if release.promoted else state
    facts = release.facts
    if down:
        facts = replace(facts, pods=replace(facts.pods, down=now - down))
    after, decision = take_in(policy, before, windows, facts, now)
    if view.aborted and view.in_flight and decision.verdict is not Verdict.ROLLBACK:
        decision = _aborted(view, policy.mode)
        after = after if after.stage is Stage.PREFLIGHT else _to_preflight(after, decision, now)
    if after.stage is Stage.PREFLIGHT and decision.action is not Verdict.ROLLBACK:
        # A guard was killed before it could do what is not called for any more.
        after = moved(after, Stage.HOLDING, now)
    begins = after.holding and not before.holding
    return Look(view, policy, after, decision, bool(windows), begins, facts.ending)


def _aborted(view: View, mode: Mode) -> Decision:
    """Return the decision about a release that Argo's controller has aborted, which may have left users with nobody."""
    reason = Reason(f"the controller aborted it: {view.phase.message}")
    action = {Mode.ENFORCE: Verdict.ROLLBACK, Mode.HOLD_ONLY: Verdict.HOLD, Mode.DRY_RUN: Verdict.CONTINUE}[mode]
    return Decision(Verdict.ROLLBACK, action, (reason,), page=True)


def _to_preflight(state: State, decision: Decision, now: float) -> State:
    return moved(state, Stage.PREFLIGHT, now) if decision.action is Verdict.ROLLBACK else state
