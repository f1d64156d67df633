# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Telling events in the background, so that no rollback waits for it. Private to this collection.

Each channel has a thread and a queue of its own: one that hangs hinders no other. What cannot be told becomes an outcome with a
sentence, never an exception.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .._analysis import _libs
from .._types import Obj
from .._words import Severity
from .answers import Failure
from .channels import Channel
from .events import Event
from .memory import Memory, remembered, to_plain
from .policy import Admission, admit
from .posting import Poster
from .secret import scrubbed

# After a failure the same event rests for a minute, and twice as long after each further one, up to this.
_REST, _LONGEST_REST = 60.0, 900.0


class Fate(StrEnum):
    """What became of an event at a channel."""

    DELIVERED = "delivered"
    FAILED = "failed"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True)
class Outcome:
    """What became of an event at a channel, and for all but delivered ones a sentence without a full stop."""

    channel: str
    key: str
    fate: Fate
    text: str = ""


@dataclass(frozen=True)
class Limits:
    """Bounds of the effort: seconds for a request and for an event with all attempts, and events that may wait."""

    request: float = 10.0
    event: float = 60.0
    waiting: int = 100


class Sender:
    """Tells events to channels in the background. Make it after a fork; end it by `close`."""

    def __init__(
        self,
        channels: Iterable[Channel],
        memories: Mapping[str, Memory],
        *,
        verify: bool | str = True,
        limits: Limits = Limits(),  # noqa: B008 - immutable
    ) -> None:
        """Prepare; no thread is started and nothing sent yet.

        Args:
            channels: where to tell events; their names differ.
            memories: what each was told before, by name (memory.from_plain).
            verify: True, or the path of the authorities' certificates.
            limits: bounds of the effort.

        Raises:
            DeliveryError: missing library.
        """
        found = tuple(channels)
        if found:
            _libs.require()
        self._stop = threading.Event()
        poster = Poster(verify=verify, timeout=limits.request, stop=self._stop)
        self._lanes = [_Lane(each, memories.get(each.name, Memory()), poster, limits) for each in found]
        # Those of channels that are not set at present are kept.
        self._others = {name: memory for name, memory in memories.items() if name not in {each.name for each in found}}

    def submit(self, event: Event) -> dict[str, Admission]:
        """Take an event to be told, without waiting for anything; the same one may come at every look.

        Returns:
            By name of the channel whether it will be told, or why not. What waits or rests is known.
        """
        return {lane.channel.name: lane.offer(event) for lane in self._lanes}

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return what has become of events since it was asked last."""
        return tuple(outcome for lane in self._lanes for outcome in lane.drained())

    def state(self) -> Obj:
        """Return what was told where as plain data, to be given to the next sender."""
        return to_plain({**self._others, **{lane.channel.name: lane.memory for lane in self._lanes}})

    def close(self, timeout: float) -> tuple[Outcome, ...]:
        """Take no more events, wait until all are told, and return what has become of them since it was asked last.

        After the timeout, in seconds, nothing more is begun. What was not told is among the outcomes as undelivered, and not
        in the state.
        """
        ends = time.monotonic() + timeout
        for lane in self._lanes:
            lane.refuse()
        for lane in self._lanes:
            lane.wait_until_empty(ends)
        self._stop.set()
        for lane in self._lanes:
            lane.abandon()
        return self.outcomes()


class _Lane:
    """A channel with its queue and its thread. Everything that two threads touch is guarded by one lock."""

    def __init__(self, channel: Channel, memory: Memory, poster: Poster, limits: Limits) -> None:
        self.channel = channel
        self._memory = memory
        self._poster = poster
        self._limits = limits
        self._changed = threading.Condition()
        self._waiting: list[Event] = []
        self._current: Event | None = None
        self._outcomes: list[Outcome] = []
        # Keys that could not be told: how often, and until when they rest by the monotonic clock.
        self._rests: dict[str, tuple[int, float]] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def memory(self) -> Memory:
        """What the channel was told."""
        with self._changed:
            return self._memory

    def offer(self, event: Event) -> Admission:
        """Put an event into the queue if it is to be told."""
        with self._changed:
            admission = admit(event, self.channel.rules, self._memory, time.time())
            if admission is not Admission.SEND:
                return admission
            busy = [*self._waiting, *([self._current] if self._current else [])]
            resting = self._rests.get(event.key, (0, 0.0))[1] > time.monotonic()
            if resting or any(each.key == event.key for each in busy):
                return Admission.KNOWN
            self._waiting.append(event)
            if self._closed:
                self._give_up(event, "it came after the end")
            elif len(self._waiting) > self._limits.waiting:
                self._give_up(_least(self._waiting), f"{self._limits.waiting} others are waiting")
            self._changed.notify_all()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name=f"notify-{self.channel.name}", daemon=True)
                self._thread.start()
            return Admission.SEND

    def drained(self) -> list[Outcome]:
        """Return the outcomes since it was asked last."""
        with self._changed:
            found, self._outcomes = self._outcomes, []
            return found

    def refuse(self) -> None:
        """Take no more events."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_empty(self, ends: float) -> None:
        """Wait until nothing is left, or until a time by the monotonic clock."""
        with self._changed:
            self._changed.wait_for(self._idle, max(ends - time.monotonic(), 0.0))

    def abandon(self) -> None:
        """Give up what is left. What is being sent at this moment may still arrive, which nobody will hear of."""
        with self._changed:
            for event in list(self._waiting):
                self._give_up(event, "there was no time left")
            if self._current is not None:
                self._fate(self._current, Fate.UNDELIVERED, "it had not been taken when time was over, and may yet have arrived")
                self._current = None

    def _idle(self) -> bool:
        return not self._waiting and self._current is None

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                event = self._current = self._waiting.pop(0)
                memory = self._memory
            told, failure = self._tell(event, memory)
            with self._changed:
                if self._current is not event:
                    # Abandoned meanwhile, and said to be.
                    return
                self._current = None
                self._settle(event, told, failure)
                self._changed.notify_all()

    def _tell(self, event: Event, memory: Memory) -> tuple[Memory, Failure | None]:
        post = functools.partial(self._poster.post, ends=time.monotonic() + self._limits.event)
        try:
            return self.channel.tell(event, memory, post), None
        except Failure as failure:
            return memory, failure
        except Exception as error:
            # A thread that ends would be silence for ever; its words may hold anything.
            return memory, Failure(f"an error of ours, {type(error).__name__}")

    def _settle(self, event: Event, told: Memory, failure: Failure | None) -> None:
        if failure is None:
            self._memory = remembered(told, event, time.time())
            self._rests.pop(event.key, None)
            self._fate(event, Fate.DELIVERED, "")
            return
        count = self._rests.get(event.key, (0, 0.0))[0]
        rest = max(min(_REST * 2**count, _LONGEST_REST), failure.after)
        self._rests[event.key] = (count + 1, time.monotonic() + rest)
        self._fate(event, Fate.FAILED, failure.text)

    def _give_up(self, event: Event, why: str) -> None:
        self._waiting.remove(event)
        self._fate(event, Fate.UNDELIVERED, why)

    def _fate(self, event: Event, fate: Fate, why: str) -> None:
        text = f"{self.channel.title} was not told of {event.occasion} ({event.key}): {why}" if why else ""
        self._outcomes.append(Outcome(self.channel.name, event.key, fate, scrubbed(text, self.channel.secrets)))


def _least(events: list[Event]) -> Event:
    """Return the oldest of the least urgent ones."""
    order = list(Severity)
    return min(events, key=lambda event: order.index(event.severity))
