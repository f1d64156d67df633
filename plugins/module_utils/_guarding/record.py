# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What outlives a guard: its state of a release, the rollbacks it did, and the revisions it banned. Pure functions. Private."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._errors import DeliveryError
from .._guard.recovery import Watch
from .._guard.state import State, from_json, to_json
from .._types import Obj

# Enough for the limits of a policy, and to look back.
_KEPT = 20
_STATE, _HISTORY, _TOLD = "state", "history", "notifications"


@dataclass(frozen=True)
class Rollback:
    """A rollback that was begun.

    Attributes:
        at: when, seconds since the epoch.
        bad: pod-template hash that was taken back.
        target: the one that was gone back to.
        why: the reasons, in one line.
        seconds: how long it took until the target served all users; None: it has not come to that.
        pods: how many of the bad revision there were.
        watch: what was measured since.
        verdict: ``recovered`` or ``ineffective``; empty while it is open.
    """

    at: float
    bad: str
    target: str
    why: str
    seconds: float | None = None
    pods: int = 0
    watch: Watch = field(default_factory=Watch)
    verdict: str = ""

    def to_plain(self) -> Obj:
        """Return it as plain data."""
        plain = {name: getattr(self, name) for name in ("at", "bad", "target", "why", "seconds", "pods", "verdict")}
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
        before: hash that was stable when the release began.
        release: name of the release, or the hash of one that has none.
        holds: how many times it was held.
        told: what was told where, as `_notify.sender` gives it; None: nothing.
    """

    state: State | None = None
    paused: bool = False
    rollbacks: tuple[Rollback, ...] = ()
    banned: tuple[str, ...] = ()
    before: str = ""
    release: str = ""
    holds: int = 0
    told: Obj | None = None


def to_data(record: Record) -> dict[str, str]:
    """Return a record as the data of a ConfigMap."""
    history = {
        "paused": record.paused,
        "rollbacks": [each.to_plain() for each in record.rollbacks[-_KEPT:]],
        "banned": list(record.banned[-_KEPT:]),
        "before": record.before,
        "release": record.release,
        "holds": record.holds,
    }
    state = {_STATE: to_json(record.state)} if record.state else {}
    told = {_TOLD: json.dumps(record.told, separators=(",", ":"))} if record.told else {}
    return {**state, _HISTORY: json.dumps(history, separators=(",", ":")), **told}


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
            before=str(history.get("before") or ""),
            release=str(history.get("release") or ""),
            holds=int(history.get("holds") or 0),
            told=json.loads(data[_TOLD]) if data.get(_TOLD) else None,
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DeliveryError(
            "the guard's history cannot be read",
            reason="StateDamaged",
            where=where,
            hint="delete it; the limits of rollbacks and the list of banned revisions are then forgotten",
        ) from error
