# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Carry a migration out: ask what is next, send it, look again. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .._apply.run import apply_set
from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.watch import Picture
from .._types import Obj
from .difference import fields_to_change
from .moves import Apply, Delete, Later, Move, Patch, Wait
from .reading import selections, situation_of
from .situation import Situation
from .wanted import Wanted

# Somebody else may write to an object between the look and the request; then it is looked at again.
_CONFLICTS_TOLERATED = 50
# Seconds without news after which one looks for oneself, and after which it is told again what is waited for.
_SILENCE_SECONDS = 5.0


@dataclass
class Outcome:
    """What a migration did: in words, and object by object for a diff (title, before, after); where it began and ended."""

    began: Situation
    ended: Situation
    steps: list[str] = field(default_factory=list)
    changes: list[tuple[str, Obj | None, Obj | None]] = field(default_factory=list)
    # Fields of the pod template that the next release changes, versions apart.
    differing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Course:
    """The way a migration goes: what must hold before it, and what is left to do."""

    check: Callable[[Situation], None]
    left: Callable[[Situation], Iterator[Move]]


def carry_out(
    kube: Kube, wanted: Wanted, course: Course, *, force: bool, timeout: float, say: Callable[[str], None]
) -> Outcome:
    """Bring a migration to the end of its course; in check mode, try all of its requests as dry runs.

    Raises:
        DeliveryError: something stands in the way, was refused, or took too long; its result says what was done.
    """
    deadline = time.monotonic() + timeout
    with Picture(kube, selections(wanted)) as picture:
        situation = situation_of(picture, wanted)
        course.check(situation)
        outcome = Outcome(situation, situation)
        if situation.deployment is not None:
            outcome.differing = fields_to_change(kube, wanted, situation.deployment["spec"]["template"])
        try:
            if kube.dry_run:
                for move in course.left(situation):
                    _try(kube, move, outcome, force)
            else:
                _until_done(kube, picture, wanted, course, outcome, force, deadline, timeout, say)
        except DeliveryError as error:
            error.result = {**error.result, "changed": bool(outcome.steps), "steps": outcome.steps}
            raise
        outcome.ended = situation_of(picture, wanted)
        return outcome


class _Waits:
    """Tells what is waited for: once, and again when it is something else after some seconds."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self._name, self._say = name, say
        self._text, self._next = "", 0.0

    def tell(self, text: str) -> None:
        """Tell it, unless it was told or the last one is only moments old."""
        if text != self._text and time.monotonic() >= self._next:
            self._text, self._next = text, time.monotonic() + _SILENCE_SECONDS
            self._say(f"{self._name}: waiting for {text}")


def _until_done(
    kube: Kube,
    picture: Picture,
    wanted: Wanted,
    course: Course,
    outcome: Outcome,
    force: bool,
    deadline: float,
    timeout: float,
    say: Callable[[str], None],
) -> None:
    waits, conflicts = _Waits(wanted.name, say), 0
    while True:
        move = next(course.left(situation_of(picture, wanted)), None)
        if move is None:
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeliveryError(
                f"not done within {timeout:g} s: {'waited for ' if isinstance(move, Wait) else 'still to do: '}{move.text}",
                reason="Timeout",
                hint="users are served all the same; run it again to go on, or take it back with undo",
                where=f"Deployment {wanted.name} in namespace {wanted.namespace}",
            )
        if isinstance(move, (Wait, Later)):
            waits.tell(move.text)
            if not picture.wait(min(left, _SILENCE_SECONDS)):
                picture.refresh()
            continue
        try:
            done = _send(kube, move, outcome, force)
        except ApiFailure as failure:
            # It is not what it was when that was decided, or it is gone.
            conflicts += 1
            stale = failure.code in (404, 409) or (failure.code == 422 and not failure.causes)
            if not stale or failure.causes or conflicts > _CONFLICTS_TOLERATED:
                raise
            done = False
        if done:
            waits = _Waits(wanted.name, say)
            say(f"{wanted.name}: {move.text}")
            outcome.steps.append(move.text)
        picture.refresh()


def _try(kube: Kube, move: Move, outcome: Outcome, force: bool) -> None:
    if isinstance(move, Wait):
        return
    if (
        isinstance(move, Later)
        or (isinstance(move, Patch) and move.target is None)
        or _send(kube, move, outcome, force)
    ):
        outcome.steps.append(move.text)


def _send(kube: Kube, move: Apply | Patch | Delete, outcome: Outcome, force: bool) -> bool:
    """Send one request; return whether it changed anything."""
    if isinstance(move, Apply):
        applied = apply_set(kube, list(move.manifests), namespace=None, force=force, keep_templates=True)
        outcome.changes += [
            (item.title, item.live, item.answer) for item in applied.items if item.action in ("created", "changed")
        ]
        return applied.changed
    target = move.target or {}
    metadata = target["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    title = f"{move.kind.name} {name} in namespace {namespace}"
    if isinstance(move, Delete):
        kube.delete(move.kind, namespace, name, uid=metadata["uid"], version=metadata["resourceVersion"])
        outcome.changes.append((title, target, None))
        return True
    body = move.body
    if isinstance(body, dict):
        body = {**body, "metadata": {**(body.get("metadata") or {}), "resourceVersion": metadata["resourceVersion"]}}
    answer = kube.patch(move.kind, namespace, name, body, patch_type=move.patch_type)
    outcome.changes.append((title, target, answer))
    return True
