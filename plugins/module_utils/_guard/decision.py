# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What follows from the evidence: the decision table, as one pure function. Private to this collection.

Two levels of one e-process give the words hold and rollback: over a whole release, and however often one looks, a release that is
no worse than stable is held with probability alpha of hold at most, and rolled back with alpha of rollback at most.
Thresholds alone never roll back while stable serves beside it and is well; nor does missing data ever.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .._evidence.combining import strongest
from .._words import Metric, Mode, Verdict
from .facts import Facts
from .policy import Policy
from .policy_schema import HOLD, ROLLBACK
from .sentences import (
    compared_text,
    counts_text,
    e_value,
    limit_text,
    name_of,
    percent,
    strongest_stream,
    threshold_text,
    value_of,
)
from .state import State


@dataclass(frozen=True)
class Reason:
    """Why: a sentence without a full stop, and its parts for programs.

    Attributes:
        text: the sentence.
        metric: the metric that it is about, if it is about one.
        value: of the last window: a share of failures, of orders the share of successes, or a count.
        threshold: what the value is compared with: stable's value, or a threshold of the policy.
        evidence: the e-value.
    """

    text: str
    metric: Metric | None = None
    value: float | None = None
    threshold: float | None = None
    evidence: float | None = None


@dataclass(frozen=True)
class Decision:
    """What a look at a release comes to.

    Attributes:
        verdict: what the evidence says.
        action: what the mode lets the guard do about it: continue, hold or rollback.
        reasons: why, the most important first; empty for a release that simply goes on.
        warnings: what is worth a word and changes nothing.
        page: whether somebody has to look at once.
        promotable: whether enough was seen to promote.
        certified: whether it was shown that the release is not worse than stable.
    """

    verdict: Verdict
    action: Verdict
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    page: bool = False
    promotable: bool = False
    certified: bool = False

    @property
    def text(self) -> str:
        """The reasons as one line."""
        return "; ".join(reason.text for reason in self.reasons)


@dataclass(frozen=True)
class _Finding:
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    page: bool = False
    warnings: tuple[Reason, ...] = field(default=())


def decide(policy: Policy, state: State, facts: Facts) -> Decision:
    """Return what follows from what is known now.

    The first rule that applies decides:

    1. pods that crash, never become available, or are all not ready while users have no others: rollback, whatever is measured;
    2. required data missing for too many windows, or requests not split as the weight says: inconclusive;
    3. worse than stable at the level of rollback: rollback, but hold if stable is over the critical thresholds too;
    4. over critical thresholds (proof, windows in a row, or error budget): rollback if there is no stable to compare with,
       unless stable was over them before; else hold, and rollback only if the policy says so and stable is well;
    5. worse than stable, or over thresholds, at the level of hold: hold;
    6. held before, and not calm for long enough: hold;
    7. about to end without enough to go by: inconclusive;
    8. otherwise: continue.
    """
    certified = _certified(policy, state)
    enough = certified or state.served >= policy.min_requests
    finding = (
        _pods(policy, facts)
        or _blind(policy, state)
        or _worse(policy, state, facts)
        or _over_thresholds(policy, state, facts)
        or _suspicious(policy, state, facts)
        or _not_calm(policy, state)
        or _undecided(policy, state, facts, enough)
        or _Finding(Verdict.CONTINUE)
    )
    return Decision(
        verdict=finding.verdict,
        action=_allowed(policy.mode, finding.verdict),
        reasons=finding.reasons,
        warnings=tuple(_warnings(policy, state)),
        page=finding.page,
        promotable=finding.verdict is Verdict.CONTINUE and enough and facts.serving and not state.missing,
        certified=certified,
    )


def settled(state: State, decision: Decision) -> State:
    """Return the state with what the decision changes: whether the release is held."""
    return replace(state, holding=decision.verdict is not Verdict.CONTINUE)


def _allowed(mode: Mode, verdict: Verdict) -> Verdict:
    wanted = Verdict.HOLD if verdict is Verdict.INCONCLUSIVE else verdict
    if mode is Mode.DRY_RUN:
        return Verdict.CONTINUE
    return Verdict.HOLD if mode is Mode.HOLD_ONLY and wanted is Verdict.ROLLBACK else wanted


def _pods(policy: Policy, facts: Facts) -> _Finding | None:
    pods, found = facts.pods, []
    if pods.late:
        found.append("the new pods are not available although the progress deadline is over")
    if pods.crash_looping:
        names = ", ".join(pods.crash_looping[:3]) + (", ..." if len(pods.crash_looping) > 3 else "")
        found.append(f"new pods crash again and again: {names}")
    if pods.restarts >= policy.restarts and not pods.stable_restarts:
        found.append(f"the new pods were restarted {pods.restarts} times, and stable's not once")
    if pods.down >= policy.window:
        # No request reaches a pod then, so that none of them is counted anywhere.
        found.append(f"none of the new pods has been ready for {pods.down:.0f} s, and users have no others")
    return _Finding(Verdict.ROLLBACK, tuple(Reason(text) for text in found), page=True) if found else None


