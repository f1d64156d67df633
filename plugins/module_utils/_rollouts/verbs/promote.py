# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Promote: let a paused rollout go on. Pure functions. Private to this collection.

The plugin's promote skips a step when it comes twice, turns a resume into a promotion, and reports success for requests the
controller erases. So: nothing is decided on a status that is not settled, every patch carries the resourceVersion it was
decided on, and the verb is done when the controller has moved.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import phase as phases
from ..model import BLUE_GREEN, CANARY, View
from ..moves import Await, Done, Guards, Move, Send, refuse, refuse_deployment
from ..states import broken, dead_end, on_stable


@dataclass(frozen=True)
class Promote:
    """What is asked: how far to promote, and what the caller approved."""

    full: bool = False
    skip_current_step: bool = False
    skip_all_steps: bool = False
    force: bool = False
    guards: Guards = field(default_factory=Guards)

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        if sent:
            return self._after(before, now, sent)
        refuse_deployment(now, "promoted")
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
        if not now.in_flight:
            return Done(f"revision {now.revision} is already promoted")
        if now.aborted and not (self.full and self.force):
            raise refuse(
                now,
                f"revision {now.revision} was aborted, and promoting it would release it unchecked",
                "fix and release anew, or retry it; full and force together release it all the same",
            )
        if broken(now) and not self.force:
            raise refuse(now, broken(now), "correct it and release anew; force promotes it all the same")
        return self._first(now)

    def _first(self, now: View) -> Move:
        status = now.raw.get("status") or {}
        if self.full:
            return (
                Await("the full promotion")
                if status.get("promoteFull")
                else Send({"status": {"promoteFull": True}}, subresource="status")
            )
        if now.raw["spec"].get("paused"):
            raise refuse(
                now,
                "it is paused by hand (spec.paused), and promoting it would also skip its step",
                "resume it first",
            )
        if self.skip_current_step or self.skip_all_steps:
            return self._skip(now)
        conditions = status.get("pauseConditions") or []
        if not conditions:
            raise refuse(now, f"it is not paused ({_stands(now)})", "wait for its pause, or use skip_current_step")
        if any(reason.startswith("Inconclusive") for reason in now.pause_reasons):
            return self._inconclusive(now)
        return Send({"status": {"pauseConditions": None}}, subresource="status")

    def _skip(self, now: View) -> Move:
        if now.strategy != CANARY or now.step is None:
            raise refuse(now, "it has no steps to skip", "use promote without skip_current_step and skip_all_steps")
        if now.step.index >= now.step.total:
            return Await("the promotion after the last step")
        if self.skip_current_step and "CanaryPauseStep" in now.pause_reasons:
            # With the index raised too, the controller would take the next pause as done.
            return Send({"status": {"pauseConditions": None}}, subresource="status")
        return _go_to(now.step.total if self.skip_all_steps else now.step.index + 1)

    def _inconclusive(self, now: View) -> Move:
        status = now.raw["status"]
        run = (status.get("canary") or {}).get("currentStepAnalysisRunStatus") or {}
        if now.strategy == CANARY and now.step and run.get("status") == "Inconclusive":
            return _go_to(min(now.step.index + 1, now.step.total))
        if not self.force:
            raise refuse(
                now,
                "its analysis was inconclusive: the controller would measure anew, and take the next pause as passed",
                "find out why nothing was measured, then abort, undo, or promote with force",
            )
        return Send({"status": {"pauseConditions": None}}, subresource="status")

    def _after(self, before: View, now: View, sent: int) -> Move:
        if now.current_hash != before.current_hash:
            raise refuse(
                now, f"another template ({now.current_hash}) was released meanwhile", "look at it again", "Overtaken"
            )
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        # Until the controller has worked, the status still holds the pause that is being ended: that is no dead end.
        same_pause = now.raw["status"].get("pauseConditions") == (before.raw.get("status") or {}).get("pauseConditions")
        end = dead_end(now, (["aborted"] if before.aborted else []) + (["paused"] if same_pause else []))
        if end:
            raise refuse(now, end, "the promotion did not take place", "Aborted")
        if self.full:
            if sent == 1 and now.raw["spec"].get("paused"):
                return Send({"spec": {"paused": False}})
            if now.in_flight:
                return Await(f"revision {now.revision} to be stable ({_stands(now)})")
            missing = on_stable(now)
            return Await(missing) if missing else Done(f"revision {now.revision} is fully promoted")
        return self._moved(before, now)

    def _moved(self, before: View, now: View) -> Move:
        if not now.in_flight:
            return Done(f"revision {now.revision} is promoted")
        if now.strategy == BLUE_GREEN:
            active = str((now.raw["status"].get("blueGreen") or {}).get("activeSelector") or "")
            if active == now.current_hash and now.traffic.main in ("", now.current_hash):
                return Done(f"revision {now.revision} is active")
            return Await(f"the active Service to switch ({_stands(now)})")
        if before.step and now.step and now.step.index > before.step.index:
            return Done(f"step {before.step.index} passed, now in step {now.step.index} of {now.step.total}")
        return Await(f"the controller to leave step {before.step.index if before.step else 0}")


def _go_to(step: int) -> Send:
    # With controllerPause left behind, the controller would take a pause that it enters now as ended by hand.
    body = {"pauseConditions": None, "controllerPause": False, "currentStepIndex": step}
    return Send({"status": body}, subresource="status")


def _stands(view: View) -> str:
    step = f", step {view.step.index} of {view.step.total}" if view.step else ""
    message = f": {view.phase.message}" if view.phase.message else ""
    return f"{view.phase.name}{message}{step}" if view.phase.name != phases.HEALTHY else view.phase.name
