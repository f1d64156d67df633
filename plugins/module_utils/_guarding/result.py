# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a task returns of a watched Rollout. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable

from .._guard.entries import evidence_entry, impact_entry, reason_entry
from .._guard.state import State
from .._operation import Result
from .._words import Recovery, Stage, Verdict
from .news import exposure
from .record import Rollback
from .watched import Watched

# The worst of several comes first.
_ORDER = (Verdict.ROLLBACK, Verdict.INCONCLUSIVE, Verdict.HOLD, Verdict.CONTINUE)


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst of some verdicts; ``continue`` for none."""
    found = set(verdicts)
    return next((each.value for each in _ORDER if each.value in found), Verdict.CONTINUE.value)


def verdict_of(one: Watched) -> str:
    """Return the verdict on the release that was watched: a rollback stays one."""
    state = one.record.state
    if state is not None and state.stage in (Stage.ROLLING_BACK, Stage.VERIFYING, Stage.RECOVERED, Stage.INEFFECTIVE):
        return Verdict.ROLLBACK.value
    if one.decision is None:
        # Another guard acts, and has written how it stands.
        return (Verdict.HOLD if state is not None and state.holding else Verdict.CONTINUE).value
    return one.decision.verdict.value


def entry_of(one: Watched, now: float) -> Result:
    """Return the entry of a Rollout for which there was a release; ``now`` in seconds since the epoch."""
    state, decision = one.record.state, one.decision
    if state is None:
        return {"verdict": Verdict.CONTINUE.value, "stage": "", "msg": "there was no release to watch"}
    rollback = one.record.rollbacks[-1] if one.record.rollbacks and one.record.rollbacks[-1].bad == state.hash else None
    return {
        "verdict": verdict_of(one),
        "stage": state.stage.value,
        "hash": state.hash,
        "mode": one.policy.mode.value if one.policy else "",
        "reasons": [reason_entry(each) for each in decision.reasons] if decision else [],
        "warnings": [reason_entry(each) for each in decision.warnings] if decision else [],
        "page": bool(decision and decision.page),
        "promotable": bool(decision and decision.promotable),
        "certified": bool(decision and decision.certified),
        "windows": state.windows,
        "requests": state.served,
        "evidence": evidence_entry(state),
        "impact": {**impact_entry(state), **_exposure(one, state, rollback, now)},
        "rollback": _rollback(one, rollback) if rollback else None,
        "marks": dict(state.marks),
        "banned": list(one.record.banned),
        "msg": sentence(one),
    }


def sentence(one: Watched) -> str:
    """Return what became of a release, in a sentence without a full stop."""
    state, decision = one.record.state, one.decision
    if state is None:
        return "there was no release to watch"
    if state.stage in (Stage.RECOVERED, Stage.INEFFECTIVE, Stage.VERIFYING):
        rollback = one.record.rollbacks[-1]
        helped = {
            Stage.RECOVERED: "and it recovered",
            Stage.INEFFECTIVE: "which has not helped",
            Stage.VERIFYING: "and the recovery is not verified yet",
        }[state.stage]
        return f"revision {state.hash} was rolled back to {rollback.target}, {helped}: {rollback.why}"
    if state.stage is Stage.BLOCKED and one.rescue.preflight:
        return f"revision {state.hash} should be rolled back, and is not: {one.rescue.preflight.text}"
    if decision and decision.reasons:
        return f"revision {state.hash}, {decision.verdict}: {decision.text}"
    return (
        f"revision {state.hash} is as good as stable so far"
        if state.windows
        else f"revision {state.hash} was not measured"
    )


def _exposure(one: Watched, state: State, rollback: Rollback | None, now: float) -> Result:
    pods = rollback.pods if rollback else one.view.replicas.updated if one.view else 0
    return {"minutes": round(exposure(one.record, state, now) / 60, 2), "pods": pods}


def _rollback(one: Watched, rollback: Rollback) -> Result:
    checks = one.rescue.verification.results if one.rescue.verification else ()
    return {
        "from": rollback.bad,
        "to": rollback.target,
        "at": rollback.at,
        "why": rollback.why,
        "seconds": rollback.seconds,
        "recovery": rollback.verdict or Recovery.WAITING.value,
        "checks": {str(each.check): {"verdict": each.verdict.value, "text": each.text} for each in checks},
    }