def _blind(policy: Policy, state: State) -> _Finding | None:
    if state.missing >= policy.hold_after_windows:
        names = [
            name_of(each.metric)
            for each in policy.metrics
            if each.required and state.missing_by.get(each.metric.value, 0) >= policy.hold_after_windows
        ]
        seconds = state.missing * policy.window
        text = f"no data for {seconds:g} s: {', '.join(names) or 'required metrics'}"
        return _Finding(Verdict.INCONCLUSIVE, (Reason(text),), page=state.missing >= policy.page_after_windows)
    if state.evidence.split >= policy.levels.rollback:
        reason = Reason(
            "requests are not split as the weight says, so routing or telemetry is broken; "
            f"evidence {e_value(state.evidence.split)}",
            Metric.REQUEST_RATE,
            evidence=_number(state.evidence.split),
        )
        return _Finding(Verdict.INCONCLUSIVE, (reason,), page=True)
    return None


def _worse(policy: Policy, state: State, facts: Facts) -> _Finding | None:
    # What was compared before a full promotion was decided on then, by the guard or by whoever overruled it.
    if not facts.control or state.evidence.relative < policy.levels.rollback:
        return None
    reasons = _compared(policy, state, policy.levels.rollback, "rollback")
    if _stable_well(policy, state):
        return _Finding(Verdict.ROLLBACK, reasons, page=True)
    both = Reason("stable is over its critical thresholds too, so going back would not help")
    return _Finding(Verdict.HOLD, (both, *reasons, *_stable_reasons(policy, state)), page=True)


def _over_thresholds(policy: Policy, state: State, facts: Facts) -> _Finding | None:
    reasons = _proved(policy, state, policy.levels.rollback)
    rows = _in_a_row(policy, state)
    burns = _burns(policy, state, ROLLBACK) if not facts.control else ()
    found = (*rows, *reasons, *burns)
    if not found:
        return None
    if not facts.control:
        before = [reason for reason in found if _usual(policy, state, reason.metric)]
        if len(before) < len(found):
            return _Finding(Verdict.ROLLBACK, found, page=True)
        usual = Reason("the old revision was over the threshold before as well, so going back would not help")
        return _Finding(Verdict.HOLD, (usual, *found), page=True)
    if not _stable_well(policy, state):
        shared = Reason("stable is over its critical thresholds too: an incident of both, not of the release")
        return _Finding(Verdict.HOLD, (shared, *found, *_stable_reasons(policy, state)), page=True)
    if policy.absolute_rollback:
        return _Finding(Verdict.ROLLBACK, found, page=True)
    return _Finding(Verdict.HOLD, found, page=True)


def _usual(policy: Policy, state: State, metric: Metric | None) -> bool:
    """Return whether the old revision was over the critical threshold of a metric when it was measured last."""
    for each in policy.metrics:
        rate = state.usual[each.metric.value].rate if each.metric.value in state.usual else None
        if each.metric is metric and each.critical and each.trials and rate is not None:
            return rate > each.critical.share
    return False


def _suspicious(policy: Policy, state: State, facts: Facts) -> _Finding | None:
    found: tuple[Reason, ...] = ()
    if facts.control and state.evidence.relative >= policy.levels.hold:
        found += _compared(policy, state, policy.levels.hold, "hold")
    if state.evidence.absolute >= policy.levels.hold:
        found += _proved(policy, state, policy.levels.hold)
    found += _burns(policy, state, HOLD)
    return _Finding(Verdict.HOLD, found) if found else None


def _not_calm(policy: Policy, state: State) -> _Finding | None:
    levels = policy.levels
    if not state.holding or state.calm >= levels.resume_windows:
        return None
    text = (
        f"held until the evidence was below {e_value(levels.resume)} for {levels.resume_windows} windows in a row: "
        f"{state.calm} so far, evidence {e_value(max(state.evidence.relative, state.evidence.absolute))}"
    )
    return _Finding(Verdict.HOLD, (Reason(text),))


def _undecided(policy: Policy, state: State, facts: Facts, enough: bool) -> _Finding | None:
    if not facts.ending or not facts.serving or (enough and not state.missing):
        return None
    text = (
        f"the release has served {state.served} of the {policy.min_requests} requests that a decision takes, and was not "
        "shown to be as good as stable"
    )
    if enough:
        text = "the last window has no data"
    return _Finding(Verdict.INCONCLUSIVE, (Reason(text),), page=True)


def _stable_well(policy: Policy, state: State) -> bool:
    rows = policy.consecutive_windows
    in_a_row = rows > 0 and any(count >= rows for count in state.stable_over.values())
    return state.evidence.stable < policy.levels.hold and not in_a_row


