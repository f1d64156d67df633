# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where events are told, and how each place takes them. Private to this collection."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .._types import Obj
from .._words import Severity
from . import slack, webhook
from .answers import SLACK_BLOCKS, SLACK_GONE, Failure, Reply, decoded, judged, judged_api, judged_incoming
from .events import Event
from .memory import Memory, Thread, threaded
from .policy import Rules
from .posting import Request
from .secret import NONE, Secret

Judge = Callable[[Reply], "Failure | None"]


class Post(Protocol):
    """Send what `make` makes until `judge` is content, or raise Failure; see posting.Poster."""

    def __call__(self, make: Callable[[], Request], judge: Judge, *, needs_body: bool = True) -> Reply: ...


class Channel(Protocol):
    """A place where events are told."""

    @property
    def name(self) -> str:
        """What it is called in states and results."""

    @property
    def title(self) -> str:
        """What it is called in sentences."""

    @property
    def rules(self) -> Rules:
        """What it wants to hear."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not get into any message."""

    def tell(self, event: Event, memory: Memory, post: Post) -> Memory:
        """Tell an event and return the memory with what was learnt of the place (not: that it was told).

        Raises:
            Failure: it could not be told.
        """


@dataclass(frozen=True)
class SlackWebhook:
    """An incoming webhook of Slack's: a new message for each event, because it can do nothing else."""

    url: Secret
    rules: Rules = field(default_factory=Rules)
    local: bool = False
    name: str = "slack_webhook"
    title: str = "Slack's webhook"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.url,)

    def tell(self, event: Event, memory: Memory, post: Post) -> Memory:
        def send(sent: Obj) -> Reply:
            return post(lambda: Request(self.url, _json(sent), _JSON, local=self.local), judged_incoming)

        _with_blocks_or_without(send, slack.message(event))
        return memory


@dataclass(frozen=True)
class SlackApp:
    """Slack by an app's token: one message for each service of a release, edited in place, and its story in the thread.

    An edit calls nobody, so every later event is an answer in the thread too, which Slack shows in the channel as well when it is
    critical.
    """

    token: Secret
    channel: str
    url: str = "https://slack.com/api"
    rules: Rules = field(default_factory=Rules)
    local: bool = False
    name: str = "slack"
    title: str = "Slack"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.token,)

    def tell(self, event: Event, memory: Memory, post: Post) -> Memory:
        thread = memory.threads.get(event.subject)
        if thread is not None and self._edited(event, thread, post):
            # After the edit, which may be done twice without harm: what fails in between is done again as a whole.
            shown = {"reply_broadcast": True} if event.severity is Severity.CRITICAL else {}
            self._call(post, "chat.postMessage", {**_place(thread, "thread_ts"), **slack.reply(event), **shown})
            return memory
        said = self._call(post, "chat.postMessage", {"channel": self.channel, **slack.message(event)})
        ts = str(said.get("ts") or "")
        # Edits want the channel's id, which is in the answer, where its name was enough for a new message.
        return threaded(memory, event.subject, Thread(str(said.get("channel") or self.channel), ts)) if ts else memory

    def _edited(self, event: Event, thread: Thread, post: Post) -> bool:
        """Edit the message; False when it is not there any more, or may not be edited."""
        sent = {**_place(thread, "ts"), **slack.message(event)}
        try:
            self._call(post, "chat.update", sent)
        except Failure as failure:
            if failure.code not in SLACK_GONE:
                raise
            return False
        return True

    def _call(self, post: Post, method: str, given: Obj) -> Obj:
        def send(sent: Obj) -> Reply:
            request = Request(Secret(f"{self.url}/{method}"), _json(sent), _JSON, self.token, self.local)
            return post(lambda: request, judged_api)

        return decoded(_with_blocks_or_without(send, given).body)


@dataclass(frozen=True)
class Webhook:
    """Anything that takes JSON; docs/notifications.md says what it gets and how it can verify that."""

    url: Secret
    secret: Secret = NONE
    token: Secret = NONE
    rules: Rules = field(default_factory=Rules)
    local: bool = False
    name: str = "webhook"
    title: str = "the webhook"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return (self.url, self.secret, self.token)

    def tell(self, event: Event, memory: Memory, post: Post) -> Memory:
        sent = webhook.encoded(event)

        def make() -> Request:
            headers = webhook.headers(event, sent, time.time(), self.secret.reveal())
            return Request(self.url, sent, headers, self.token, self.local)

        post(make, judged, needs_body=False)
        return memory


_JSON: Mapping[str, str] = {"Content-Type": "application/json; charset=utf-8"}


def _json(sent: Obj) -> bytes:
    return json.dumps(sent, allow_nan=False, separators=(",", ":")).encode()


def _place(thread: Thread, name: str) -> Obj:
    return {"channel": thread.channel, name: thread.ts}


def _with_blocks_or_without(send: Callable[[Obj], Reply], given: Obj) -> Reply:
    """Send a message; if Slack does not like its blocks, its text alone: better plain than not at all."""
    try:
        return send(given)
    except Failure as failure:
        if failure.code not in SLACK_BLOCKS:
            raise
    return send({key: value for key, value in given.items() if key != "blocks"})
