# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Restart: replace all pods by new ones of the same template. Pure functions. Private to this collection.

Argo's controller evicts every pod that is older than ``spec.restartAt``, few at a time, and writes ``status.restartedAt`` with
the last eviction: not when the new pods are there, and while its numbers are still those of the old ones. So the pods themselves
are looked at. A Deployment has no such field: there a new annotation of its template makes new pods, as kubectl does.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field

from ..._errors import DeliveryError
from .. import phase as phases
from ..model import View
from ..moves import Await, Done, Guards, Move, Send, refuse, unseen_template

_ANNOTATION = "kubectl.kubernetes.io/restartedAt"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Restart:
    """What is asked: replace the pods that are older than a moment.

    Args:
        at: the moment, in UTC.
        named: whether the caller named it; a second call with the same moment then changes nothing.
        now: the present moment.
        guards: what the caller approved.
    """

    at: datetime.datetime
    named: bool
    now: datetime.datetime
    guards: Guards = field(default_factory=Guards)

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        if sent:
            return self._after(now)
        if unseen_template(now):
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
        done = self._done_before(now)
        if done:
            return done
        self._refuse(now)
        moment = self.at.strftime(_FORMAT)
        if now.kind == "Deployment":
            return Send({"spec": {"template": {"metadata": {"annotations": {_ANNOTATION: moment}}}}})
        return Send({"spec": {"restartAt": moment}})

    def _done_before(self, now: View) -> Move | None:
        asked = _asked(now)
        if asked is None:
            return None
        if self.named and asked >= self.at:
            # A moment that is still to come has been set, and nobody can wait for it here.
            return self._after(now) if asked <= self.now else Done(f"its pods restart at {asked.strftime(_FORMAT)}")
        if not self.named and now.kind == "Rollout" and not _restarted(now) and asked <= self.now:
            return Done(f"it is restarting already, since {asked.strftime(_FORMAT)}")
        return None

    def _refuse(self, now: View) -> None:
        if now.raw["spec"].get("paused"):
            raise refuse(
                now, "it is paused by hand (spec.paused), and the controller would not restart it", "resume it first"
            )
        invalid = phases.condition(now.raw, "InvalidSpec")
        if invalid:
            raise refuse(now, f"its spec is not valid: {invalid.get('message', '')}", "correct it first")
        if now.kind == "Deployment" and self.at > self.now:
            raise refuse(
                now, "the restart of a Deployment cannot be planned for later", "leave out at, or run this task then"
            )

    def _after(self, now: View) -> Move:
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        if now.kind == "Deployment":
            if now.phase.name != phases.HEALTHY:
                return Await(f"its new pods ({now.phase.message or now.phase.name})")
            return Done(f"all pods are newer than {self.at.strftime(_FORMAT)}")
        asked = _asked(now)
        if asked is not None and asked > self.now:
            return Done(f"its pods restart at {asked.strftime(_FORMAT)}")
        if not _restarted(now):
            return Await(f"the controller to replace its pods ({now.phase.message or now.phase.name})")
        missing = _missing(now, asked) if asked is not None else ""
        if missing:
            return Await(missing)
        return Done(f"all pods are newer than {_asked_text(now)}")


def moment_of(text: str) -> datetime.datetime:
    """Return a moment given as RFC 3339, in UTC and whole seconds, as Kubernetes keeps it.

    Raises:
        DeliveryError: it is none.
    """
    spelt = re.sub(r"[zZ]$", "+00:00", text.strip())
    try:
        moment = datetime.datetime.fromisoformat(spelt)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise DeliveryError(
            f"at: {text!r} is not a moment with a time zone",
            reason="BadOption",
            hint="write it as RFC 3339, e.g. 2026-11-24T03:30:00Z",
        )
    return moment.astimezone(datetime.UTC).replace(microsecond=0)


def _asked(view: View) -> datetime.datetime | None:
    if view.kind == "Rollout":
        text = view.raw["spec"].get("restartAt")
    else:
        metadata = view.raw["spec"]["template"].get("metadata") or {}
        text = (metadata.get("annotations") or {}).get(_ANNOTATION)
    try:
        return moment_of(str(text)) if text else None
    except DeliveryError:
        # Somebody else's spelling: as if nobody had asked.
        return None


def _asked_text(view: View) -> str:
    asked = _asked(view)
    return asked.strftime(_FORMAT) if asked else ""


def _restarted(view: View) -> bool:
    return bool(view.raw["spec"].get("restartAt") == (view.raw.get("status") or {}).get("restartedAt"))


def _missing(now: View, asked: datetime.datetime) -> str:
    """Return what the pods of a restarted Rollout still lack, empty when all are new and available."""
    for pod_hash, replica_set in now.hashes.items():
        wanted = int(replica_set["spec"].get("replicas") or 0)
        alive = [pod for pod in now.pods.get(pod_hash, ()) if pod.status != "Terminating"]
        new = [pod for pod in alive if moment_of(pod.created) >= asked]
        if len(new) < len(alive):
            old = len(alive) - len(new)
            return f"{old} old {'pod' if old == 1 else 'pods'} of {pod_hash} to go"
        ready = sum(pod.ready for pod in new)
        available = int((replica_set.get("status") or {}).get("availableReplicas") or 0)
        if min(ready, available) < wanted:
            return f"{min(ready, available)} of {wanted} new pods of {pod_hash} available"
    if not now.in_flight and now.phase.name == phases.PROGRESSING:
        # With nothing in flight the controller waits for nothing else than to count them.
        return f"the controller to count its new pods ({now.phase.message or now.phase.name})"
    return ""
