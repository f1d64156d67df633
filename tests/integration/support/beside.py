# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Rollouts brought into many states at once, for two programs to tell of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import image

When = Callable[[Space, Obj], Any]
Do = Callable[[Space, str], None]
# Field -> what the plugin says and what we say.
Differences = dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class State:
    """One state of a Rollout.

    Args:
        manifests: the Rollout and what it needs; everything it makes itself begins with its name.
        until: whether it is there.
        moves: what is done on the way, each as soon as its condition holds.
        differs: the fields in which the two answers differ, with both of them: exactly these.
    """

    manifests: list[Obj]
    until: When
    moves: tuple[tuple[When, Do], ...] = ()
    differs: Differences = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the Rollout."""
        return next(str(item["metadata"]["name"]) for item in self.manifests if item["kind"] == "Rollout")


def podless(told: dict[str, list[str]], **also: list[str]) -> Differences:
    """The plugin tells these tags of images; we tell another image too, which has a role and no pods."""
    return {"images": (_tagged(told), _tagged({**told, **also}))}


def said(phase: str, message: str, *, instead_of: tuple[str, str]) -> Differences:
    """We say this phase and message, the plugin others."""
    pairs = {"phase": (instead_of[0], phase), "message": (instead_of[1], message)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _tagged(images: dict[str, list[str]]) -> dict[str, list[str]]:
    return {image(version): tags for version, tags in images.items()}


def bring_about(space: Space, states: Sequence[State], seconds: float = 150) -> None:
    """Create everything and lead each Rollout to its state, all at the same time."""
    waiting = {state.name: list(state.moves) for state in states}
    wanted = {state.name: state for state in states}
    for state in states:
        space.create(*state.manifests)

    def all_there() -> bool:
        items = {item["metadata"]["name"]: item for item in space.list("Rollout")}
        for name in list(waiting):
            while waiting[name] and waiting[name][0][0](space, items[name]):
                waiting[name].pop(0)[1](space, name)
                items[name] = space.get("Rollout", name)
            if not waiting[name] and wanted[name].until(space, items[name]):
                del waiting[name]
        return not waiting

    try:
        space.until(all_there, "all states", seconds, pause=0.25)
    except AssertionError as late:
        missing = "\n".join(_plight(space, name, len(moves)) for name, moves in waiting.items())
        raise AssertionError(f"{late}; not reached:\n{missing}") from None


def _plight(space: Space, name: str, moves: int) -> str:
    status = space.get("Rollout", name).get("status") or {}
    told = {key: status.get(key) for key in ("phase", "message", "currentStepIndex", "replicas", "abort")}
    return f"  {name}: {moves} moves to go, {told}"