def _stable_reasons(policy: Policy, state: State) -> tuple[Reason, ...]:
    found: list[Reason] = []
    for each in policy.metrics:
        last = state.last.get(str(each.critical.stream)) if each.critical else None
        if each.critical and last and last.stable and state.stable_over.get(each.metric.value, 0):
            text = f"stable, {name_of(each.metric)}: {counts_text(each.critical.stream, last.stable)} (last window)"
            found.append(Reason(text, each.metric, value_of(each.critical.stream, last.stable), each.critical.shown))
    return tuple(found)


def _compared(policy: Policy, state: State, level: float, word: str) -> tuple[Reason, ...]:
    """Return the metrics that make the evidence against stable, the strongest first."""
    by_metric = state.evidence.relative_by
    weights = {each.metric.value: each.weight for each in policy.metrics}
    found: list[Reason] = []
    for name in strongest(weights, by_metric):
        # What is below the level by itself did not bring it about; the first one always did.
        if found and by_metric[name] < level:
            break
        metric = next(each for each in policy.metrics if each.metric.value == name)
        stream = strongest_stream(state, metric)
        last = state.last.get(str(stream))
        found.append(
            Reason(
                f"{compared_text(state, metric)}, all metrics {e_value(state.evidence.relative)}, {word} at {e_value(level)}",
                metric.metric,
                value_of(stream, last.canary) if last else None,
                value_of(stream, last.stable) if last and last.stable else None,
                _number(by_metric[name]),
            )
        )
    return tuple(found)


def _proved(policy: Policy, state: State, level: float) -> tuple[Reason, ...]:
    """Return the metrics that are over their critical threshold, if all together are at a level."""
    if state.evidence.absolute < level:
        return ()
    by_metric = state.evidence.absolute_by
    weights = {each.metric.value: each.weight or 0.1 for each in policy.metrics}
    found: list[Reason] = []
    for name in strongest(weights, by_metric):
        if found and by_metric[name] < level:
            break
        metric = next(each for each in policy.metrics if each.metric.value == name)
        if metric.critical:
            last = state.last.get(str(metric.critical.stream))
            found.append(
                Reason(
                    threshold_text(state, metric, metric.critical, by_metric[name]),
                    metric.metric,
                    value_of(metric.critical.stream, last.canary) if last else None,
                    metric.critical.shown,
                    _number(by_metric[name]),
                )
            )
    return tuple(found)


def _in_a_row(policy: Policy, state: State) -> tuple[Reason, ...]:
    if not policy.consecutive_windows:
        return ()
    found = []
    for each in policy.metrics:
        count = state.over.get(each.metric.value, 0)
        last = state.last.get(str(each.critical.stream)) if each.critical else None
        if each.critical and count >= policy.consecutive_windows:
            value = f"{counts_text(each.critical.stream, last.canary)} (last window), " if last else ""
            found.append(
                Reason(
                    f"{name_of(each.metric)}: over the threshold for {count} windows in a row, {value}"
                    f"{limit_text(each, each.critical)}",
                    each.metric,
                    value_of(each.critical.stream, last.canary) if last else None,
                    each.critical.shown,
                )
            )
    return tuple(found)


def _burns(policy: Policy, state: State, action: str) -> tuple[Reason, ...]:
    found = []
    for rule, (long, short) in zip(policy.burn, state.evidence.burn):
        if rule.action == action and long > rule.windows.factor and short > rule.windows.factor:
            found.append(
                Reason(
                    f"error budget of {percent(policy.budget)} is spent {long:.1f} times too fast over {rule.long} and "
                    f"{short:.1f} times over {rule.short}; {rule.windows.factor:g} is the limit",
                    Metric.ERROR_RATE,
                    long,
                    rule.windows.factor,
                )
            )
    return tuple(found)


def _warnings(policy: Policy, state: State) -> Iterable[Reason]:
    for each in policy.metrics:
        name = each.metric.value
        log_e = state.evidence.warning_by.get(name, 0.0)
        if each.warning and log_e >= policy.levels.hold:
            last = state.last.get(str(each.warning.stream))
            yield Reason(
                threshold_text(state, each, each.warning, log_e),
                each.metric,
                value_of(each.warning.stream, last.canary) if last else None,
                each.warning.shown,
                _number(log_e),
            )
        missing = state.missing_by.get(name, 0)
        if missing >= policy.hold_after_windows and not each.required:
            yield Reason(f"{name_of(each.metric)}: no data for {missing * policy.window:g} s", each.metric)
    yield from _burns(policy, state, "warn")


def _certified(policy: Policy, state: State) -> bool:
    names = [each.metric.value for each in policy.metrics if each.certify]
    return bool(names) and all(
        name in state.certificates and state.certificates[name].peak >= policy.certify_level for name in names
    )


def _number(log_e: float) -> float:
    """Return an e-value as a number that JSON can hold."""
    return math.exp(min(log_e, 690.0))
