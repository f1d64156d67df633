# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A window is taken into the state of a release. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from .._evidence.absolute import Absolute, counted
from .._evidence.burn_rate import Trail, followed
from .._evidence.certifying import Certificate
from .._evidence.counts import NOTHING, Counts, Pair
from .._evidence.impact import Cost, charged
from .._evidence.process import Process
from .._windows.model import ServiceWindow, Stream
from .._words import Metric
from .facts import Facts
from .levels import evidence_of
from .policy import Limit, MetricPolicy, Policy
from .state import Last, Run, State

_NEW = Process()
_NOTHING = Absolute()


def observe(policy: Policy, state: State, window: ServiceWindow, facts: Facts) -> State:
    """Return the state after a window. One that was seen already, or is older, changes nothing.

    While the new pods warm up, or have no users yet, nothing counts as evidence: neither what they answer nor what they do not.
    """
    if window.index <= state.seen:
        return state
    if warming(policy, state, window.index, facts):
        return tally(policy, state, window, facts)
    seen = _learn(policy, state, window, facts)
    seen = replace(seen, evidence=evidence_of(policy, seen))
    return _settled(policy, seen, window, facts)


def tally(policy: Policy, state: State, window: ServiceWindow, facts: Facts) -> State:
    """Return the state with what a window has cost, and nothing else of it.

    For the windows that no decision depends on: those of the warm-up, and those between the decision to roll back and the end
    of it. What users suffer in them is part of the impact all the same.
    """
    if window.index <= state.seen:
        return state
    return replace(state, seen=window.index, costs=_costs(policy, state, window, facts))


def warming(policy: Policy, state: State, index: int, facts: Facts) -> bool:
    """Return whether a window belongs to the time before the new pods are warm and serve users."""
    if facts.ready_at is None or not facts.serving:
        return True
    return policy.clock(state.origin).span(index).start < facts.ready_at + policy.warm_up


def _learn(policy: Policy, state: State, window: ServiceWindow, facts: Facts) -> State:
    """Return the state with all counts of the window in it."""
    index = window.index
    relative, last, usual = dict(state.relative), dict(state.last), dict(state.usual)
    certificates = dict(state.certificates)
    for each in policy.metrics:
        name, main = each.metric.value, each.main
        if each.weight > 0:
            for key, stream in each.named:
                pair = _compared(each, window, stream) if facts.control else None
                relative[key] = each.relative.update(relative.get(key, _NEW), index, pair)
        for key, stream in each.shown:
            found = window.of_canary(stream)
            if found is not None:
                last[key] = Last(index, found, window.of_stable(stream) if facts.control else None)
        pair = window.pair(main) if facts.control else None
        if pair:
            usual[name] = usual.get(name, NOTHING) + pair.stable
        if each.certify:
            certificates[name] = each.certify.update(certificates.get(name, Certificate()), index, pair)
    errors = window.of_canary(Stream(Metric.ERROR_RATE))
    trails = state.trails or (Trail(),) * len(policy.burn)
    missing_by = _missing_by(policy, state, window, facts)
    lacking = any(missing_by.get(each.metric.value) for each in policy.metrics if each.required)
    return replace(
        state,
        seen=index,
        windows=state.windows + (not lacking),
        served=state.served + (errors.n if errors else 0),
        relative=relative,
        canary=_counted(policy, state.canary, index, window.of_canary),
        stable=_counted(policy, state.stable, index, window.of_stable),
        split=_split(policy, state.split, window, facts),
        certificates=certificates,
        costs=_costs(policy, state, window, facts),
        usual=usual,
        trails=tuple(followed(trail, index, errors, rule.windows) for trail, rule in zip(trails, policy.burn)),
        missing=state.missing + 1 if lacking else 0,
        missing_by=missing_by,
        last=last,
    )


def _compared(metric: MetricPolicy, window: ServiceWindow, stream: Stream) -> Pair | None:
    return window.pair(stream) if metric.trials else window.pair_of_events(stream)


def _counted(
    policy: Policy, before: Mapping[str, Absolute], index: int, counts_of: Callable[[Stream], Counts | None]
) -> dict[str, Absolute]:
    after = {}
    for name, stream, limit in policy.limit_streams:
        found = counts_of(stream)
        exposed = Counts(1, found.k) if found is not None and limit.per_window else found
        after[name] = counted(before.get(name, _NOTHING), index, exposed, policy.limit_starts, limit.threshold)
    return after


