# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The data of Secrets, as it can be applied again and again. Pure functions. Private to this collection.

The API server moves ``stringData`` into ``data`` and notes us as the owner of the former: a key that is left out the next
time would stay for ever. And it quotes what it rejects, in places where secrets have no business. So both are done here.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .._errors import DeliveryError
from .._types import Obj
from .manifests import title

_SORTS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (str, "a text"),
    (list, "a list"),
    (dict, "a mapping"),
)
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def folded(manifest: Obj) -> Obj:
    """Return a manifest; of a Secret with ``stringData`` put into ``data``, where it wins as it does in the API.

    Raises:
        DeliveryError: something that no Secret can hold; names the key, never the value.
    """
    if (manifest["apiVersion"], manifest["kind"]) != ("v1", "Secret"):
        return manifest
    texts, encoded = _part(manifest, "stringData"), _part(manifest, "data")
    data = {key: _valid(manifest, key, value) for key, value in encoded.items()}
    data |= {key: _encoded(manifest, key, value) for key, value in texts.items()}
    rest = {key: value for key, value in manifest.items() if key not in ("data", "stringData")}
    return {**rest, "data": data} if data or "data" in manifest else rest


def _part(manifest: Obj, name: str) -> dict[str, str]:
    part: Any = manifest.get(name) or {}
    if not isinstance(part, dict):
        raise _bad(manifest, f"{name} must be a mapping, not {_sort(part)}")
    for key, value in part.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise _bad(manifest, f"{name} has the key {key!r}: letters, digits, '-', '_' and '.' are allowed")
        if not isinstance(value, str):
            what = "has no value" if value is None else f"must be a text, not {_sort(value)}"
            raise _bad(manifest, f"{name}.{key} {what}", "put the value in quotes")
    return dict(part)


def _sort(value: object) -> str:
    """Return what a value is, in words: Ansible's own types have names that say nothing to a reader."""
    for sort, words in _SORTS:
        if isinstance(value, sort):
            return words
    return "anything else"


def _valid(manifest: Obj, key: str, value: str) -> str:
    # Line breaks are no part of it, as for the server: YAML blocks have some.
    text = value.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _bad(
            manifest, f"data.{key} is not base64", "encode the value, or put it into stringData as it is"
        ) from None
    return text


def _encoded(manifest: Obj, key: str, value: str) -> str:
    try:
        return base64.b64encode(value.encode()).decode()
    except UnicodeEncodeError:
        raise _bad(
            manifest, f"stringData.{key} has characters that are none", "put bytes into data, in base64"
        ) from None


def _bad(manifest: Obj, msg: str, hint: str = "") -> DeliveryError:
    hint = f"{hint}; nothing was sent" if hint else "nothing was sent"
    return DeliveryError(msg, reason="BadManifest", where=title(manifest), hint=hint)
