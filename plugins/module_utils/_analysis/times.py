# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Times and durations as users write them. Pure functions. Private: other collections must not import it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NoReturn

from .._errors import DeliveryError

_UNITS = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile("".join(rf"(?:(\d+){unit}(?![a-z]))?" for unit in _UNITS))
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")


def moment(option: str, text: str, now: float) -> float:
    """Return the seconds since the epoch of a time: RFC 3339, a unix time, ``now``, or ``-15m`` for fifteen minutes ago.

    Raises:
        DeliveryError: it is none of them.
    """
    given = text.strip()
    if given == "now":
        return now
    if _NUMBER.fullmatch(given):
        return float(given)
    if given.startswith("-"):
        return now - _seconds(option, given, given[1:])
    try:
        parsed = datetime.fromisoformat(given)
    except ValueError:
        parsed = None
    if parsed is None:
        _refuse(
            option, text, "write a time like 2026-11-23T10:15:00Z, a unix time, now, or -15m for fifteen minutes ago"
        )
    if parsed.tzinfo is None:
        _refuse(option, text, "say the time zone too, for instance by a Z at the end for UTC")
    return parsed.timestamp()


def duration(option: str, text: str) -> float:
    """Return the seconds of a duration above zero: ``15s``, ``1h30m``, or a number of seconds.

    Raises:
        DeliveryError: it is none.
    """
    return _seconds(option, text, text.strip())


def _seconds(option: str, text: str, given: str) -> float:
    found = _DURATION.fullmatch(given)
    if _NUMBER.fullmatch(given):
        seconds = float(given)
    elif found:
        seconds = sum(int(count) * unit for count, unit in zip(found.groups(), _UNITS.values()) if count)
    else:
        seconds = 0.0
    if seconds <= 0:
        _refuse(option, text, "write a duration above zero like 15s, 5m or 1h30m")
    return seconds


def _refuse(option: str, text: str, hint: str) -> NoReturn:
    raise DeliveryError(f"option {option} cannot be read: {text!r}", reason="BadOption", hint=hint)
