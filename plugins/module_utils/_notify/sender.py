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
from collections import deque
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

# The longest rest of an event that could not be told, in seconds, unless the other side asks for more.
_LONGEST_REST = 900.0
_LONGEST_ASKED = 3600.0
# Failed events that are remembered, so that they are not tried again at every look.
_MOST_RESTS = 1000


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
    """Bounds of the effort.

    Attributes:
        request: seconds for one request.
        event: seconds for an event with all attempts that follow each other.
        waiting: events that may wait at a channel; above that the least urgent one is given up.
        rest: seconds after which an event that could not be told is tried again, doubled each time.
        tries: how often it is tried, each time with several attempts.
    """

    request: float = 10.0
    event: float = 60.0
    waiting: int = 100
    rest: float = 60.0
    tries: int = 6


class Sender:
    """Tells events to channels in the background. Make it after a fork; end it by `close`."""

    def __init__(
        self,
        channels: Iterable[Channel],
        memories: Mapping[str, Memory],
        *,
        verify: bool | str = True,
        limits: Limits = Limits(),
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


@dataclass(frozen=True)
class _Rest:
    """An event that could not be told: how often, until when it rests by the monotonic clock, and whether it is tried again."""

    event: Event
    count: int
    until: float
    again: bool


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
        self._rests: dict[str, _Rest] = {}
        # Bounded, should nobody ask for them.
        self._outcomes: deque[Outcome] = deque(maxlen=1000)
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
            rest = self._rests.get(event.key)
            if rest and (rest.again or rest.until > time.monotonic()):
                return Admission.KNOWN
            if any(each.key == event.key for each in (*self._waiting, self._current) if each):
                return Admission.KNOWN
            self._waiting.append(event)
            if self._closed:
                self._give_up(event, "it came after the end")
            elif len(self._waiting) > self._limits.waiting:
                self._give_up(_least(self._waiting), f"{self._limits.waiting} others are waiting")
            self._start()
            self._changed.notify_all()
            return Admission.SEND

    def drained(self) -> list[Outcome]:
        """Return the outcomes since it was asked last."""
        with self._changed:
            found = list(self._outcomes)
            self._outcomes.clear()
            return found

    def refuse(self) -> None:
        """Take no more events."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait_until_empty(self, ends: float) -> None:
        """Wait until nothing is left but what rests, or until a time by the monotonic clock."""
        with self._changed:
            self._changed.wait_for(self._idle, max(ends - time.monotonic(), 0.0))

    def abandon(self) -> None:
        """Give up what is left. What is being sent at this moment may still arrive, which nobody will hear of."""
        with self._changed:
            for event in list(self._waiting):
                self._give_up(event, "there was no time left")
            if self._current is not None:
                why = "it had not been taken when time was over, and may yet have arrived"
                self._say(self._current, Fate.UNDELIVERED, why)
                self._current = None
            said = {outcome.key for outcome in self._outcomes}
            for rest in self._rests.values():
                if rest.again and rest.event.key not in said:
                    self._say(rest.event, Fate.UNDELIVERED, f"tried in vain, number of times: {rest.count}")
            self._rests.clear()

    def _idle(self) -> bool:
        return not self._waiting and self._current is None

    def _start(self) -> None:
        # Not before there is something to do: a guard without trouble needs no thread.
        if self._thread is None and self._waiting:
            self._thread = threading.Thread(target=self._run, name=f"notify-{self.channel.name}", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                event = self._next()
                if event is None:
                    return
                self._current, memory = event, self._memory
            told, failure = self._tell(event, memory)
            with self._changed:
                if self._current is not event:
                    # Abandoned meanwhile, and said to be.
                    return
                self._current = None
                self._settle(event, told, failure)
                self._changed.notify_all()

    def _next(self) -> Event | None:
        """Return what to tell next, when there is something; None at the end. New events come before those that rested."""
        while not self._waiting:
            if self._closed:
                return None
            later = [rest for rest in self._rests.values() if rest.again]
            first = min(later, key=lambda rest: rest.until, default=None)
            if first is None:
                self._changed.wait()
            elif first.until <= time.monotonic():
                return first.event
            else:
                self._changed.wait(first.until - time.monotonic())
        return self._waiting.pop(0)

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
        rest = self._rests.pop(event.key, None)
        if failure is None:
            self._memory = remembered(told, event, time.time())
            self._say(event, Fate.DELIVERED)
            self._overtaken(event)
            return
        count = rest.count + 1 if rest else 1
        seconds = max(min(self._limits.rest * 2 ** (count - 1), _LONGEST_REST), min(failure.after, _LONGEST_ASKED))
        again = failure.transient and count < self._limits.tries and not self._closed
        self._rests[event.key] = _Rest(event, count, time.monotonic() + seconds, again)
        if len(self._rests) > _MOST_RESTS:
            del self._rests[next(iter(self._rests))]
        self._say(event, Fate.FAILED, f"{failure.text}{f'; it is tried again in {seconds:.0f} s' if again else ''}")

    def _overtaken(self, told: Event) -> None:
        """Let go of what rests of the same service and is older: after the news, old news would mislead."""
        for rest in list(self._rests.values()):
            if rest.event.subject == told.subject and rest.event.at <= told.at:
                del self._rests[rest.event.key]
                if rest.again:
                    self._say(rest.event, Fate.UNDELIVERED, f"it was overtaken by {told.occasion}")

    def _give_up(self, event: Event, why: str) -> None:
        self._waiting.remove(event)
        self._say(event, Fate.UNDELIVERED, why)

    def _say(self, event: Event, fate: Fate, why: str = "") -> None:
        text = f"{self.channel.title} was not told of {event.occasion} ({event.key}): {why}" if why else ""
        self._outcomes.append(Outcome(self.channel.name, event.key, fate, scrubbed(text, self.channel.secrets)))


def _least(events: list[Event]) -> Event:
    """Return the oldest of the least urgent ones."""
    order = list(Severity)
    return min(events, key=lambda event: order.index(event.severity))
