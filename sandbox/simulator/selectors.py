# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Label selectors as the API server spells them in a query. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

Selector: TypeAlias = Callable[[Mapping[str, str]], bool]
"""Tells whether labels match."""

_KEY = r"(?P<key>[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?)"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_SET = re.compile(rf"{_KEY}\s+(?P<how>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUAL = re.compile(rf"{_KEY}\s*(?P<how>==?|!=)\s*(?P<value>{_VALUE})")
_EXISTS = re.compile(rf"(?P<no>!?)\s*{_KEY}")
# A comma inside brackets separates values, one outside requirements.
_COMMA = re.compile(r",(?![^()]*\))")


def read_selector(text: str) -> Selector:
    """What a query's ``labelSelector`` selects; an empty one selects everything.

    Raises ValueError when it is none.
    """
    requirements = [_requirement(part.strip()) for part in _COMMA.split(text)] if text.strip() else []
    return lambda labels: all(fits(labels) for fits in requirements)


def _requirement(text: str) -> Selector:
    if found := _SET.fullmatch(text):
        values = [value.strip() for value in found["values"].split(",")]
        if not all(re.fullmatch(_VALUE, value) for value in values):
            raise ValueError(f"cannot read the values of the label selector {text!r}")
        return _among(found["key"], frozenset(values), wanted=found["how"] == "in")
    if found := _EQUAL.fullmatch(text):
        return _among(found["key"], frozenset([found["value"]]), wanted=found["how"] != "!=")
    if found := _EXISTS.fullmatch(text):
        key, wanted = found["key"], not found["no"]
        return lambda labels: (key in labels) is wanted
    raise ValueError(f"cannot read the label selector {text!r}")


def _among(key: str, values: frozenset[str], *, wanted: bool) -> Selector:
    # A label that is not there is none of the values.
    return lambda labels: (key in labels and labels[key] in values) is wanted
