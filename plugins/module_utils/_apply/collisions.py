# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Rollouts that would run a second set of pods beside a Deployment's, or lose the template they have from one.

Private to this collection. Both would have the labels that Services select by, so users' requests would go to either.
"""

from __future__ import annotations

from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import DEPLOYMENT
from .._types import Obj
from .item import Item
from .manifests import title


def refuse_collisions(kube: Kube, items: list[Item]) -> None:
    """Refuse Rollouts whose place a Deployment of the same name has; nothing was sent yet.

    Only asks the cluster when a Rollout is about to be made. Whoever may not list Deployments is not stopped by that.

    Raises:
        DeliveryError: says which, and how to move them.
    """
    rollouts = [item for item in items if item.manifest["kind"] == "Rollout" and has_template(item.manifest)]
    new = [item.manifest for item in rollouts if item.live is None]
    places = sorted({str(manifest["metadata"]["namespace"]) for manifest in new})
    refuse(
        [(item.manifest, item.live) for item in rollouts],
        [deployment for place in places for deployment in _deployments(kube, place)],
        kube.cluster,
    )


def refuse(rollouts: list[tuple[Obj, Obj | None]], deployments: list[Obj], cluster: str) -> None:
    """Refuse Rollouts that are not migrated, or not wholly.

    Args:
        rollouts: each one's manifest, with a pod template, and what is live of it.
        deployments: the Deployments of their namespaces.
        cluster: for the message.

    Raises:
        DeliveryError: says which, and how to move them.
    """
    referring = [manifest for manifest, live in rollouts if live and reference_of(live)]
    if referring:
        raise DeliveryError(
            "it takes its pod template from a Deployment by workloadRef: its migration is not finished; nothing was sent",
            reason="MigrationUnfinished",
            hint="finish it with playbooks/migrate.yml and migration_finish, or take it back with migration_undo",
            where=f"{cluster}, {', '.join(title(manifest) for manifest in referring)}",
        )
    taken = [
        manifest
        for manifest, live in rollouts
        if live is None and any(in_the_way(deployment, manifest) for deployment in deployments)
    ]
    if taken:
        raise DeliveryError(
            "a Deployment of the same name runs pods with the labels that the Rollout selects; nothing was sent",
            reason="DeploymentInTheWay",
            hint="move the service without a gap with playbooks/migrate.yml",
            where=f"{cluster}, {', '.join(title(manifest) for manifest in taken)}",
        )


def has_template(manifest: Obj) -> bool:
    """Return whether a Rollout's manifest brings a pod template of its own."""
    return "template" in (manifest.get("spec") or {})


def reference_of(rollout: Obj) -> Obj:
    """Return what a live Rollout takes its pod template from, empty when it has its own."""
    return dict((rollout.get("spec") or {}).get("workloadRef") or {})


def in_the_way(deployment: Obj, rollout: Obj) -> bool:
    """Return whether a Deployment has the name of a Rollout, and pods that this one would select."""
    here, there = deployment["metadata"], rollout["metadata"]
    labels = ((deployment["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    wanted = ((rollout["spec"].get("selector") or {}).get("matchLabels") or {}).items()
    return (here["name"], here.get("namespace")) == (there["name"], there.get("namespace")) and wanted <= labels.items()


def _deployments(kube: Kube, namespace: str) -> list[Obj]:
    try:
        return kube.list(DEPLOYMENT, namespace).items
    except ApiFailure as failure:
        if failure.code == 403:
            return []
        raise
