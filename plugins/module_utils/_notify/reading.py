# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""An event as the options of a task describe it. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .._analysis.times import moment
from .._errors import DeliveryError
from .._operation import ArgumentSpec
from .._words import Mode, Occasion, Verdict
from .events import Event, Impact, Reason, Times

# Options of the same name as the event's text.
_TEXTS = (
    "release",
    "service",
    "environment",
    "cluster",
    "namespace",
    "version",
    "revision",
    "hash",
    "stable_version",
    "stable_hash",
    "by",
    "summary",
)
_TIMES = tuple(each.name for each in fields(Times))


def options() -> ArgumentSpec:
    """Return the options that describe an event."""
    return {
        "event": {"type": "str", "required": True, "choices": [str(each) for each in Occasion]},
        **{name: {"type": "str"} for name in _TEXTS},
        "release": {"type": "str", "required": True},
        "at": {"type": "str", "default": "now"},
        "mode": {"type": "str", "choices": [str(each) for each in Mode], "default": str(Mode.ENFORCE)},
        "verdict": {"type": "str", "choices": [str(each) for each in Verdict]},
        "reasons": {
            "type": "list",
            "elements": "dict",
            "options": {
                "text": {"type": "str", "required": True},
                "metric": {"type": "str"},
                "value": {"type": "float"},
                "threshold": {"type": "float"},
                "evidence": {"type": "float"},
            },
        },
        "impact": {
            "type": "dict",
            "options": {
                "requests": {"type": "int"},
                "orders": {"type": "int"},
                "excess_errors": {"type": "float"},
                "minutes": {"type": "float"},
                "pods": {"type": "int"},
            },
        },
        "times": {"type": "dict", "options": {name: {"type": "str"} for name in _TIMES}},
        "next_steps": {"type": "list", "elements": "str"},
        "occurrence": {"type": "int", "default": 1},
    }


def event_of(params: Mapping[str, Any], now: float) -> Event:
    """Return the event that options describe.

    Args:
        params: the options, checked by their specification.
        now: seconds since the epoch.

    Raises:
        DeliveryError: an option that cannot be read, by its name.
    """
    if not str(params["release"]).strip():
        raise DeliveryError(
            "option release is empty", reason="BadOption", hint="name the release; events are told once for each"
        )
    if params["occurrence"] < 1:
        raise DeliveryError("option occurrence must be 1 or more", reason="BadOption")
    times = {
        name: moment(f"times.{name}", str(text), now) for name, text in (params.get("times") or {}).items() if text
    }
    return Event(
        occasion=Occasion(params["event"]),
        at=moment("at", str(params["at"]), now),
        mode=Mode(params["mode"]),
        verdict=Verdict(params["verdict"]) if params.get("verdict") else None,
        reasons=tuple(_reason(each) for each in params.get("reasons") or []),
        impact=Impact(**params["impact"]) if params.get("impact") else None,
        times=Times(**times),
        next_steps=tuple(str(each) for each in params.get("next_steps") or []),
        occurrence=params["occurrence"],
        **{name: str(params.get(name) or "").strip() for name in _TEXTS},
    )


def _reason(given: Mapping[str, Any]) -> Reason:
    return Reason(
        str(given["text"]),
        str(given.get("metric") or ""),
        given.get("value"),
        given.get("threshold"),
        given.get("evidence"),
    )
