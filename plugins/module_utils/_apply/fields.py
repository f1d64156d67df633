# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who owns which field of an object, read from its managedFields. Pure functions.

Private: other collections must not import it. The format is FieldsV1 of the Kubernetes API: ``f:name`` is a field,
``k:{...}`` a list element by its keys, ``v:...`` a set element by its value, ``.`` the container itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .._types import Obj


@dataclass(frozen=True)
class Owner:
    """A manager that owns a field: its name, how it wrote (Apply or Update) and through which subresource."""

    manager: str
    operation: str
    subresource: str = ""


def owners(live: Obj, *path: str) -> list[Owner]:
    """Return who owns the field at `path`, e.g. ``owners(service, "spec", "selector")``."""
    return [
        Owner(str(entry.get("manager", "")), str(entry.get("operation", "")), str(entry.get("subresource", "")))
        for entry in _entries(live)
        if _descend(entry.get("fieldsV1"), path) is not None
    ]


def extract(live: Obj, owner: Owner, *path: str) -> Any:
    """Return the part of ``live[path]`` that `owner` owns, or None when it owns nothing of it."""
    value: Any = live
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    for entry in _entries(live):
        if Owner(entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", "")) == owner:
            fields = _descend(entry.get("fieldsV1"), path)
            if fields is not None and value is not None:
                return _extract(value, fields)
    return None


def entry_of(live: Obj, owner: Owner) -> Obj | None:
    """Return the entry of managedFields that says what `owner` owns, None when it owns nothing."""
    return next((entry for entry in _entries(live) if _is(entry, owner)), None)


def extracted(live: Obj, entry: Obj) -> Obj:
    """Return the parts of an object that an entry of managedFields names."""
    found = _extract(live, entry.get("fieldsV1") or {})
    return found if isinstance(found, dict) else {}


def adopted(live: Obj, adopter: Owner, adoptee: Owner) -> list[Obj] | None:
    """Return managedFields in which `adopter` also owns what `adoptee` owned, or None when there is nothing to adopt.

    The same move as ``kubectl apply --server-side`` makes for fields once written by a client-side apply: without it a
    field that a patch of ours brought back could never be removed by an apply of ours.
    """
    entries = [dict(entry) for entry in _entries(live)]
    source = next((entry for entry in entries if _is(entry, adoptee)), None)
    if source is None:
        return None
    target = next((entry for entry in entries if _is(entry, adopter)), None)
    if target is None:
        source["operation"] = adopter.operation
        return entries
    target["fieldsV1"] = _union(target.get("fieldsV1") or {}, source.get("fieldsV1") or {})
    return [entry for entry in entries if entry is not source]


def _entries(live: Obj) -> list[Obj]:
    return (live.get("metadata") or {}).get("managedFields") or []


def _is(entry: Obj, owner: Owner) -> bool:
    return owner == Owner(entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", ""))


def _descend(fields: Any, path: tuple[str, ...]) -> Obj | None:
    for name in path:
        if not isinstance(fields, dict) or f"f:{name}" not in fields:
            return None
        fields = fields[f"f:{name}"]
    return fields if isinstance(fields, dict) else None


def _extract(value: Any, fields: Obj) -> Any:
    if not fields:
        # A leaf, or an atomic map or list: owned as a whole.
        return value
    inner = {key: below for key, below in fields.items() if key != "."}
    if isinstance(value, dict):
        return {
            key[2:]: _extract(value[key[2:]], below)
            for key, below in inner.items()
            if key.startswith("f:") and key[2:] in value
        }
    if isinstance(value, list):
        # In the order of the list, not of the fields: another order of the same elements is another pod template.
        return [part for element in value for part in _extract_element(element, inner)]
    return value


def _extract_element(element: Any, fields: Obj) -> list[Any]:
    for key, below in fields.items():
        mark, text = key.split(":", 1)
        if mark == "k" and isinstance(element, dict):
            keys: Obj = json.loads(text)
            if all(element.get(name) == value for name, value in keys.items()):
                # Only what was sent: a key that the server filled in (a port's protocol) is not the owner's.
                return [_extract(element, below)]
        elif mark == "v" and json.loads(text) == element:
            return [element]
    return []


def _union(left: Obj, right: Obj) -> Obj:
    both = dict(left)
    for key, below in right.items():
        both[key] = _union(both[key], below) if key in both else below
    return both
