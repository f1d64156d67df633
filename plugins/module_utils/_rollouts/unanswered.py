# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a request whose answer was lost was carried out. Pure functions. Private to this collection.

Sent again, such a request is refused, because its resourceVersion is stale: by its own doing, or by somebody else's. A verb
that took the one for the other would act twice, or report a failure of what it did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .._types import Obj

_Path = tuple[str, ...]


def carried_out(patch: Obj | Sequence[Obj], before: Obj, now: Obj) -> bool:
    """Return whether a patch was carried out.

    Args:
        patch: a merge patch, or the operations of a JSON patch.
        before: the object that the patch was decided on.
        now: the object as it is, perhaps already worked on by its controller.
    """
    if before["metadata"].get("uid") != now["metadata"].get("uid"):
        return False
    wanted = [(path, value) for path, value in _leaves(patch) if not _alike(_at(before, path), value)]
    return bool(wanted) and all(_done(path, value, before, now) for path, value in wanted)


def _done(path: _Path, value: Any, before: Obj, now: Obj) -> bool:
    if path[0] != "status":
        return _alike(_at(now, path), value)
    # The controller goes on from there: it enters the next pause, say. What it erases is the wish for a full promotion.
    if path == ("status", "promoteFull") and value:
        return bool(_at(now, path)) or not _alike(_at(now, ("status", "stableRS")), _at(before, ("status", "stableRS")))
    return not _alike(_at(now, path), _at(before, path))


def _leaves(patch: Obj | Sequence[Obj]) -> Iterator[tuple[_Path, Any]]:
    if isinstance(patch, dict):
        yield from (leaf for leaf in _merged((), patch) if leaf[0] != ("metadata", "resourceVersion"))
        return
    for operation in patch:
        if operation["op"] in ("add", "replace", "remove"):
            path = str(operation["path"]).split("/")[1:]
            yield tuple(part.replace("~1", "/").replace("~0", "~") for part in path), operation.get("value")


def _merged(path: _Path, value: Any) -> Iterator[tuple[_Path, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _merged((*path, str(key)), item)
    else:
        yield path, value


def _at(item: Any, path: _Path) -> Any:
    for part in path:
        if isinstance(item, dict):
            item = item.get(part)
        elif isinstance(item, list) and part.isdigit() and int(part) < len(item):
            item = item[int(part)]
        else:
            return None
    return item


def _alike(one: Any, other: Any) -> bool:
    # What is false or empty is not stored, or left out of an answer.
    return bool(one == other or (one in (None, False, "", [], {}) and other in (None, False, "", [], {})))
