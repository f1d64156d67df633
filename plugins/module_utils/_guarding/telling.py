# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Telling people and programs of a watched release, without ever waiting for them. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._notify.access import channels_of, verify_of
from .._notify.channels import Channel
from .._notify.events import Event
from .._notify.memory import from_plain
from .._notify.sender import Outcome, Sender
from .._types import Obj

# Seconds for what is still to be told when the guard ends.
_LAST_WORDS = 15.0


@dataclass(frozen=True)
class Audience:
    """Who is told: the channels, by what their certificates are verified, and the name of the environment."""

    channels: tuple[Channel, ...] = ()
    verify: bool | str = True
    environment: str = ""

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Audience:
        """Return who is told according to the options of a task, in check mode too: mistakes are to be found there.

        Raises:
            DeliveryError: an address or a combination that cannot be.
        """
        return cls(channels_of(params), verify_of(params), str(params.get("environment") or ""))


class Teller:
    """What is told of one Rollout. Its threads begin with the first event and end with `close`."""

    def __init__(self, audience: Audience, say: Callable[[str], None]) -> None:
        """Prepare.

        Args:
            audience: who is told.
            say: shows a line about the Rollout: what could not be told.
        """
        self._audience, self._say = audience, say
        self._sender: Sender | None = None

    def tell(self, events: Iterable[Event], told: Obj | None) -> Obj | None:
        """Give events to the channels, and return what was told by now; what was told before is not told again.

        Args:
            events: the same ones may come again and again.
            told: what was told until now, as it is remembered; looked at when there is nothing newer.
        """
        if not self._audience.channels:
            return told
        if self._sender is None:
            self._sender = Sender(self._audience.channels, from_plain(told), verify=self._audience.verify)
        for event in events:
            self._sender.submit(event)
        return self._settled(self._sender.outcomes(), told)

    def close(self, told: Obj | None) -> Obj | None:
        """Wait a moment for what is still to be told; return what was told by then."""
        if self._sender is None:
            return told
        sender = self._sender
        return self._settled(sender.close(_LAST_WORDS), told)

    def _settled(self, outcomes: tuple[Outcome, ...], told: Obj | None) -> Obj | None:
        for outcome in outcomes:
            if outcome.text:
                self._say(outcome.text)
        return self._sender.state() if outcomes and self._sender else told
