# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything a migration looks at, kept up to date. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable

from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import (
    ANALYSIS_TEMPLATE,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    HPA,
    INGRESS,
    RESOURCE_QUOTA,
    ROLLOUT,
    SERVICE,
)
from .._kube.watch import Picture, Selection
from .._types import Obj
from .situation import Situation
from .wanted import Wanted


def selections(wanted: Wanted) -> list[Selection]:
    """Return what a migration follows, and what it looks at only once."""
    name, namespace = f"metadata.name={wanted.name}", wanted.namespace
    return [
        Selection(ROLLOUT, namespace, fields=name),
        Selection(DEPLOYMENT, namespace, fields=name),
        *(Selection(kind, namespace) for kind in (SERVICE, INGRESS, ENDPOINT_SLICE)),
        *(Selection(kind, namespace, live=False) for kind in (HPA, RESOURCE_QUOTA, ANALYSIS_TEMPLATE)),
    ]


def situation_of(picture: Picture, wanted: Wanted) -> Situation:
    """Return where the migration stands."""
    return Situation(
        wanted=wanted,
        deployment=next(iter(picture.objects(DEPLOYMENT)), None),
        rollout=next(iter(picture.objects(ROLLOUT)), None),
        services=_by_name(picture.objects(SERVICE)),
        ingresses=_by_name(picture.objects(INGRESS)),
        slices=picture.objects(ENDPOINT_SLICE),
        scalers=picture.objects(HPA),
        quotas=picture.objects(RESOURCE_QUOTA),
        templates=frozenset(_by_name(picture.objects(ANALYSIS_TEMPLATE))),
    )


def read_workloads(kube: Kube, namespaces: Iterable[str]) -> tuple[dict[tuple[str, str], Obj], list[Obj]]:
    """Return the Rollouts of some namespaces by namespace and name, and the Deployments."""
    rollouts: dict[tuple[str, str], Obj] = {}
    deployments: list[Obj] = []
    for namespace in sorted(namespaces):
        try:
            rollouts |= {(namespace, item["metadata"]["name"]): item for item in kube.list(ROLLOUT, namespace).items}
        except ApiFailure as failure:
            # Whoever installs Argo Rollouts later has none yet.
            if failure.reason != "MissingCRDs":
                raise
        deployments += kube.list(DEPLOYMENT, namespace).items
    return rollouts, deployments


def _by_name(items: list[Obj]) -> dict[str, Obj]:
    return {item["metadata"]["name"]: item for item in items}
