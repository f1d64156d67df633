# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which events a channel is told, and how often. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .._words import Mode, Severity
from .events import CLOSING, Event, at_least
from .memory import Memory


@dataclass(frozen=True)
class Rules:
    """What a channel wants to hear.

    Attributes:
        severity: the least that an event must have. What ends well (recovery, finished) is told too if trouble was.
        dry_run: whether it hears of a guard that only looks.
        repeat_after: seconds that must lie between two events of a service that say the same, where it came to it again in
            between. One that is merely told again, as the guard does at every look, is never repeated.
    """

    severity: Severity = Severity.INFO
    dry_run: bool = False
    repeat_after: float = 600.0


class Admission(StrEnum):
    """What becomes of an event at a channel."""

    SEND = "send"
    KNOWN = "known"
    BELOW = "below_severity"
    QUIET = "dry_run"
    TOO_SOON = "too_soon"


def admit(event: Event, rules: Rules, memory: Memory, now: float) -> Admission:
    """Return whether a channel is told of an event, or why not."""
    if event.key in memory.told:
        return Admission.KNOWN
    if event.mode is Mode.DRY_RUN and not rules.dry_run:
        return Admission.QUIET
    closes = event.occasion in CLOSING and event.subject in memory.troubled
    if not at_least(event.severity, rules.severity) and not closes:
        return Admission.BELOW
    same = f"{event.subject}/{event.occasion}"
    last = max((at for key, at in memory.told.items() if key.partition("#")[0] == same), default=None)
    if last is not None and now - last < rules.repeat_after:
        return Admission.TOO_SOON
    return Admission.SEND
