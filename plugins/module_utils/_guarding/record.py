# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What outlives a guard: its state of a release, the rollbacks it did, and the revisions it banned. Pure functions. Private."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._errors import DeliveryError
from .._guard.recovery import Watch
from .._guard.state import State, from_json, to_json
from .._types import Obj

# Enough for the limits of a policy, and to look back.
_KEPT = 20
_STATE, _HISTORY = "state", "history"


@dataclass(frozen=True)
class Rollback:
    """A rollback that was begun.

    Attributes:
        at: when, seconds since the epoch.
        bad: pod-template hash that was taken back.
        target: the one that was gone back to.
        why: the reasons, in one line.
        seconds: how long it took until the target served all users; None: it has not come to that.
        watch: what was measured since.
        verdict: ``recovered`` or ``ineffective``; empty while it is open.
    """

    at: float
    bad: str
    target: str
    why: str
    seconds: float | None = None
    watch: Watch = field(default_factory=Watch)
    verdict: str = ""

    def to_plain(self) -> Obj:
        """Return it as plain data."""
        plain = {name: getattr(self, name) for name in ("at", "bad", "target", "why", "seconds", "verdict")}
        return {**plain, "watch": self.watch.to_plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Rollback:
        """Return what `to_plain` gave."""
        return cls(**{**plain, "watch": Watch.from_plain(plain["watch"])})


@dataclass(frozen=True)
class Record:
    """All of it, for one Rollout.

    Attributes:
        state: of the release that is watched, or was last; None: there was none.
        paused: whether the guard has paused the Rollout, so that it may let it go on.
        rollbacks: oldest first.
        banned: hashes that are not to be released again by themselves, oldest first.
        paged: what somebody was called for last, so that nobody is called for the same again.
    """

    state: State | None = None
    paused: bool = False
    rollbacks: tuple[Rollback, ...] = ()
    banned: tuple[str, ...] = ()
    paged: str = ""


def caught_up(mine: Record, found: Record) -> Record:
    """Return the record of a guard that was not the one that acts, after a look at what is kept.

    What is kept counts: another guard has seen and done it. Only a release that began after that stays as it is.

    Args:
        mine: what the guard knew.
        found: what is kept.
    """
    begun, kept = mine.state, found.state
    if begun is None or (
        kept is not None and ((begun.uid, begun.hash) == (kept.uid, kept.hash) or kept.origin > begun.origin)
    ):
        return found
    return replace(found, state=begun, paused=False, paged="")


def to_data(record: Record) -> dict[str, str]:
    """Return a record as the data of a ConfigMap."""
    history = {
        "paused": record.paused,
        "rollbacks": [each.to_plain() for each in record.rollbacks[-_KEPT:]],
        "banned": list(record.banned[-_KEPT:]),
        "paged": record.paged,
    }
    state = {_STATE: to_json(record.state)} if record.state else {}
    return {**state, _HISTORY: json.dumps(history, separators=(",", ":"))}


def from_data(data: Mapping[str, str], where: str) -> Record:
    """Return the record that `to_data` gave.

    Raises:
        DeliveryError: it is damaged, or was written by another version.
    """
    state = from_json(data[_STATE], where) if data.get(_STATE) else None
    try:
        history = json.loads(data.get(_HISTORY) or "{}")
        return Record(
            state=state,
            paused=bool(history.get("paused")),
            rollbacks=tuple(Rollback.from_plain(each) for each in history.get("rollbacks") or ()),
            banned=tuple(str(name) for name in history.get("banned") or ()),
            paged=str(history.get("paged") or ""),
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DeliveryError(
            "the guard's history cannot be read",
            reason="StateDamaged",
            where=where,
            hint="delete it; the limits of rollbacks and the list of banned revisions are then forgotten",
        ) from error
