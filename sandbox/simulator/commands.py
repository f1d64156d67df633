# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads the bodies of control requests. Every fault is a ValueError whose message tells the user what to send."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import cast

from sandbox.simulator.behaviours import behaviour_named
from sandbox.simulator.records import Json
from sandbox.simulator.settings import LoadRule, Override

_LOAD_FIELDS = {"namespace", "name", "kind", "rps", "header_share"}
_PLACE_FIELDS = {"tag", "image", "namespace", "app", "hash"}


def read_object(body: bytes) -> Mapping[str, Json]:
    """The JSON object in a body."""
    try:
        value = cast(Json, json.loads(body))
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("the body must be a JSON object")
    return value


def read_load(body: Mapping[str, Json]) -> tuple[LoadRule | None, float | None, bool]:
    """A load rule (None: none was sent), the new header share (None: keep it), and whether to drop the rule.

    ``rps`` null drops the rule of that scope.
    """
    _only(body, _LOAD_FIELDS)
    share = _number(body, "header_share") if "header_share" in body else None
    if share is not None and share > 1:
        raise ValueError("header_share must be between 0 and 1")
    if "rps" not in body:
        if share is None:
            raise ValueError("send rps (requests a second) or header_share")
        return None, share, False
    kind = _string(body, "kind")
    if kind not in ("", "Ingress", "Service"):
        raise ValueError(f"kind must be Ingress or Service, not {kind!r}")
    drop = body["rps"] is None
    rule = LoadRule(
        rps=0.0 if drop else _number(body, "rps"),
        namespace=_string(body, "namespace"),
        name=_string(body, "name"),
        kind=kind,
    )
    if drop and not (rule.name or rule.namespace):
        raise ValueError("the default load cannot be dropped: send a number, or the name or namespace of a rule")
    return rule, share, drop


def read_override(body: Mapping[str, Json]) -> Override:
    """A behaviour override."""
    _only(body, _PLACE_FIELDS | {"behaviour"})
    name = _string(body, "behaviour")
    if not name:
        raise ValueError('behaviour is missing, for example {"tag": "v2.8.0", "behaviour": "errors20"}')
    behaviour = behaviour_named(name)
    place = {field: _string(body, field) for field in _PLACE_FIELDS}
    _check_place(place)
    return Override(behaviour=behaviour, **place)


def read_scope(body: Mapping[str, Json]) -> tuple[str, str, str, str, str] | None:
    """Which override to remove; None, from an empty object, for all of them."""
    _only(body, _PLACE_FIELDS | {"behaviour"})
    place = {field: _string(body, field) for field in _PLACE_FIELDS}
    if not any(place.values()):
        return None
    return (place["tag"], place["image"], place["namespace"], place["app"], place["hash"])


def _check_place(place: Mapping[str, str]) -> None:
    if not (place["tag"] or place["image"] or place["app"]):
        raise ValueError("say which pods: tag, image, or app (with hash for one revision)")


def _only(body: Mapping[str, Json], known: set[str]) -> None:
    unknown = sorted(set(body) - known)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}; there are {', '.join(sorted(known))}")


def _string(body: Mapping[str, Json], field: str) -> str:
    value = body.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{field} must be a string")
    return value


def _number(body: Mapping[str, Json], field: str) -> float:
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{field} must be a number of 0 or more")
    return float(value)
