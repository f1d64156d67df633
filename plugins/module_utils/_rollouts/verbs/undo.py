# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Undo: bring back the pod template of a revision that was promoted. Pure functions. Private to this collection.

In flight that is the stable one: restoring its template was measured to work where an abort does not (blue-green with sick
pods, after a full promotion), and without the canary Service flapping. At rest it is the one promoted before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..._types import Obj
from .. import phase as phases
from ..history import PROMOTED, RELEASE, marked_rolled_back, promoted, promoted_after_change, release_of
from ..model import View
from ..moves import Await, Done, Guards, Move, Send, refuse, refuse_without_template
from ..states import on_stable
from ..template import template_of
from ..view import revision_of


@dataclass(frozen=True)
class Undo:
    """What is asked: where to go back to, and whether to pass the steps (`full`) once the template is back.

    Args:
        to_revision: revision number of the target, None for the last promoted.
        to_hash: pod-template hash of the target; wins over `to_revision`.
        full: after promotion, release the target at once, without its steps and analyses.
        guards: what the caller approved.
    """

    to_revision: int | None = None
    to_hash: str = ""
    full: bool = False
    guards: Guards = field(default_factory=Guards)

    def __call__(self, before: View, now: View, sent: int) -> Move:
        """Return what to do next; see `moves.Verb`."""
        # With workloadRef the Rollout is written to first, and then what it refers to.
        prepared = int(before.template_owner is not before.raw and bool(self._record(before)))
        if sent < 1 + prepared:
            return self._first(now, prepare=sent < prepared)
        target = self.target(before)
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        if now.current_hash != target:
            return Await(f"the controller to take the template of {target} (now {now.current_hash})")
        if now.kind == "Deployment":
            if now.phase.name != phases.HEALTHY:
                return Await(f"its pods ({now.phase.message or now.phase.name})")
            return Done(f"{target} serves all traffic again as revision {now.revision}")
        if now.in_flight:
            if not self.full:
                return Done(f"the template of {target} is back and goes through its steps like any release")
            if not (now.raw["status"] or {}).get("promoteFull") and sent == 1 + prepared:
                return Send({"status": {"promoteFull": True}}, subresource="status")
            return Await(f"{target} to be stable ({now.phase.message or now.phase.name})")
        missing = on_stable(now)
        return Await(missing) if missing else Done(f"{target} serves all traffic again as revision {now.revision}")

    def target(self, view: View) -> str:
        """Return the hash to go back to.

        Raises:
            DeliveryError: there is none, or its ReplicaSet does not exist any more.
        """
        if self.to_hash or self.to_revision is not None:
            return self._named(view)
        if view.kind == "Rollout" and view.in_flight:
            return self._existing(view, view.stable_hash)
        if view.kind == "Rollout":
            for name in promoted(view.raw):
                if name != view.current_hash and name in view.hashes:
                    return name
        return _previous(view)

    def _first(self, now: View, *, prepare: bool) -> Move:
        # Before a new template was seen, the status speaks of the revision before it: one would go back too far.
        unborn = now.kind == "Rollout" and not now.stable_hash
        if not now.phase.settled and (unborn or "update to be observed" in now.phase.message):
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
        refuse_without_template(now)
        target = self.target(now)
        if target == now.current_hash and not now.in_flight:
            return Done(f"revision {now.revision} is live already")
        if not now.in_flight and now.kind == "Rollout" and _stale(now.hashes[target]):
            # The controller believes a ReplicaSet's status even while its pods are being removed.
            return Await(f"the status of ReplicaSet {target} to be current")
        if prepare:
            unpaused = {"spec": {"paused": False}} if now.raw["spec"].get("paused") else {}
            return Send({"metadata": {"annotations": self._record(now)}, **unpaused})
        return Send(self._patch(now, target), patch_type="json", to_template_owner=True)

    def _patch(self, now: View, target: str) -> list[Obj]:
        owner = now.template_owner
        patch: list[Obj] = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": owner["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/spec/template", "value": template_of(now.hashes[target])},
        ]
        if owner is now.raw and owner["spec"].get("paused"):
            # A paused rollout would keep its traffic where it is.
            patch.append({"op": "replace", "path": "/spec/paused", "value": False})
        if owner is now.raw:
            patch += _annotations_patch(owner, self._record(now))
        return patch

    def _record(self, now: View) -> dict[str, str]:
        record = {RELEASE: marked_rolled_back(release_of(now.raw))} if release_of(now.raw) else {}
        if now.kind == "Rollout":
            record[PROMOTED] = promoted_after_change(now.raw, leaving=now.current_hash)
        return record

    def _named(self, view: View) -> str:
        if self.to_hash:
            return self._existing(view, self.to_hash)
        for name, replica_set in view.hashes.items():
            if revision_of(replica_set) == self.to_revision:
                return name
        known = sorted(revision_of(item) for item in view.hashes.values())
        raise refuse(
            view,
            f"there is no revision {self.to_revision}; there are {', '.join(map(str, known)) or 'none'}",
            "revision numbers move when a revision comes back: name one that exists",
            "RevisionNotFound",
        )

    def _existing(self, view: View, name: str) -> str:
        if name in view.hashes:
            return name
        raise refuse(
            view,
            f"the ReplicaSet of {name or 'the stable revision'} does not exist any more",
            "release the wanted version anew",
            "RevisionNotFound",
        )


def record_patch(rollout: Obj) -> list[Obj]:
    """Return JSON patch operations that write the record of promoted hashes with a change of the template."""
    return _annotations_patch(rollout, {PROMOTED: promoted_after_change(rollout)})


def _annotations_patch(workload: Obj, record: dict[str, str]) -> list[Obj]:
    kept = {name: value for name, value in record.items() if value}
    if kept and not workload["metadata"].get("annotations"):
        return [{"op": "add", "path": "/metadata/annotations", "value": kept}]
    return [
        {"op": "add", "path": f"/metadata/annotations/{name.replace('/', '~1')}", "value": value}
        for name, value in kept.items()
    ]


def _previous(view: View) -> str:
    """Return the newest earlier revision that no analysis of its own has failed: the best guess without a record."""
    failed = {run.hash for run in view.runs if run.phase in ("Failed", "Error")}
    names = [name for name in view.hashes if name != view.current_hash and name not in failed]
    if view.in_flight and view.stable_hash in names:
        return view.stable_hash
    if not names:
        raise refuse(view, "there is no earlier revision to go back to", "release a good version", "RevisionNotFound")
    return max(names, key=lambda name: revision_of(view.hashes[name]))


def _stale(replica_set: Obj) -> bool:
    metadata, status = replica_set["metadata"], replica_set.get("status") or {}
    if int(status.get("observedGeneration") or 0) != int(metadata.get("generation") or 0):
        return True
    return int(status.get("replicas") or 0) != int((replica_set.get("spec") or {}).get("replicas") or 0)
