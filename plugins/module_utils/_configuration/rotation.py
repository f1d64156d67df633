# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a changed value touches. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._catalog.model import Service
from .._catalog.problems import nearest
from .._errors import DeliveryError
from .placeholders import DEFINITIONS, placeholders, read_definitions


@dataclass(frozen=True)
class Touched:
    """Whom a placeholder's value reaches.

    ``keys`` is Secret -> its keys with the placeholder; ``released`` are the services that get one of them and go out with
    a release, ``stateful`` those that a release leaves alone.
    """

    keys: dict[str, list[str]]
    released: list[str]
    stateful: list[str]


def touched(entries: Mapping[str, Service], definitions: object, placeholder: str) -> Touched:
    """Return whom the value of a placeholder reaches.

    Args:
        entries: the normalised catalog.
        definitions: Secret -> key -> text with placeholders, as written in the inventory.
        placeholder: its name, e.g. ``DB_PASSWORD``.

    Raises:
        DeliveryError: no Secret has that placeholder.
    """
    found: list[str] = []
    secrets = read_definitions(definitions, found)
    keys = {
        secret: with_it
        for secret, texts in secrets.items()
        if (with_it := [key for key, text in texts.items() if placeholder in placeholders(text)])
    }
    if not keys:
        every = {name for texts in secrets.values() for text in texts.values() for name in placeholders(text)}
        raise DeliveryError(
            f"no Secret of {DEFINITIONS} has the placeholder ${{{placeholder}}}, {nearest(placeholder, every)}",
            reason="UnknownSecret",
            hint="name the placeholder, not the key of a Secret",
        )
    users = [
        entry
        for entry in entries.values()
        if any(key in keys.get(secret, ()) for secret, used in entry["secrets"].items() for key in used)
    ]
    return Touched(
        keys,
        [entry["service"] for entry in users if entry["strategy"] != "stateful"],
        [entry["service"] for entry in users if entry["strategy"] == "stateful"],
    )


def unexpected(objects: list[Mapping[str, object]], expected: Mapping[str, list[str]]) -> list[str]:
    """Return which keys would change besides the expected ones, e.g. ``tradesense-db-credentials.DB_USERNAME``.

    Args:
        objects: what `apply` says of each object, with the paths of its changed fields.
        expected: Secret -> keys that may change.
    """
    return [
        f"{item['name']}.{key}"
        for item in objects
        for path in _paths(item.get("fields"))
        if path.startswith("data.") and (key := path.removeprefix("data.")) not in expected.get(str(item["name"]), ())
    ]


def _paths(value: object) -> list[str]:
    return [str(path) for path in value] if isinstance(value, list) else []
