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
from ..moves import Await, Done, Guards, Move, Send, refuse, refuse_deployment, refuse_overtaken
from ..states import broken, dead_end, on_stable
from .inconclusive import judging, marches_on, run_names


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
        refuse_overtaken(before, now)
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
        if self.full:
            return self._fully(now)
        if _went_on_meanwhile(before, now) and not self.skip_all_steps:
            # Two promotions of the same pause at the same time: the second one must not end the next pause.
            return Done(f"somebody else promoted it meanwhile ({_stands(now)})")
        return self._first(now)

    def _fully(self, now: View) -> Move:
        if (now.raw.get("status") or {}).get("promoteFull"):
            return Await("the full promotion")
        return Send({"status": {"promoteFull": True}}, subresource="status")

    def _first(self, now: View) -> Move:
        if now.raw["spec"].get("paused"):
            raise refuse(
                now,
                "it is paused by hand (spec.paused), and promoting it would also skip its step",
                "resume it first",
            )
        skips = self.skip_current_step or self.skip_all_steps
        if skips and (now.strategy != CANARY or now.step is None):
            raise refuse(now, "it has no steps to skip", "use promote without skip_current_step and skip_all_steps")
        if judging(now, "Inconclusive"):
            return self._inconclusive(now, skips=skips)
        if skips:
            return self._skip(now)
        if not (now.raw.get("status") or {}).get("pauseConditions"):
            raise refuse(now, f"it is not paused ({_stands(now)})", "wait for its pause, or use skip_current_step")
        return Send({"status": {"pauseConditions": None}}, subresource="status")

    def _skip(self, now: View) -> Move:
        index, total = _index(now), now.step.total if now.step else 0
        if index >= total:
            return Await("the promotion after the last step")
        if self.skip_current_step and "CanaryPauseStep" in now.pause_reasons:
            # With the index raised too, the controller would take the next pause as done.
            return Send({"status": {"pauseConditions": None}}, subresource="status")
        return _go_to(total if self.skip_all_steps else index + 1)

    def _inconclusive(self, now: View, *, skips: bool) -> Move:
        """Pass an analysis that came to no verdict, where that passes nothing else."""
        if judging(now, "Inconclusive") == ["step"]:
            return self._skip(now) if skips else _go_to(_index(now) + 1)
        if marches_on(now):
            raise refuse(
                now,
                "its background analysis was inconclusive: promoted, it would measure anew, and while that is inconclusive "
                "too the controller passes every pause",
                "find out why nothing was measured, then abort and retry it, or take it back with rollout_undo; "
                "full releases it unchecked",
            )
        if skips:
            raise refuse(
                now,
                "its background analysis was inconclusive, and holds every step alike",
                "promote it with force, or with full",
            )
        if not self.force:
            raise refuse(
                now,
                "its analysis was inconclusive: the controller would measure anew",
                "find out why nothing was measured, then abort it, take it back with rollout_undo, or promote it with force",
            )
        return Send({"status": {"pauseConditions": None}}, subresource="status")

    def _after(self, before: View, now: View, sent: int) -> Move:
        if now.current_hash != before.current_hash:
            raise refuse(
                now, f"another template ({now.current_hash}) was released meanwhile", "look at it again", "Overtaken"
            )
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        move = self._after_full(now, sent) if self.full else self._moved(before, now)
        if isinstance(move, Await) or (now.aborted and not before.aborted):
            _refuse_dead_end(before, now)
        return move

    def _after_full(self, now: View, sent: int) -> Move:
        if sent == 1 and now.raw["spec"].get("paused"):
            return Send({"spec": {"paused": False}})
        if now.in_flight:
            return Await(f"revision {now.revision} to be stable ({_stands(now)})")
        missing = on_stable(now)
        return Await(missing) if missing else Done(f"revision {now.revision} is fully promoted")

    def _moved(self, before: View, now: View) -> Move:
        if not now.in_flight:
            # To end one pause of a canary, only the Rollout is followed: its ReplicaSets are as they were at the beginning.
            moves_all = self.skip_all_steps or now.strategy == BLUE_GREEN
            missing = on_stable(now) if moves_all else ""
            return Await(missing) if missing else Done(f"revision {now.revision} is promoted")
        if self.skip_all_steps:
            return Await(f"revision {now.revision} to be stable ({_stands(now)})")
        if judging(before, "Inconclusive") and run_names(now) - run_names(before):
            return Done(f"its analysis measures anew ({_stands(now)})")
        if now.strategy == BLUE_GREEN:
            if _active(now) == now.current_hash and now.traffic.main in ("", now.current_hash):
                return Done(f"revision {now.revision} is active")
            return Await(f"the active Service to switch ({_stands(now)})")
        if before.step and now.step and now.step.index > before.step.index:
            return Done(f"step {before.step.index} passed, now in step {now.step.index} of {now.step.total}")
        return Await(f"the controller to leave step {_index(before)}")


def _refuse_dead_end(before: View, now: View) -> None:
    # Until the controller has worked, the status still holds the pause that is being ended: that is no dead end.
    same_pause = now.raw["status"].get("pauseConditions") == (before.raw.get("status") or {}).get("pauseConditions")
    end = dead_end(now, (["aborted"] if before.aborted else []) + (["paused"] if same_pause else []))
    if end:
        raise refuse(now, end, "look at its analysis runs and pods; rollout_undo takes it back", "Aborted")


def _went_on_meanwhile(before: View, now: View) -> bool:
    """Return whether a pause that stood at our first look was ended since, without us."""
    held = before.paused or (before.raw.get("status") or {}).get("controllerPause")
    if not held or before.current_hash != now.current_hash:
        return False
    if now.strategy == BLUE_GREEN:
        return _active(now) == now.current_hash != _active(before)
    return bool(before.step and now.step and now.step.index > before.step.index)


def _active(view: View) -> str:
    """Return the hash that the active Service of a blue-green selects, as the controller last saw it."""
    return str(((view.raw.get("status") or {}).get("blueGreen") or {}).get("activeSelector") or "")


def _index(view: View) -> int:
    return view.step.index if view.step else 0


def _go_to(step: int) -> Send:
    # With controllerPause left behind, the controller would take a pause that it enters now as ended by hand.
    body = {"pauseConditions": None, "controllerPause": False, "currentStepIndex": step}
    return Send({"status": body}, subresource="status")


def _stands(view: View) -> str:
    step = f", step {view.step.index} of {view.step.total}" if view.step else ""
    message = f": {view.phase.message}" if view.phase.message else ""
    return f"{view.phase.name}{message}{step}" if view.phase.name != phases.HEALTHY else view.phase.name
