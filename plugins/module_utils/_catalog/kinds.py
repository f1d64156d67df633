# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Readers of values: each checks one value and returns its normal form. Private to this collection.

A reader never raises: it notes the problem at the value's place and returns a stand-in, so that one run finds every
mistake. Whoever starts the reading raises once at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .problems import Place, nearest

REQUIRED = object()
"""The default of a key that has none."""


@dataclass(frozen=True)
class Kind:
    """What a value may be: in words for messages, and as the function that reads it."""

    accepts: str
    read: Callable[[object, Place], object]


@dataclass(frozen=True)
class Key:
    """A key of a section: its kind and the value that stands for a missing one, written as a user would.

    A default of None stays None: the key is optional.
    """

    kind: Kind
    default: object = REQUIRED


def text(accepts: str, pattern: str, why: Callable[[str], str] | None = None) -> Kind:
    """Return the kind of strings that match ``pattern`` wholly.

    Args:
        accepts: the words for it in a message.
        pattern: regular expression.
        why: gets a refused string and may return a better message than the general one (or an empty string).
    """
    compiled = re.compile(pattern)

    def read(value: object, place: Place) -> object:
        if isinstance(value, str) and compiled.fullmatch(value):
            return value
        better = why(value) if why and isinstance(value, str) else ""
        if better:
            place.problem(better)
        else:
            place.refuse(value, accepts)
        return ""

    return Kind(accepts, read)


def whole(minimum: int, maximum: int | None = None) -> Kind:
    """Return the kind of whole numbers within limits, both included."""
    accepts = f"a whole number, {minimum} or more" if maximum is None else f"a whole number from {minimum} to {maximum}"

    def read(value: object, place: Place) -> object:
        right = isinstance(value, int) and not isinstance(value, bool)
        if right and isinstance(value, int) and value >= minimum and (maximum is None or value <= maximum):
            return value
        place.refuse(value, accepts)
        return minimum

    return Kind(accepts, read)


def number(minimum: float, maximum: float | None = None) -> Kind:
    """Return the kind of numbers within limits; the lower one is excluded, the upper one included."""
    accepts = f"a number above {minimum:g}" + (f", at most {maximum:g}" if maximum is not None else "")

    def read(value: object, place: Place) -> object:
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
        if right and isinstance(value, (int, float)) and minimum < value and (maximum is None or value <= maximum):
            return float(value)
        place.refuse(value, accepts)
        return minimum

    return Kind(accepts, read)


def switch() -> Kind:
    """Return the kind of true and false."""

    def read(value: object, place: Place) -> object:
        if not isinstance(value, bool):
            place.refuse(value, "true or false, without quotes")
        return value is True

    return Kind("true or false", read)


def choice(*words: str) -> Kind:
    """Return the kind of one word out of several."""
    accepts = "one of " + ", ".join(words)

    def read(value: object, place: Place) -> object:
        if value in words:
            return value
        if isinstance(value, str):
            place.problem(f"unknown value {value!r}, {nearest(value, words)} Accepted: {', '.join(words)}")
        else:
            place.refuse(value, accepts)
        return ""

    return Kind(accepts, read)


def list_of(item: Kind) -> Kind:
    """Return the kind of lists of one kind. A single string counts as a list of one."""
    accepts = f"a list, each item {item.accepts}"

    def read(value: object, place: Place) -> object:
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            place.refuse(value, accepts)
            return []
        return [item.read(each, place.index(position)) for position, each in enumerate(value)]

    return Kind(accepts, read)


def map_of(name: Kind, item: Kind) -> Kind:
    """Return the kind of mappings with free keys."""
    accepts = f"a mapping, each key {name.accepts}, each value {item.accepts}"

    def read(value: object, place: Place) -> object:
        if not isinstance(value, dict):
            place.refuse(value, accepts)
            return {}
        result: dict[object, object] = {}
        for key, each in value.items():
            here = place.key(str(key))
            result[name.read(key, here)] = item.read(each, here)
        return result

    return Kind(accepts, read)


def native(accepts: str) -> Kind:
    """Return the kind of mappings whose keys Kubernetes defines, not this collection: only the type is checked."""

    def read(value: object, place: Place) -> object:
        if isinstance(value, dict) and value:
            return dict(value)
        place.refuse(value, accepts)
        return {}

    return Kind(accepts, read)


def section(keys: Mapping[str, Key]) -> Kind:
    """Return the kind of mappings with known keys. A key that is missing or null gets its default."""
    accepts = f"a mapping with keys out of {', '.join(sorted(keys))}"

    def read(value: object, place: Place) -> object:
        if not isinstance(value, dict):
            place.refuse(value, accepts)
            return read({}, Place(place.path))
        for name in value:
            if name not in keys:
                place.key(str(name)).problem(f"unknown key, {nearest(str(name), keys)}")
        return {name: _value(key, value.get(name), place.key(name)) for name, key in keys.items()}

    return Kind(accepts, read)


def _value(key: Key, value: object, place: Place) -> object:
    if value is not None:
        return key.kind.read(value, place)
    if key.default is REQUIRED:
        place.problem(f"is missing; give {key.kind.accepts}")
        # The stand-in: what the kind makes of nothing, its complaint thrown away.
        return key.kind.read(None, Place(place.path))
    return None if key.default is None else key.kind.read(key.default, place)
