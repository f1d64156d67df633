# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Abort: stop a revision in flight and go back to the stable one. Pure functions. Private to this collection.

The controller ignores an abort after a full promotion and inside a rollback window, does not finish one of a paused rollout,
and never switches a blue-green back while a new pod is not ready. So the abort also withdraws the full promotion and the
pause, and where it does not help, the stable template is restored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model import BLUE_GREEN, View
from ..moves import Await, Done, Guards, Move, Send, refuse, refuse_deployment, refuse_overtaken, unseen_template
from ..states import on_stable
from .restoring import not_taken, restore


@dataclass(frozen=True)
class Abort:
    """What is asked: only what the caller saw may be aborted."""

    guards: Guards = field(default_factory=Guards)

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        if sent:
            return self._after(before, now)
        refuse_deployment(now, "aborted")
        if unseen_template(now):
            # An abort in the same instant as a new template is erased by it.
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
        refuse_overtaken(before, now)
        if not now.in_flight:
            raise refuse(
                now,
                f"nothing is in flight: revision {now.revision} is the stable one",
                "to take back a promoted revision, use rollout_undo",
            )
        if now.aborted:
            # The controller's own abort can hang in the same ways.
            hangs = on_stable(now) or now.raw["spec"].get("paused")
            return self._after(before, now) if hangs else Done(f"revision {now.revision} is aborted already")
        return Send({"status": {"abort": True, "promoteFull": False}}, subresource="status")

    def _after(self, before: View, now: View) -> Move:
        if not now.in_flight:
            return self._landed(before, now)
        if now.current_hash != before.current_hash:
            return self._elsewhere(before, now)
        if not now.phase.settled:
            return Await("the controller to abort")
        if now.raw["spec"].get("paused"):
            return Send({"spec": {"paused": False}})
        if not now.aborted:
            # It took the abort back, as it does on its way back to an earlier revision inside the rollback window.
            return _restore_stable(now) or Await("the controller to abort")
        missing = on_stable(now)
        if not missing:
            return Done(f"revision {before.revision} is aborted, {now.stable_hash} serves all traffic")
        hangs = now.strategy == BLUE_GREEN and _stuck(now)
        return (_restore_stable(now) if hangs else None) or Await(missing)

    def _landed(self, before: View, now: View) -> Move:
        if now.stable_hash != before.stable_hash:
            raise refuse(
                now,
                f"revision {before.revision} was promoted before it could be aborted",
                "to take it back, use rollout_undo",
                "Overtaken",
            )
        missing = on_stable(now)
        return Await(missing) if missing else Done(f"{now.stable_hash} serves all traffic; its template was restored")

    def _elsewhere(self, before: View, now: View) -> Move:
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        move = not_taken(before, now, before.stable_hash)
        if move is not None:
            return move
        raise refuse(
            now,
            f"the template of {before.stable_hash} is back, but the controller takes it for a new revision",
            "release it at once with rollout_promote and full",
            "NotRecognised",
        )


def _restore_stable(view: View) -> Send | None:
    return restore(view, view.stable_hash) if view.stable_hash in view.hashes else None


def _stuck(view: View) -> bool:
    """Return whether the active Service still selects the bad pods and the controller will not switch it."""
    current = view.hashes.get(view.current_hash) or {}
    available = int((current.get("status") or {}).get("availableReplicas") or 0)
    return view.traffic.main == view.current_hash and available < view.replicas.desired
