# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The way back to the Deployment, as long as the Rollout has no template of its own. Pure functions.

Private to this collection. The Deployment's pods are there before the Ingress is turned back, and that before the Rollout goes.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._errors import DeliveryError
from .._kube.kinds import DEPLOYMENT, INGRESS, ROLLOUT, SERVICE
from .._types import Obj
from .forward import retarget
from .moves import Delete, Later, Move, Patch, Wait
from .routes import restored
from .situation import Situation, available
from .wanted import CREATED, MARK, mark_of


def check(situation: Situation) -> None:
    """Raise when there is no way back.

    Raises:
        DeliveryError: the migration was finished, or there is nothing at all.
    """
    wanted = situation.wanted
    place = f"Deployment {wanted.name} in namespace {wanted.namespace}"
    if situation.deployment is None:
        raise DeliveryError(
            "it does not exist any more, so the migration cannot be taken back",
            reason="Finished",
            hint="take a release back with playbooks/rollback.yml",
            where=place,
        )
    if situation.rollout is not None and not situation.refers:
        raise DeliveryError(
            "the Rollout has a pod template of its own already, so the migration cannot be taken back",
            reason="Finished",
            hint="run the migration with finish to bring it to its end",
            where=place,
        )


def to_deployment(situation: Situation) -> Iterator[Move]:
    """Yield what is left until the Deployment's pods take all requests again, and nothing of the Rollout is there."""
    wanted, rollout = situation.wanted, situation.rollout
    if rollout is not None:
        yield from _pods(situation)
        for scaler in situation.scalers_of("Rollout"):
            yield retarget(situation, scaler, "apps/v1", "Deployment")
        yield from _traffic(situation)
        if rollout["metadata"].get("deletionTimestamp"):
            yield Wait(f"Rollout {wanted.name} to be gone")
        else:
            yield Delete(f"delete Rollout {wanted.name}", ROLLOUT, rollout)
    for kind, live in ((INGRESS, situation.ingresses), (SERVICE, situation.services)):
        for name, item in sorted(live.items()):
            if name in (*wanted.ingresses, *wanted.services) and mark_of(item) == CREATED:
                text = f"delete {kind.name} {name}"
                yield Later(text) if rollout is not None else Delete(text, kind, item)


def _pods(situation: Situation) -> Iterator[Move]:
    name, number = situation.wanted.name, max(situation.desired, 1)
    if situation.scale_down != "never":
        # Else the controller takes the pods away as they come.
        patch: Obj = {"spec": {"workloadRef": {"scaleDown": "never"}}}
        yield Patch(f"let the controller leave Deployment {name} alone", ROLLOUT, situation.rollout, patch)
    if situation.deployed < number:
        patch = {"spec": {"replicas": number}}
        yield Patch(f"scale Deployment {name} to {number}", DEPLOYMENT, situation.deployment, patch)
    if available(situation.deployment) < number:
        yield Wait(f"{number} pods of Deployment {name}, {available(situation.deployment)} are available")


def _traffic(situation: Situation) -> Iterator[Move]:
    wanted = situation.wanted
    for service in situation.old_services:
        ready = situation.ready(service, of_rollout=False)
        if ready < situation.desired:
            yield Wait(f"Service {service} to lead to {situation.desired} pods of the Deployment, {ready} are ready")
    for name, ingress in sorted(situation.ingresses.items()):
        noted = mark_of(ingress)
        if noted not in ("", CREATED):
            patch = {
                "metadata": {"annotations": {MARK: None}},
                "spec": {"rules": restored(ingress, noted, wanted.main)},
            }
            yield Patch(f"turn Ingress {name} back", INGRESS, ingress, patch)
