# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Retry: release an aborted revision again, from its first step. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model import View
from ..moves import Await, Done, Guards, Move, Send, refuse, refuse_deployment, unseen_template
from ..states import broken


@dataclass(frozen=True)
class Retry:
    """What is asked: only what the caller saw may be tried again."""

    guards: Guards = field(default_factory=Guards)

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        if sent:
            return self._after(before, now)
        refuse_deployment(now, "retried")
        if unseen_template(now):
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
        if not now.aborted:
            return self._not_aborted(now)
        if now.raw["spec"].get("paused"):
            raise refuse(
                now, "it is paused by hand (spec.paused), and a retry would not go on", "resume it first, then retry it"
            )
        return Send({"status": {"abort": False}}, subresource="status")

    def _not_aborted(self, now: View) -> Move:
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        if broken(now):
            raise refuse(now, f"it was not aborted, so a retry changes nothing: {broken(now)}", "release it anew")
        stands = f"revision {now.revision} is on its way" if now.in_flight else f"revision {now.revision} is live"
        return Done(f"there is nothing to try again: {stands}")

    def _after(self, before: View, now: View) -> Move:
        if now.current_hash != before.current_hash:
            raise refuse(
                now, f"another template ({now.current_hash}) was released meanwhile", "look at it again", "Overtaken"
            )
        if now.aborted and now.phase.settled and _aborted_at(now) != _aborted_at(before):
            raise refuse(now, f"it was aborted again: {now.phase.message}", "look at its analysis runs", "Aborted")
        # For a moment the status still holds the condition of the abort; phase.unobserved knows it.
        if now.aborted or not now.phase.settled:
            return Await(f"the controller to begin again ({now.phase.message})")
        return Done(f"revision {now.revision} is released again, from its first step")


def _aborted_at(view: View) -> str:
    return str((view.raw.get("status") or {}).get("abortedAt") or "")
