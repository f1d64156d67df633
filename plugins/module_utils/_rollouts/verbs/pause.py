# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Pause and resume: hold a workload by hand, and let it go on where it was. Pure functions. Private to this collection.

A pause by hand (spec.paused) is another thing than the pause of a step: it holds whatever step there is, and ends by a resume,
which passes no step. The plugin ends it by a promotion, which does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import phase as phases
from ..model import View
from ..moves import Await, Done, Guards, Move, Send, refuse, unseen_template


@dataclass(frozen=True)
class Pause:
    """What is asked: only what the caller saw may be paused."""

    guards: Guards = field(default_factory=Guards)

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        held = bool(now.raw["spec"].get("paused"))
        if sent:
            return self._after(now, held)
        if unseen_template(now):
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
        if held:
            return Done(f"it is paused by hand already{_where(now)}")
        return Send({"spec": {"paused": True}}, pinned=self.guards.given)

    def _after(self, now: View, held: bool) -> Move:
        if not held:
            raise refuse(now, "somebody resumed it meanwhile", "look at it again", "Overtaken")
        # An aborted rollout stays Degraded while it is paused, and so does one with an invalid spec.
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        if now.phase.name not in (phases.PAUSED, phases.DEGRADED):
            return Await(f"the controller to pause it ({now.phase.name})")
        return Done(f"it is paused by hand{_where(now)}; analysis runs go on measuring")


@dataclass(frozen=True)
class Resume:
    """What is asked: only what the caller saw may go on."""

    guards: Guards = field(default_factory=Guards)

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        held = bool(now.raw["spec"].get("paused"))
        if sent:
            return self._after(now, held)
        if unseen_template(now):
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
        if not held:
            return Done(f"it is not paused by hand{_still(now)}")
        return Send({"spec": {"paused": False}}, pinned=self.guards.given)

    def _after(self, now: View, held: bool) -> Move:
        if held:
            raise refuse(now, "somebody paused it again meanwhile", "look at it again", "Overtaken")
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        if now.phase.name == phases.PAUSED and now.phase.message == "manually paused":
            return Await("the controller to let it go on")
        if now.aborted and now.in_flight:
            return Done("it goes on with its abort, which rollout_abort brings to its end")
        return Done(f"it goes on{_where(now)}{_still(now)}")


def _where(view: View) -> str:
    if view.step is None or not view.in_flight:
        return ""
    return f" in step {view.step.index} of {view.step.total}"


def _still(view: View) -> str:
    reasons = [reason for reason in view.pause_reasons if reason != "ManualPause"]
    return f"; {', '.join(reasons)} still holds it, and rollout_promote ends that" if reasons else ""
