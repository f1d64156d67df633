# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Abort: stop a revision in flight and go back to the stable one. Pure functions. Private to this collection.

The controller ignores an abort after a full promotion, does not finish one of a paused rollout, and never switches a
blue-green back while a new pod is not ready. So the abort also withdraws the full promotion and the pause, and where the
switch does not come, the stable template is restored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..model import BLUE_GREEN, View
from ..moves import Await, Done, Guards, Move, Send, refuse, refuse_deployment
from ..states import on_stable
from ..template import template_of


@dataclass(frozen=True)
class Abort:
    """What is asked: only what the caller saw may be aborted."""

    guards: Guards = field(default_factory=Guards)

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        if sent:
            return self._after(before, now)
        refuse_deployment(now, "aborted")
        if not now.phase.settled and "observed" in now.phase.message:
            # An abort in the same instant as a new template is erased by it.
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
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
            missing = on_stable(now)
            return (
                Await(missing) if missing else Done(f"{now.stable_hash} serves all traffic; its template was restored")
            )
        if not now.aborted or not (now.raw["status"] or {}).get("abortedAt"):
            return Await("the controller to abort")
        if now.raw["spec"].get("paused"):
            return Send({"spec": {"paused": False}})
        missing = on_stable(now)
        if not missing:
            return Done(f"revision {before.revision} is aborted, {now.stable_hash} serves all traffic")
        if now.phase.settled and now.strategy == BLUE_GREEN and _stuck(now) and now.stable_hash in now.hashes:
            return Send(
                [
                    {
                        "op": "test",
                        "path": "/metadata/resourceVersion",
                        "value": now.template_owner["metadata"]["resourceVersion"],
                    },
                    {"op": "replace", "path": "/spec/template", "value": template_of(now.hashes[now.stable_hash])},
                ],
                patch_type="json",
                to_template_owner=now.template_owner is not now.raw,
            )
        return Await(missing)


def _stuck(view: View) -> bool:
    """Return whether the active Service still selects the bad pods and the controller will not switch it."""
    current = view.hashes.get(view.current_hash) or {}
    available = int((current.get("status") or {}).get("availableReplicas") or 0)
    return view.traffic.main == view.current_hash and available < view.replicas.desired
