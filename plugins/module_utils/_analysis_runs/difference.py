# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a run that exists is the one that is wanted. Pure functions. Private to this collection."""

from __future__ import annotations

from .._types import Obj
from .building import INSTANCE_ID
from .state import owner_of


def differences(wanted: Obj, found: Obj) -> list[str]:
    """Return in what a run differs from the manifest of the wanted one, in words and without any values."""
    owner = owner_of(found)
    words = [f"it belongs to {owner.get('kind')} {owner.get('name')}"] if owner else []
    ours, theirs = wanted["spec"], found.get("spec") or {}
    for part, key, what in (
        ("metrics", "name", "metric"),
        ("args", "name", "argument"),
        ("dryRun", "metricName", "dryRun of"),
        ("measurementRetention", "metricName", "measurementRetention of"),
    ):
        words += _items(ours.get(part) or [], theirs.get(part) or [], key, what)
    if ours.get("ttlStrategy") != theirs.get("ttlStrategy"):
        words.append("ttl")
    if _instance(wanted) != _instance(found):
        words.append("instance_id")
    return words


def _items(ours: list[Obj], theirs: list[Obj], key: str, what: str) -> list[str]:
    left, right = ({str(item.get(key)): item for item in items} for items in (ours, theirs))
    return [f"{what} {name}" for name in {**left, **right} if left.get(name) != right.get(name)]


def _instance(item: Obj) -> str:
    return str((item["metadata"].get("labels") or {}).get(INSTANCE_ID) or "")
