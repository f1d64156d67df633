# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a replay came to, as the result of a task and in words. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from .._evidence.counts import Counts
from .._guard.entries import evidence_entry, impact_entry, reason_entry
from .._guard.sentences import counts_text
from .._operation import Result
from .._windows.model import Stream
from .._words import Metric, Verdict
from .recording import Release
from .replay import Look, Replay

# The worst of several comes first.
_ORDER = (Verdict.ROLLBACK, Verdict.INCONCLUSIVE, Verdict.HOLD, Verdict.CONTINUE)
_ERRORS = Stream(Metric.ERROR_RATE)


def to_ansible(release: Release, found: Replay) -> Result:
    """Return what the task returns, but for ``changed``."""
    last = found.looks[-1].decision
    return {
        "verdict": verdict(found).value,
        "held": _first(release, found.held),
        "rolled_back": _first(release, found.rolled_back),
        "impact": impact_entry(found.end),
        "promotable": last.promotable,
        "certified": last.certified,
        "burstiness": {metric.value: phi for metric, phi in found.burstiness.items()},
        "windows": [_window(look) for look in found.looks],
        "msg": f"{sentence(release, found)}.",
    }


def verdict(found: Replay) -> Verdict:
    """Return the worst verdict there was."""
    said = {look.decision.verdict for look in found.looks}
    return next(each for each in _ORDER if each in said)


def sentence(release: Release, found: Replay) -> str:
    """Return what the guard would have done, in a sentence without a full stop."""
    whole = _bad(impact_entry(found.end))
    name = f"revision {release.canary} of {release.service}"
    windows = f"{found.end.windows} windows with data"
    if found.rolled_back:
        by_then = _bad(impact_entry(found.rolled_back.state))
        told = f"{name} would have been rolled back after {_after(release, found.rolled_back)}: {found.rolled_back.decision.text}"
        return f"{told}; {by_then} requests and orders had gone wrong by then, {whole} by the end"
    if found.held:
        told = f"{name} would have been held after {_after(release, found.held)}: {found.held.decision.text}"
        return f"{told}; it would not have been rolled back, and {whole} requests and orders had gone wrong by the end"
    if not found.end.windows:
        return f"{name} was not measured: no window has data after the warm-up"
    return f"{name} would have gone on ({windows}), and {whole} requests and orders had gone wrong by the end"


def lines(found: Replay) -> Iterator[str]:
    """Yield a line for every look that says something else than the one before."""
    before: Verdict | None = None
    for look in found.looks:
        decision = look.decision
        if decision.verdict is not before:
            why = f": {decision.text}" if decision.reasons else ""
            yield f"window {look.window.index}, {moment(look.span.end)}, {_counted(look)}: {decision.verdict}{why}"
        before = decision.verdict


def moment(when: float) -> str:
    """Return a time in UTC, as RFC 3339 writes it."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _counted(look: Look) -> str:
    return counts_text(_ERRORS, look.canary) if look.canary else "no data"


def _after(release: Release, look: Look) -> str:
    return f"{look.span.end - release.start:g} s, at {moment(look.span.end)}"


def _first(release: Release, look: Look | None) -> Result | None:
    if look is None:
        return None
    return {
        "window": look.window.index,
        "time": moment(look.span.end),
        "seconds": look.span.end - release.start,
        "verdict": look.decision.verdict.value,
        "reasons": [reason_entry(each) for each in look.decision.reasons],
        "impact": impact_entry(look.state),
    }


def _window(look: Look) -> Result:
    decision, state = look.decision, look.state
    return {
        "window": look.window.index,
        "start": moment(look.span.start),
        "end": moment(look.span.end),
        "verdict": decision.verdict.value,
        "stage": state.stage.value,
        "reason": decision.text,
        "warnings": [each.text for each in decision.warnings],
        "page": decision.page,
        "evidence": evidence_entry(state),
        "canary": _counts(look.canary),
        "stable": _counts(look.stable),
    }


def _counts(counts: Counts | None) -> Result | None:
    return None if counts is None else {"requests": counts.n, "failed": counts.k}


def _bad(impact: Result) -> int:
    return int(impact["failed"] + impact["slow"] + impact["failed_orders"])
