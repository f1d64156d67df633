# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a verb does next: the vocabulary between decisions and requests. Private to this collection.

A verb is a pure function of the workload before it began, the workload now and how many requests it has sent. It is asked
again after every change that is seen, until it says Done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from .._errors import DeliveryError
from .._types import Obj
from .model import View


@dataclass(frozen=True)
class Send:
    """Patch the workload (or the owner of its pod template).

    Args:
        body: the patch; a merge patch gets the resourceVersion of the view it was decided on.
        pinned: False for a patch that is right whatever else was written meanwhile: then it gets none.
        patch_type: ``merge`` or ``json``.
        subresource: ``status`` or nothing.
        to_template_owner: whether it goes to what ``workloadRef`` names, where there is one.
    """

    body: Obj | Sequence[Obj]
    patch_type: str = "merge"
    subresource: str | None = None
    to_template_owner: bool = False
    pinned: bool = True


@dataclass(frozen=True)
class Await:
    """Wait for the controller; `what` completes the sentence "waiting for ..."."""

    what: str


@dataclass(frozen=True)
class Done:
    """The verb is done; `text` says what came of it."""

    text: str


Move: TypeAlias = "Send | Await | Done"
# before, now, number of requests sent -> what next
Verb = Callable[[View, View, int], Move]


@dataclass(frozen=True)
class Guards:
    """What the caller approved: a verb refuses to act on anything newer."""

    revision: int | None = None
    hash: str | None = None
    step: int | None = None

    @property
    def given(self) -> bool:
        """Whether anything was approved: then nothing newer may slip in between a look and a patch."""
        return self != Guards()

    def check(self, view: View) -> None:
        """Raise DeliveryError when the workload is not where the caller thinks it is."""
        step = view.step.index if view.step else None
        for name, expected, actual in (
            ("revision", self.revision, view.revision),
            ("hash", self.hash, view.current_hash),
            ("step", self.step, step),
        ):
            if expected is not None and expected != actual:
                raise refuse(
                    view,
                    f"{name} {expected} was expected, but it is at {name} {actual}",
                    "look at it again and approve what is there now",
                    "NotExpected",
                )


def refuse(view: View, msg: str, hint: str, reason: str = "Refused") -> DeliveryError:
    """Return the error of a verb that does not apply to the workload as it is."""
    return DeliveryError(msg, reason=reason, hint=hint, where=view.place)


def overtaken(before: View, now: View) -> bool:
    """Return whether somebody else changed the pod template since the first look: what was meant is not what is there."""
    one, other = ((view.template_owner.get("spec") or {}).get("template") for view in (before, now))
    return bool(one != other)


def refuse_overtaken(before: View, now: View) -> None:
    """Raise DeliveryError when somebody else changed the pod template since the first look."""
    if overtaken(before, now):
        raise refuse(
            now,
            f"another template was released meanwhile (now revision {now.revision})",
            "look at it again",
            "Overtaken",
        )


def refuse_without_template(view: View) -> None:
    """Raise DeliveryError when the pod template is held by something that is not there or no Deployment."""
    if not (view.template_owner.get("spec") or {}).get("template"):
        reference = (view.raw.get("spec") or {}).get("workloadRef") or {}
        raise refuse(
            view,
            f"its pod template is held by {reference.get('kind')} {reference.get('name')}, "
            "which does not exist or is no Deployment",
            "correct spec.workloadRef; only Deployments are supported there",
            "TemplateNotFound",
        )


def refuse_deployment(view: View, verb: str) -> None:
    """Raise DeliveryError for a verb that Deployments do not have."""
    if view.kind == "Deployment":
        raise refuse(
            view, f"a Deployment cannot be {verb}", "this verb is for Rollouts (strategies canary and blue_green)"
        )


def unseen_template(view: View) -> bool:
    """Return whether the controller has not yet seen the newest spec: what is live is then not known."""
    return not view.phase.settled and "observed" in view.phase.message
