# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The words of notifications, the same for every channel. Pure functions. Private to this collection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime

from .._words import Mode, Occasion
from .events import Event, Impact, Reason, Times

_TITLES: Mapping[Occasion, str] = {
    Occasion.STARTED: "the release of {} has started",
    Occasion.WARNING: "{} gives reason to worry",
    Occasion.HOLD: "{} is held",
    Occasion.ROLLBACK: "{} is rolled back",
    Occasion.RECOVERY: "{} has recovered",
    Occasion.INEFFECTIVE: "the rollback of {} has not helped",
    Occasion.ERROR: "the release of {} has met an error",
    Occasion.FINISHED: "the release of {} is finished",
}
# In a mode that lets the guard do less than it wants to.
_ONLY_TOLD: Mapping[tuple[Mode, Occasion], str] = {
    (Mode.DRY_RUN, Occasion.HOLD): "{} would be held (dry run)",
    (Mode.DRY_RUN, Occasion.ROLLBACK): "{} would be rolled back (dry run)",
    (Mode.HOLD_ONLY, Occasion.ROLLBACK): "{} would be rolled back, and is held (hold only)",
}
_PROMOTE = "ansible-playbook playbooks/promote.yml"
_ROLLBACK = "ansible-playbook playbooks/rollback.yml"
_STATUS = "ansible-playbook playbooks/status.yml"
_NEXT: Mapping[Occasion, tuple[str, ...]] = {
    Occasion.WARNING: (
        "Keep an eye on it; the guard goes on watching and says when it holds the release or rolls it back.",
    ),
    Occasion.HOLD: (
        "Look at the reasons. The release goes on by itself when it has been calm for long enough.",
        f"To promote it all the same: {_PROMOTE}. To take it back: {_ROLLBACK}.",
    ),
    Occasion.ROLLBACK: (
        "Nothing at once: whether it helps is verified, and told.",
        "Do not release this revision again before the cause is found.",
    ),
    Occasion.RECOVERY: ("Find the cause before the next release of this service.",),
    Occasion.INEFFECTIVE: (
        f"Look at once; no second rollback is made by itself. What runs now: {_STATUS}.",
        "If the old revision serves all users and metrics are bad all the same, the release was not the cause.",
    ),
    Occasion.ERROR: (f"Look at once. What runs now: {_STATUS}. To take the release back: {_ROLLBACK}.",),
}
_NOTHING_DONE = "Nothing was done: the guard only tells. To take the release back: " + _ROLLBACK + "."
_NEXT_ONLY_TOLD: Mapping[tuple[Mode, Occasion], tuple[str, ...]] = {
    (Mode.DRY_RUN, Occasion.HOLD): (_NOTHING_DONE,),
    (Mode.DRY_RUN, Occasion.ROLLBACK): (_NOTHING_DONE,),
    (Mode.HOLD_ONLY, Occasion.ROLLBACK): (
        f"The guard may only hold releases, so somebody has to decide. To take it back: {_ROLLBACK}.",
    ),
}
_TIMES: Mapping[str, str] = {
    "started": "release started",
    "first_bad": "first bad request",
    "detected": "detected",
    "decided": "decided",
    "traffic_off": "traffic off the bad revision",
    "recovered": "recovery verified",
}


def title(event: Event) -> str:
    """Return one line that says what happened to what: ``production: trading-service is rolled back``."""
    what = one_line(event.service) or f"release {one_line(event.release)}"
    words = _ONLY_TOLD.get((event.mode, event.occasion)) or _TITLES[event.occasion]
    if not event.service:
        # "the release of release X" would be one too many.
        words = words.replace("the release of {}", "{}")
    place = one_line(event.environment)
    said = words.format(what)
    return f"{place}: {said}" if place else f"{said[0].upper()}{said[1:]}"


def facts(event: Event) -> tuple[tuple[str, str], ...]:
    """Return what is known of the place and of what is released: labels and values, none of them empty."""
    stable = _version(event.stable_version, "", event.stable_hash)
    found = (
        ("Environment", event.environment),
        ("Cluster", event.cluster),
        ("Namespace", event.namespace),
        ("Service", event.service),
        ("Release", event.release),
        ("New", _version(event.version, event.revision, event.hash)),
        ("Stable", stable),
        ("Verdict", event.verdict or ""),
        ("Mode", event.mode if event.mode is not Mode.ENFORCE else ""),
        ("Released by", event.by),
    )
    return tuple((label, one_line(value)) for label, value in found if value)


def reason_line(reason: Reason) -> str:
    """Return a reason with its numbers."""
    numbers = (("value", reason.value), ("threshold", reason.threshold), ("evidence", reason.evidence))
    known = ", ".join(f"{name} {number(value)}" for name, value in numbers if value is not None)
    text = one_line(reason.text)
    return f"{text} ({known})" if known else text


def impact_line(impact: Impact) -> str:
    """Return what a release has cost as one line, empty if nothing is known of it."""
    taken = [
        _counted(impact.requests, "request"),
        _counted(impact.orders, "order"),
    ]
    served = " and ".join(each for each in taken if each)
    found = [f"{served} on the bad revision"] if served else []
    if impact.excess_errors is not None:
        found.append(f"about {max(impact.excess_errors, 0):,.0f} errors that stable would not have had")
    if impact.minutes is not None:
        found.append(f"{number(impact.minutes)} minute{'' if impact.minutes == 1 else 's'}")
    if impact.pods is not None:
        found.append(f"{_counted(impact.pods, 'pod')} to change")
    return ", ".join(found)


def times_line(times: Times) -> str:
    """Return when what happened as one line, in the order of time."""
    known = [(getattr(times, each.name), _TIMES[each.name]) for each in fields(times)]
    at = sorted((when, label) for when, label in known if when is not None)
    return ", ".join(f"{label} {clock(when)}" for when, label in at)


def next_steps(event: Event) -> tuple[str, ...]:
    """Return what to do next: what the event says, or what usually is."""
    usual = _NEXT_ONLY_TOLD.get((event.mode, event.occasion)) or _NEXT.get(event.occasion, ())
    return tuple(one_line(each) for each in event.next_steps) or usual


def plain_text(event: Event) -> str:
    """Return everything as lines of plain text."""
    lines = [title(event)]
    if event.summary:
        lines.append(f"{one_line(event.summary).rstrip('.')}.")
    lines += [f"- {reason_line(reason)}" for reason in event.reasons]
    impact = impact_line(event.impact) if event.impact else ""
    times = times_line(event.times)
    lines += [f"Impact: {impact}."] if impact else []
    lines += [f"Times: {times}."] if times else []
    lines += list(next_steps(event))
    lines.append(", ".join(f"{label.lower()} {value}" for label, value in facts(event)))
    return "\n".join(lines)


def iso(when: float) -> str:
    """Return a time as in RFC 3339, in UTC, to the second."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(when: float) -> str:
    """Return a time for people."""
    return datetime.fromtimestamp(when, UTC).strftime("%H:%M:%S UTC")


def number(value: float) -> str:
    """Return a number for people, with four significant digits at most."""
    if not math.isfinite(value):
        return "not finite" if math.isnan(value) else "beyond counting"
    if value == int(value) and abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e6 else f"{value:.4g}"


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, and without what UTF-8 cannot say."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(text.split())


def _version(version: str, revision: str, pod_hash: str) -> str:
    parts = (version, f"revision {revision}" if revision else "", f"hash {pod_hash}" if pod_hash else "")
    return ", ".join(part for part in parts if part)


def _counted(count: int | None, noun: str) -> str:
    return "" if count is None else f"{count:,} {noun}{'' if count == 1 else 's'}"
