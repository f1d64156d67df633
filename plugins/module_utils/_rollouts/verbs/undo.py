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
from ..moves import Await, Done, Guards, Move, Send, overtaken, refuse, refuse_overtaken, refuse_without_template
from ..states import on_stable
from ..view import containers_of, revision_of
from .restoring import not_taken, restore

# Both forms of the template, the end of a pause and a full promotion.
_MOST_REQUESTS = 4


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
        prepared = int(_is_held_elsewhere(before) and bool(self._record(before)))
        if sent < 1 + prepared:
            return self._first(before, now, prepare=sent < prepared)
        if _is_held_elsewhere(now) and now.raw["spec"].get("paused"):
            # Only now that its template is good again may it go on.
            return Send({"spec": {"paused": False}})
        target = self.target(before)
        if not now.phase.settled:
            return Await(f"the controller ({now.phase.message})")
        if now.current_hash != target:
            move = not_taken(before, now, target)
            if move is not None:
                return move
        return self._after(now, target, may_send=sent < prepared + _MOST_REQUESTS)

    def _after(self, now: View, target: str, *, may_send: bool) -> Move:
        serves = f"{_name(now, target)} serves all traffic again as revision {now.revision}"
        if now.kind == "Deployment":
            if now.phase.name != phases.HEALTHY:
                return Await(f"its pods ({now.phase.message or now.phase.name})")
            return Done(serves)
        if now.in_flight:
            if not self.full:
                return Done(f"the template of {_name(now, target)} is back and goes through its steps like any release")
            if not (now.raw["status"] or {}).get("promoteFull") and may_send:
                return Send({"status": {"promoteFull": True}}, subresource="status")
            return Await(f"{_name(now, target)} to be stable ({now.phase.message or now.phase.name})")
        missing = on_stable(now)
        return Await(missing) if missing else Done(serves)

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

    def _first(self, before: View, now: View, *, prepare: bool) -> Move:
        # Before a new template was seen, the status speaks of the revision before it: one would go back too far.
        unborn = now.kind == "Rollout" and not now.stable_hash
        if not now.phase.settled and (unborn or "update to be observed" in now.phase.message):
            return Await(f"the controller ({now.phase.message})")
        self.guards.check(now)
        refuse_without_template(now)
        if before.phase.settled and overtaken(before, now) and now.current_hash == self.target(before):
            # Another undo was quicker: going back from there would bring back what is bad.
            return Done(f"somebody else brought {now.current_hash} back meanwhile")
        refuse_overtaken(before, now)
        target = self.target(now)
        if target == now.current_hash:
            return self._there_already(now)
        to_stable = now.in_flight and target == now.stable_hash
        if now.kind == "Rollout" and not to_stable and _stale(now.hashes[target]):
            # The controller believes a ReplicaSet's status even while its pods are being removed.
            return Await(f"the status of ReplicaSet {target} to be current")
        if prepare:
            return Send({"metadata": {"annotations": self._record(now)}})
        return restore(now, target, [] if _is_held_elsewhere(now) else self._with_template(now))

    def _there_already(self, now: View) -> Move:
        if not now.in_flight:
            return Done(f"revision {now.revision} is live already")
        if self.full:
            raise refuse(
                now,
                f"revision {now.revision} is on its way already",
                "to release it at once, use rollout_promote with full",
            )
        return Done(f"revision {now.revision} is on its way already")

    def _with_template(self, now: View) -> list[Obj]:
        # A paused rollout would keep its traffic where it is.
        unpaused = [{"op": "replace", "path": "/spec/paused", "value": False}] if now.raw["spec"].get("paused") else []
        return [*unpaused, *_annotations_patch(now.raw, self._record(now))]

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
    """Return the earlier revision to go back to where no record says which were promoted.

    Raises:
        DeliveryError: there is none; or there are several of a Rollout, of which some may have been aborted.
    """
    failed = {run.hash for run in view.runs if run.phase in ("Failed", "Error")}
    names = [name for name in view.hashes if name != view.current_hash and name not in failed]
    names.sort(key=lambda name: revision_of(view.hashes[name]))
    if view.in_flight and view.stable_hash in names:
        return view.stable_hash
    if not names:
        raise refuse(view, "there is no earlier revision to go back to", "release a good version", "RevisionNotFound")
    if view.kind == "Rollout" and len(names) > 1:
        raise refuse(
            view,
            f"it is not recorded which of its earlier revisions was promoted: {_listed(view, names)}",
            "name the good one with to_hash or to_revision",
            "NotRecorded",
        )
    return names[-1]


def _listed(view: View, names: list[str]) -> str:
    templates = {name: (view.hashes[name].get("spec") or {}).get("template") or {} for name in names}
    images = {name: ", ".join(str(item.get("image")) for item in containers_of(templates[name])) for name in names}
    return "; ".join(f"{revision_of(view.hashes[name])} ({name}, {images[name]})" for name in names)


def _is_held_elsewhere(view: View) -> bool:
    """Return whether the pod template is in the Deployment that ``workloadRef`` names."""
    return view.template_owner is not view.raw


def _name(view: View, target: str) -> str:
    """Return the target's hash, with the one that its template got where the controller did not find it again."""
    return target if view.current_hash == target else f"{target} (now {view.current_hash})"


def _stale(replica_set: Obj) -> bool:
    metadata, status = replica_set["metadata"], replica_set.get("status") or {}
    if int(status.get("observedGeneration") or 0) != int(metadata.get("generation") or 0):
        return True
    return int(status.get("replicas") or 0) != int((replica_set.get("spec") or {}).get("replicas") or 0)
