# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What was told where: kept by whoever sends, so that nothing is told twice. Pure functions. Private to this collection.

It goes to JSON of bounded size and comes back, and holds no secret: keys of events, times, and the ids of Slack's messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from .._errors import DeliveryError
from .._types import Obj
from .._words import Severity
from .events import Event

VERSION = 1
# Of each channel, so that a state in a ConfigMap stays small. A release of fifteen services has some hundred events.
_KEYS = 1000
_THREADS = 200

Value = TypeVar("Value")


@dataclass(frozen=True)
class Thread:
    """A message of Slack's that is edited: the id of its channel, and its own."""

    channel: str
    ts: str


@dataclass(frozen=True)
class Memory:
    """What one channel was told, oldest first.

    Attributes:
        told: keys of events -> when, in seconds since the epoch.
        troubled: subjects of which it was told more than that they began or ended well.
        threads: subjects -> the message about them, for Slack with a token.
    """

    told: Mapping[str, float] = field(default_factory=dict)
    troubled: tuple[str, ...] = ()
    threads: Mapping[str, Thread] = field(default_factory=dict)

    def to_plain(self) -> Obj:
        """Return it as plain data."""
        threads = {subject: [each.channel, each.ts] for subject, each in self.threads.items()}
        return {"told": dict(self.told), "troubled": list(self.troubled), "threads": threads}

    @classmethod
    def from_plain(cls, plain: Any) -> Memory:
        """Return what `to_plain` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            told = {str(key): float(at) for key, at in plain["told"].items()}
            threads = {
                str(subject): Thread(str(channel), str(ts)) for subject, (channel, ts) in plain["threads"].items()
            }
            return cls(told, tuple(str(subject) for subject in plain["troubled"]), threads)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ValueError("not what a channel was told") from None


def remembered(memory: Memory, event: Event, now: float) -> Memory:
    """Return the memory after an event was told."""
    told = {**{key: at for key, at in memory.told.items() if key != event.key}, event.key: now}
    troubled = tuple(each for each in memory.troubled if each != event.subject)
    if event.subject in memory.troubled or event.severity is not Severity.INFO:
        troubled += (event.subject,)
    return replace(memory, told=_newest(told, _KEYS), troubled=troubled[-_THREADS:])


def threaded(memory: Memory, subject: str, thread: Thread) -> Memory:
    """Return the memory with the message about a subject."""
    threads = {**{key: each for key, each in memory.threads.items() if key != subject}, subject: thread}
    return replace(memory, threads=_newest(threads, _THREADS))


def to_plain(memories: Mapping[str, Memory]) -> Obj:
    """Return what all channels were told as plain data, by their names."""
    return {"version": VERSION, "channels": {name: memory.to_plain() for name, memory in memories.items()}}


def from_plain(plain: Any) -> dict[str, Memory]:
    """Return what `to_plain` gave; nothing at all stands for nothing told.

    Raises:
        DeliveryError: it is something else, or of a version that is not known.
    """
    if not plain:
        return {}
    try:
        if plain["version"] != VERSION:
            raise ValueError(plain["version"])
        return {str(name): Memory.from_plain(each) for name, each in plain["channels"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DeliveryError(
            "what is given as the state of notifications is none",
            reason="BadState",
            hint="give the state that was returned last, or none: then everything is told anew",
        ) from None


def _newest(entries: Mapping[str, Value], count: int) -> dict[str, Value]:
    return dict(list(entries.items())[-count:])
