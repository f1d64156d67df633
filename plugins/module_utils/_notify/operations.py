# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Telling an event, as an operation of the collection. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .. import _argspec
from .._errors import DeliveryError
from .._operation import Call, Operation, Result
from .access import channels_of, limits_of, verify_of
from .channels import Channel
from .events import Event
from .memory import Memory, from_plain, to_plain
from .policy import Admission, admit
from .reading import event_of, options
from .sender import Fate, Outcome, Sender

SECRETS = ("slack_token", "slack_webhook_url", "webhook_url", "webhook_secret", "webhook_token")
"""Options that no result may have, whatever they are part of."""

# What is reported of a channel that was not asked, or that there is no need to tell.
_WHY: Mapping[Admission, str] = {
    Admission.KNOWN: "was told before",
    Admission.BELOW: "is not told of what is so little urgent",
    Admission.QUIET: "is not told of dry runs",
    Admission.TOO_SOON: "was told the same too short a time ago",
}


def _notify(call: Call) -> Result:
    given = call.params
    channels = channels_of(given)
    if not channels:
        raise DeliveryError(
            "no channel is set",
            reason="NoChannel",
            hint="set slack_token and slack_channel, slack_webhook_url or webhook_url",
        )
    event, memories = event_of(given, time.time()), from_plain(given["state"])
    verify, limits = verify_of(given), limits_of(given)
    if call.check_mode:
        return _would(event, channels, memories)
    sender = Sender(channels, memories, verify=verify, limits=limits)
    admitted = sender.submit(event)
    # A little more than the event has, so that its last attempt can end, and be told of.
    outcomes = {outcome.channel: outcome for outcome in sender.close(limits.event + 1.0)}
    for outcome in outcomes.values():
        if outcome.text:
            call.warn(f"{outcome.text[0].upper()}{outcome.text[1:]}.")
    fates = {name: _fate(admission, outcomes.get(name)) for name, admission in admitted.items()}
    return {
        "changed": Fate.DELIVERED in fates.values(),
        "key": event.key,
        "channels": fates,
        "undelivered": sorted(name for name, fate in fates.items() if fate in (Fate.FAILED, Fate.UNDELIVERED)),
        "state": sender.state(),
        "msg": _message(event, channels, fates),
    }


def _would(event: Event, channels: tuple[Channel, ...], memories: Mapping[str, Memory]) -> Result:
    now = time.time()
    admitted = {each.name: admit(event, each.rules, memories.get(each.name, Memory()), now) for each in channels}
    return {
        "changed": Admission.SEND in admitted.values(),
        "key": event.key,
        "channels": {name: str(admission) for name, admission in admitted.items()},
        "undelivered": [],
        "state": to_plain(memories),
        "msg": _message(event, channels, {name: str(admission) for name, admission in admitted.items()}),
    }


def _fate(admission: Admission, outcome: Outcome | None) -> str:
    return str(admission if admission is not Admission.SEND or outcome is None else outcome.fate)


def _message(event: Event, channels: tuple[Channel, ...], fates: Mapping[str, Any]) -> str:
    words = {
        **{str(admission): why for admission, why in _WHY.items()},
        str(Admission.SEND): "would be told",
        str(Fate.DELIVERED): "was told",
        str(Fate.FAILED): "could not be told",
        str(Fate.UNDELIVERED): "could not be told in time",
    }
    found = "; ".join(f"{each.title} {words[fates[each.name]]}" for each in channels)
    text = f"{found} ({event.occasion}, {event.service or event.release})."
    return f"{text[0].upper()}{text[1:]}"


NOTIFY = Operation(
    _notify,
    {
        **_argspec.group_defaults(),
        **_argspec.notifications(),
        **options(),
        **_argspec.waiting(60),
        "state": {"type": "dict"},
    },
    private=SECRETS,
)
