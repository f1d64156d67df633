# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the cluster shows before and after a rollback, as the checks want it. Pure functions but for `missing`. Private."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._guard.preflight import Past, RollbackFacts, Target
from .._guard.recovery import RecoveryFacts
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import KNOWN
from .._rollouts.history import ROLLED_BACK, promoted
from .._rollouts.model import View
from .._types import Obj
from .record import Record, Rollback
from .release import before_promotion

CONTRACT = "delivery.tradesense.io/contract"
"""Annotation of a Rollout whose release removed something from the database: says what. Its predecessor cannot run any more."""


# Who writes a template that comes from Git, by the name under which they own fields.
_FROM_GIT = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
}


@dataclass(frozen=True)
class Around:
    """What a rollback depends on besides the Rollout.

    Attributes:
        missing: what `missing` gave for the target.
        room: what `capacity.room` gave for the target's pods.
        freeze: name of the freeze that is on; empty: none.
    """

    missing: tuple[str, ...] = ()
    room: int | None = None
    freeze: str = ""


def target_of(view: View, record: Record) -> str:
    """Return the hash to go back to: stable in flight, else what was promoted before; empty when there is none."""
    return view.stable_hash if view.in_flight else before_promotion(view, record.before)


def template_of(view: View, pod_hash: str) -> Obj:
    """Return the pod template of a revision, empty when its ReplicaSet is not there."""
    return ((view.hashes.get(pod_hash) or {}).get("spec") or {}).get("template") or {}


def rollback_facts(view: View, record: Record, around: Around, *, now: float, over_thresholds: bool) -> RollbackFacts:
    """Return the situation in which a rollback is wanted.

    Args:
        view: the Rollout.
        record: what is kept of it.
        around: what else matters.
        now: seconds since the epoch.
        over_thresholds: whether stable is over critical thresholds itself.
    """
    name = target_of(view, record)
    notes = view.raw["metadata"].get("annotations") or {}
    target = None
    if name:
        replica_set = view.hashes.get(name) or {}
        target = Target(
            hash=name,
            exists=name in view.hashes,
            promoted=name in promoted(view.raw) or name == record.before,
            banned=name in record.banned,
            desired=int((replica_set.get("spec") or {}).get("replicas") or 0)
            if view.in_flight
            else view.replicas.desired,
            available=int((replica_set.get("status") or {}).get("availableReplicas") or 0),
            over_thresholds=over_thresholds,
            missing_configuration=around.missing,
        )
    return RollbackFacts(
        now=now,
        current=view.current_hash,
        target=target,
        in_flight=view.in_flight,
        room=around.room,
        contract=CONTRACT in notes,
        migration=str(notes.get(CONTRACT) or ""),
        past=tuple(Past(each.at) for each in record.rollbacks),
        is_rollback=view.release.endswith(ROLLED_BACK),
        freeze=around.freeze,
        reapplied_by=reapplied_by(view.template_owner),
    )


def missing(kube: Kube, view: View, target: str) -> tuple[str, ...]:
    """Return the ConfigMaps and Secrets that the pods of a revision need and that are gone, as kind and name.

    Secrets are looked at only where the account may: nobody should have that right for this alone.
    """
    template = template_of(view, target)
    gone = []
    for kind, name in dict.fromkeys(_references(template.get("spec") or {})):
        try:
            found = kube.find_metadata(KNOWN["v1", kind], view.namespace, name)
        except ApiFailure as failure:
            if failure.code != 403:
                raise
            continue
        if found is None:
            gone.append(f"{kind} {name}")
    return tuple(gone)


def reapplied_by(owner: Obj) -> str:
    """Return who brings the pod template from Git, and would bring it back; empty: nobody, as far as field managers tell."""
    for entry in owner["metadata"].get("managedFields") or []:
        name = _FROM_GIT.get(str(entry.get("manager")))
        if name and "f:template" in ((entry.get("fieldsV1") or {}).get("f:spec") or {}):
            return name
    return ""


def recovery_facts(view: View, rollback: Rollback, now: float) -> RecoveryFacts:
    """Return what the cluster shows after a rollback.

    Args:
        view: the Rollout.
        rollback: what was done.
        now: seconds since the epoch.
    """
    replica_set = view.hashes.get(rollback.target) or {}
    # What was released since has its own weight and its own pods, and takes as many from the target as its steps say.
    another = view.in_flight and view.current_hash not in (rollback.bad, rollback.target)
    asked = int((replica_set.get("spec") or {}).get("replicas") or 0)
    return RecoveryFacts(
        now=now,
        started=rollback.at,
        target=rollback.target,
        stable=view.stable_hash,
        # Where no Service is known, the status is all there is.
        selected=view.traffic.main if view.traffic.known else view.stable_hash,
        ready_endpoints=view.traffic.ready.get(rollback.target, 0) if view.traffic.known else view.replicas.available,
        canary_weight=round(view.traffic.weight or 0) if view.in_flight and not another else 0,
        desired=asked if another else view.replicas.desired,
        available=int((replica_set.get("status") or {}).get("availableReplicas") or 0),
    )


def _references(spec: Obj) -> Iterator[tuple[str, str]]:
    """Yield what a pod cannot start without."""
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for source in container.get("envFrom") or []:
            yield from _named(source.get("configMapRef"), "ConfigMap")
            yield from _named(source.get("secretRef"), "Secret")
        for variable in container.get("env") or []:
            value = variable.get("valueFrom") or {}
            yield from _named(value.get("configMapKeyRef"), "ConfigMap")
            yield from _named(value.get("secretKeyRef"), "Secret")
    for volume in spec.get("volumes") or []:
        yield from _named(volume.get("configMap"), "ConfigMap")
        secret = volume.get("secret") or {}
        yield from _named({**secret, "name": secret.get("secretName")}, "Secret")


def _named(reference: Obj | None, kind: str) -> Iterator[tuple[str, str]]:
    if reference and reference.get("name") and not reference.get("optional"):
        yield kind, str(reference["name"])
