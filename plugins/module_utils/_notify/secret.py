# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A text that does not get into messages by accident. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Of shorter parts none is a secret by itself, and they may be words of messages.
_LONG = 6


class Secret:
    """A token, or an address that is as good as one; whoever needs it has to say `reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


NONE = Secret("")


def scrubbed(text: str, secrets: Iterable[Secret]) -> str:
    """Return a text without the secrets, should any of them have got into it, and without the longer parts of them."""
    for secret in secrets:
        whole = secret.reveal()
        # Names of hosts have hyphens too, and would take ordinary words out of the text.
        between = r"[/?&=]+" if "://" in whole else r"-+"
        for part in (whole, *sorted(re.split(between, whole), key=len, reverse=True)):
            if len(part) >= _LONG:
                text = text.replace(part, "***")
    return text
