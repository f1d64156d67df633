# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Moments and durations in the short words people use. Pure functions. Private to this collection."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_GO_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_GO_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def parsed(text: str) -> datetime | None:
    """Return a moment as the API server writes it, None when it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def elapsed(text: str, now: datetime) -> float | None:
    """Return the seconds since a moment, None when it is none. Clocks differ: never less than nothing."""
    moment = parsed(text)
    return max((now - moment).total_seconds(), 0.0) if moment else None


def until(text: str, now: datetime) -> float | None:
    """Return the seconds until a moment, never less than none; None when it is no moment."""
    moment = parsed(text)
    return max((moment - now).total_seconds(), 0.0) if moment else None


def age(text: str, now: datetime) -> str:
    """Return how long ago a moment is in short, e.g. ``5m``; empty when it is none."""
    seconds = elapsed(text, now)
    return "" if seconds is None else short(seconds)


def short(seconds: float) -> str:
    """Return a duration in its greatest unit, with the next smaller one while that says something: ``90s`` is ``1m30s``."""
    left = int(seconds)
    units = list(_UNITS.items())
    for index, (unit, size) in enumerate(units):
        if left >= size:
            count, rest = divmod(left, int(size))
            smaller = units[index + 1] if index + 1 < len(units) else None
            more = int(rest // smaller[1]) if smaller and count < 10 else 0
            return f"{count}{unit}{f'{more}{smaller[0]}' if smaller and more else ''}"
    return "0s"


def seconds_of(duration: Any) -> float | None:
    """Return the seconds of a pause as a Rollout writes it: a number, or text such as ``5m`` or ``1h30m``."""
    text = str(duration)
    if re.fullmatch(r"\d+", text):
        return float(text)
    parts = _GO_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _GO_UNITS[unit] for number, unit in parts)
