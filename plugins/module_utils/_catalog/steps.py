# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The steps of a canary, as a user writes them. Private to this collection."""

from __future__ import annotations

from .kinds import Kind
from .problems import Place, nearest
from .values import DURATION, OBJECT_NAME, PERCENT

MANUAL = "manual"
"""A pause without an end: somebody has to promote."""

_ACCEPTS = "one of 'weight: 10' (per cent), 'pause: 2m', 'pause: manual' or 'analysis: canary-analysis'"


def _read_step(value: object, place: Place) -> object:
    if not isinstance(value, dict) or len(value) != 1:
        place.refuse(value, _ACCEPTS)
        return {}
    ((word, given),) = value.items()
    here = place.key(str(word))
    if word == "weight":
        return {"kind": "weight", "weight": PERCENT.read(given, here)}
    if word == "pause":
        return {"kind": "pause", "duration": None if given == MANUAL else DURATION.read(given, here)}
    if word == "analysis":
        names = given if isinstance(given, list) and given else [given]
        return {"kind": "analysis", "templates": [OBJECT_NAME.read(name, here) for name in names]}
    here.problem(f"unknown step, {nearest(str(word), ('weight', 'pause', 'analysis'))} Accepted: {_ACCEPTS}")
    return {}


STEP = Kind(_ACCEPTS, _read_step)
