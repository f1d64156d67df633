# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Collects what is wrong with a catalog, so that one run names every mistake. Private to this collection."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from .._errors import DeliveryError


@dataclass(frozen=True)
class Place:
    """Where a value stands, e.g. ``tradesense_services.user-service.replicas``, and the list that takes complaints."""

    path: str
    found: list[str] = field(default_factory=list)

    def key(self, name: str) -> Place:
        """Return the place of an entry of the mapping that stands here."""
        return Place(f"{self.path}.{name}", self.found)

    def index(self, number: int) -> Place:
        """Return the place of an item, counted from 0, of the list that stands here."""
        return Place(f"{self.path}[{number}]", self.found)

    def problem(self, text: str) -> None:
        """Note that the value here is wrong."""
        self.found.append(f"{self.path}: {text}")

    def refuse(self, value: object, accepted: str) -> None:
        """Note that ``value`` is not what is ``accepted`` here."""
        self.problem(f"{shown(value)} is not accepted; give {accepted}")


def raise_if_any(found: list[str], reason: str) -> None:
    """Raise one error that holds every problem.

    Raises:
        DeliveryError: there is a problem; ``reason`` is the word for programs.
    """
    if not found:
        return
    text = found[0] if len(found) == 1 else f"{len(found)} problems: " + "; ".join(found)
    raise DeliveryError(text, reason=reason)


def shown(value: object) -> str:
    """Return a value as a message shows it: its type's name when it is not a scalar, and never a long text."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the advice for a word that is not known: the nearest known one, or all of them."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f"did you mean {str(close[0])!r}?"
    return f"known: {', '.join(words)}" if words else "there is none"
