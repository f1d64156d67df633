# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The immutable ConfigMaps and Secrets that pods get their environment from. Private to this collection.

Each service has its own: they hold only the keys its catalog entry names, and the name ends with a hash of what is in
them. So a pod template always finds what it was released with, and a changed value changes only those services that
use it.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .._catalog.model import Service

_DIGITS = 10
# Names are seen by many who may not read the Secret. Guessing a weak value from forty bits of hash shall at least be slow.
_ROUNDS = 5000


@dataclass(frozen=True)
class Copy:
    """One immutable object: what it holds (key -> text), and the service whose pods get it."""

    service: str
    kind: Literal["ConfigMap", "Secret"]
    name: str
    data: Mapping[str, str]


def copy_of(entry: Service, kind: Literal["ConfigMap", "Secret"], data: Mapping[str, str]) -> Copy | None:
    """Return the copy that a service's pods get, None when there is nothing to hold.

    Args:
        entry: the service's normalised entry.
        kind: ConfigMap or Secret.
        data: key -> text, only what the service uses.
    """
    if not data:
        return None
    word = "config" if kind == "ConfigMap" else "secrets"
    return Copy(entry["service"], kind, f"{entry['name']}-{word}-{_hash(_text(data))}", dict(data))


def _text(data: Mapping[str, str]) -> str:
    return json.dumps(dict(data), sort_keys=True, separators=(",", ":"))


@functools.lru_cache(maxsize=256)
def _hash(text: str) -> str:
    """Return the hash of a content: ten hexadecimal digits, the same on every machine."""
    return hashlib.pbkdf2_hmac("sha256", text.encode(), b"tradesense-delivery", _ROUNDS).hex()[:_DIGITS]
