# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One look at one release: window in, decision out. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable

from .._types import Obj
from .._windows.model import ServiceWindow
from .decision import Decision, decide, settled
from .facts import Facts
from .observing import observe, tally
from .past import UNKNOWN, Past
from .policy import Policies, Policy
from .policy_reading import policy_of
from .stages import moved, stage_after, watching
from .state import State


def begin(
    policies: Policies,
    service: str,
    *,
    uid: str,
    revision: str,
    trading: bool,
    origin: float,
    past: Past = UNKNOWN,
) -> State:
    """Return the state of a release that is watched from now on, its policy fixed.

    Args:
        policies: of the environment.
        service: name of the service.
        uid: of its Rollout.
        revision: pod-template hash of the new revision.
        trading: whether it takes orders.
        origin: now, seconds since the epoch.
        past: what stable was like before, for the noise of its metrics and for a release that never runs beside it.
    """
    policy = policy_of(policies.written(service), trading=trading, burstiness=past.burstiness)
    before = {metric.value: counts for metric, counts in past.usual.items()}
    return State(uid, revision, service, trading, origin, policy.written, usual=before)


def policy_for(state: State, policies: Policies) -> tuple[Policy, str]:
    """Return the policy a release is judged by, and a note if it is not the one of the inventory.

    It is the one the release began with, except for the mode: who wants a guard that only looks wants that now.
    """
    now = policies.written(state.service)
    policy = policy_of({**state.policy, "mode": now["mode"]}, trading=state.trading)
    if _without_measured(state.policy) == _without_measured(now):
        return policy, ""
    return policy, "the policy has changed since the release began; the new one holds for the next release"


def take_in(
    policy: Policy, state: State, windows: Iterable[ServiceWindow], facts: Facts, now: float
) -> tuple[State, Decision]:
    """Return the state and the decision after some windows, in ascending order; usually there is one.

    Windows that were seen already change nothing, so whoever does not know how far a killed guard came asks for them again. After
    a rollback has begun windows only add to its impact. The decision is made anew in any case: pods may crash in between.

    Args:
        policy: that of the release (`policy_for`).
        state: the state before.
        windows: what was counted.
        facts: what is known besides.
        now: seconds since the epoch.
    """
    decision = None
    for window in windows:
        if window.index <= state.seen:
            continue
        if not watching(state):
            state = tally(policy, state, window, facts)
            continue
        state, decision = _step(policy, observe(policy, state, window, facts), facts, now)
    if decision is None:
        state, decision = _step(policy, state, facts, now)
    return state, decision


def _step(policy: Policy, state: State, facts: Facts, now: float) -> tuple[State, Decision]:
    decision = decide(policy, state, facts)
    if not watching(state):
        return state, decision
    state = settled(state, decision)
    return moved(state, stage_after(state, decision, facts), now), decision


def _without_measured(written: Obj) -> Obj:
    """Return a policy without its mode and without burstiness, which is measured."""
    metrics = {name: {**given, "burstiness": None} for name, given in written["metrics"].items()}
    return {**written, "mode": None, "metrics": metrics}
