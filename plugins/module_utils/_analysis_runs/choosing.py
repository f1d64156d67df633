# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which of the runs of a namespace somebody asks for. Pure functions. Private to this collection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from .._types import Obj
from .state import PHASES, kind_of, phase_of, rollout_of


def chosen(
    items: list[Obj],
    *,
    names: Collection[str] = (),
    rollouts: Collection[str] = (),
    phases: Collection[str] = (),
    kinds: Collection[str] = (),
) -> list[Obj]:
    """Return the runs that fit everything given, newest first; what is empty fits all."""
    found = [
        item
        for item in items
        if (not names or item["metadata"]["name"] in names)
        and (not rollouts or rollout_of(item) in rollouts)
        and (not phases or phase_of(item) in phases)
        and (not kinds or kind_of(item) in kinds)
    ]
    return sorted(
        found,
        key=lambda item: (item["metadata"].get("creationTimestamp") or "", item["metadata"]["name"]),
        reverse=True,
    )


def summary(items: list[Obj], namespace: str) -> str:
    """Return how many runs there are of each phase, in a sentence."""
    counts = Counter(phase_of(item) for item in items)
    detail = ", ".join(f"{counts[phase]} {phase}" for phase in PHASES if counts[phase])
    runs = "1 analysis run" if len(items) == 1 else f"{len(items)} analysis runs"
    return f"{runs} in namespace {namespace}{f': {detail}' if detail else ''}."