def _costs(policy: Policy, state: State, window: ServiceWindow, facts: Facts) -> dict[str, Cost]:
    """Return what the release has cost after a window, by metric."""
    found = {}
    for each in policy.metrics:
        if each.trials:
            name, alone = each.metric.value, window.of_canary(each.main)
            beside = window.of_stable(each.main) if facts.control else None
            pair = Pair(alone, beside or NOTHING) if alone else None
            usual = state.usual.get(name, NOTHING).rate
            found[name] = charged(state.costs.get(name, Cost()), window.index, pair, usual)
    return found


def _split(policy: Policy, process: Process, window: ServiceWindow, facts: Facts) -> Process:
    if policy.split is None:
        return process
    canary, stable = window.canary.get(Metric.REQUEST_RATE), window.stable.get(Metric.REQUEST_RATE)
    weight = window.weight if facts.control and canary and stable else None
    return policy.split.update(process, window.index, canary.n if canary else 0, stable.n if stable else 0, weight)


def _missing_by(policy: Policy, state: State, window: ServiceWindow, facts: Facts) -> dict[str, int]:
    """Return how many windows in a row each metric has had no data, where there should be some."""
    found = {}
    for each in policy.metrics:
        name, main = each.metric.value, each.main
        there = window.of_canary(main) is not None and (not facts.control or window.of_stable(main) is not None)
        found[name] = 0 if there else state.missing_by.get(name, 0) + 1
    return found


def _settled(policy: Policy, state: State, window: ServiceWindow, facts: Facts) -> State:
    """Return the state with what is counted in rows: windows over thresholds, clean and calm ones, and the onset."""
    limits = dict(policy.critical_limits)
    canary = {name: _judged(policy, limit, window.of_canary(limit.stream)) for name, limit in limits.items()}
    stable = {name: _judged(policy, limit, window.of_stable(limit.stream)) for name, limit in limits.items()}
    clean, stable_clean = _run(state.clean, canary), _run(state.stable_clean, stable)
    levels, evidence = policy.levels, state.evidence
    restart = (
        state.holding
        and evidence.absolute >= levels.resume
        and clean.windows >= levels.resume_windows
        and clean.n >= policy.verify.requests
    )
    restart_stable = (
        evidence.stable >= levels.resume
        and stable_clean.windows >= levels.resume_windows
        and stable_clean.n >= policy.verify.requests
    )
    state = replace(
        state,
        over=_rows(state.over, canary),
        stable_over=_rows(state.stable_over, stable),
        clean=clean,
        stable_clean=stable_clean,
        # What an incident that is over has left in the counts would hold the release for an hour. Only thresholds begin
        # anew: the comparison with stable never does.
        canary={name: Absolute(window.index) for name in state.canary} if restart else state.canary,
        stable={name: Absolute(window.index) for name in state.stable} if restart_stable else state.stable,
    )
    if restart or restart_stable:
        state = replace(state, evidence=evidence_of(policy, state))
    evidence = state.evidence
    strength = max(evidence.relative, evidence.absolute) if facts.control else evidence.absolute
    quiet = strength < levels.resume and not any(state.over.values())
    told = strength > 0
    onset = (window.index if state.onset is None else state.onset) if told else None
    calm = state.calm if state.missing else (state.calm + 1 if quiet else 0)
    return replace(state, calm=calm, onset=onset)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a window says of one threshold: over it, within it, or too little to tell (neither)."""

    n: int
    over: bool
    within: bool


def _judged(policy: Policy, limit: Limit, counts: Counts | None) -> _Look:
    """Return what a window's counts say of a threshold.

    Over it takes some failures: of six requests one in a hundred cannot fail. Failures that have no trials may be too many
    although nothing was ordered.
    """
    if counts is None or (counts.n == 0 and not (limit.per_window and counts.k)):
        return _Look(0, over=False, within=False)
    above = counts.k > limit.share * (1 if limit.per_window else counts.n)
    return _Look(counts.n, over=above and counts.k >= policy.consecutive_failures, within=not above)


def _rows(before: Mapping[str, int], looks: Mapping[str, _Look]) -> dict[str, int]:
    """Return the windows in a row over each threshold; one that is too small to tell is left out."""
    found = {}
    for name, look in looks.items():
        so_far = before.get(name, 0)
        found[name] = so_far + 1 if look.over else (0 if look.within else so_far)
    return found


def _run(before: Run, looks: Mapping[str, _Look]) -> Run:
    if any(look.over or (look.n and not look.within) for look in looks.values()):
        return Run()
    told = [look for look in looks.values() if look.n]
    if not told:
        return before
    return Run(before.windows + 1, before.n + min(look.n for look in told))
