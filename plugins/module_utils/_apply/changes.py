# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which fields of an object differ, as paths for people and programs. Pure functions. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .._types import Obj

# What may stand behind a dot; any other name stands in brackets.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def changed_fields(before: Obj, after: Obj) -> list[str]:
    """Return the paths that were changed, added or removed, e.g. ``spec.template.spec.containers[app].image``.

    Of something added or removed as a whole it is the path of the whole. Values are never told.
    """
    return list(_differences(before, after, ""))


def _differences(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _one(before, after, key, _step(path, str(key)))
        return
    if isinstance(before, list) and isinstance(after, list):
        left, right = _by_name(before), _by_name(after)
        if left and right and left != right:
            for key in [*left, *(key for key in right if key not in left)]:
                yield from _one(left, right, key, f"{path}[{key}]")
            return
        if not left and len(before) == len(after):
            for index, (one, other) in enumerate(zip(before, after)):
                yield from _differences(one, other, f"{path}[{index}]")
            return
    # A value, a list of another length, or the same elements in another order.
    yield path


def _one(before: Obj, after: Obj, key: str, path: str) -> Iterator[str]:
    if key in before and key in after:
        yield from _differences(before[key], after[key], path)
    else:
        yield path


def _by_name(items: list[Any]) -> Obj:
    """Return the elements of a list by their names, nothing when not each has a name of its own."""
    found = {str(item["name"]): item for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)}
    return found if len(found) == len(items) else {}


def _step(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
