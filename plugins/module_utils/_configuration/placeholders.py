# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Placeholders such as ``${DB_PASSWORD}`` in Secrets, and the values that take their place. Private to this collection.

No message here ever holds a value: it names the Secret, the key and the placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from .._catalog.plain import plain
from .._catalog.problems import Place, nearest
from .._catalog.values import OBJECT_NAME, SECRET_KEY

DEFINITIONS = "tradesense_secrets"
VALUES = "tradesense_secret_values"

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# What is left of a placeholder that somebody mistyped or half filled in.
_UNRESOLVED = re.compile(r"\$\{|\{\{|<[A-Za-z][A-Za-z0-9 _-]*>")
# Words that documentation and templates use for a value nobody has given yet.
_EXAMPLES = frozenset(
    (
        *(
            "changeme",
            "change-me",
            "change_me",
            "replaceme",
            "replace-me",
            "replace_me",
            "insert-here",
            "todo",
            "tbd",
            "fixme",
        ),
        *("example", "placeholder", "default", "dummy", "test", "none", "null"),
        *("password", "passw0rd", "secret", "your-secret", "your-password", "your-key"),
    )
)
_EXAMPLE_PARTS = re.compile(
    r"(^|[/_-])your[/_-]|(^|[^a-z])(changeme|change[_-]me|replace[_-]?me)([^a-z]|$)|^x{3,}$|^\*+$"
)


def placeholders(definition: str) -> list[str]:
    """Return the names of the placeholders in a definition, in order."""
    return _PLACEHOLDER.findall(definition)


def read_definitions(written: object, found: list[str]) -> dict[str, dict[str, str]]:
    """Return Secret -> key -> definition; what is wrong is noted in ``found``."""
    place = Place(DEFINITIONS, found)
    copied = plain(written if written is not None else {})
    if not isinstance(copied, dict):
        place.refuse(copied, "a mapping of Secrets to their keys")
        return {}
    result: dict[str, dict[str, str]] = {}
    for name, keys in copied.items():
        here = place.key(str(name))
        OBJECT_NAME.read(name, here)
        if not isinstance(keys, dict) or not keys:
            here.problem("has no keys; give a mapping of keys to values, or remove it")
            continue
        result[str(name)] = {str(key): _definition(key, value, here.key(str(key))) for key, value in keys.items()}
    return result


def read_values(written: object, found: list[str]) -> dict[str, str]:
    """Return placeholder -> value as text; what is wrong is noted in ``found``, without the value."""
    place = Place(VALUES, found)
    copied = plain(written if written is not None else {})
    if not isinstance(copied, dict):
        place.problem("is not a mapping of placeholders to values")
        return {}
    result: dict[str, str] = {}
    for name, value in copied.items():
        if value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool)):
            result[str(name)] = "" if value is None else str(value)
        else:
            place.key(str(name)).problem("is neither a text nor a number")
    return result


def resolve(definition: str, values: Mapping[str, str], place: Place) -> str:
    """Return a definition with its placeholders filled in; what is wrong is noted at ``place``.

    Args:
        definition: a text with placeholders such as ``${DB_PASSWORD}``.
        values: placeholder -> value.
        place: the Secret's key.
    """
    for name in placeholders(definition):
        if name not in values:
            place.problem(f"${{{name}}} has no value; give {VALUES}.{name}{_near(name, values)}")
        elif why := _unusable(values[name]):
            place.problem(f"the value of ${{{name}}} ({VALUES}.{name}) {why}")
    resolved = _PLACEHOLDER.sub(lambda match: _fitting(match, values.get(match.group(1), "")), definition)
    if not placeholders(definition) and (why := _unusable(definition)):
        place.problem(f"its value {why}")
    return resolved


def _fitting(match: re.Match[str], value: str) -> str:
    """Return a value as its place needs it: what stands between ``://`` and ``@`` is a part of a URL (RFC 3986, 3.2.1)."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    inside = "://" in before and not re.search(r"[@/?#]", before.rsplit("://", 1)[1]) and "@" in after
    return quote(value, safe="") if inside else value


def _definition(key: object, value: object, place: Place) -> str:
    SECRET_KEY.read(key, place)
    if value is None or isinstance(value, bool) or not isinstance(value, (str, int, float)):
        place.problem("is neither a text nor a number")
        return ""
    return str(value)


def _unusable(value: str) -> str:
    word = value.strip().lower()
    if not word:
        return "is empty"
    if _UNRESOLVED.search(value):
        return "still has a placeholder in it"
    return "is an example, not a secret" if word in _EXAMPLES or _EXAMPLE_PARTS.search(word) else ""


def _near(name: str, values: Mapping[str, str]) -> str:
    advice = nearest(name, values) if values else ""
    return f" ({advice})" if advice.startswith("did you mean") else ""
