# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Sets: which objects belong together, so that what is not wanted any more can be found. Pure functions.

Private: other collections must not import it. Membership is a label. It changes only by an apply that names a set: one
that names none leaves an object in the set that it is in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .._errors import DeliveryError
from .._kube.kinds import KNOWN, Kind
from .._types import Obj
from .manifests import title

SET_LABEL = "delivery.tradesense.io/set"

# Every kind of which objects may ever be removed: those that the collection itself creates. Nothing that holds data or
# other objects (Namespace, CustomResourceDefinition, PersistentVolumeClaim), and nothing that a controller makes.
PRUNABLE: tuple[Kind, ...] = (
    *(
        KNOWN["v1", name]
        for name in ("ConfigMap", "Secret", "Service", "ServiceAccount", "ResourceQuota", "LimitRange")
    ),
    *(KNOWN["apps/v1", name] for name in ("Deployment", "StatefulSet")),
    KNOWN["batch/v1", "Job"],
    KNOWN["autoscaling/v2", "HorizontalPodAutoscaler"],
    KNOWN["policy/v1", "PodDisruptionBudget"],
    *(KNOWN["networking.k8s.io/v1", name] for name in ("Ingress", "NetworkPolicy")),
    *(KNOWN["rbac.authorization.k8s.io/v1", name] for name in ("Role", "RoleBinding")),
    *(KNOWN["argoproj.io/v1alpha1", name] for name in ("Rollout", "AnalysisTemplate")),
    Kind("route.openshift.io/v1", "Route", "routes"),
)
KIND_NAMES = [kind.name for kind in PRUNABLE]

_LABEL_VALUE = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Pruning:
    """What a task says about pruning.

    Args:
        name: the set.
        namespaces: where objects may be removed; None: where the task's own objects are.
        kinds: the kinds of which objects may be removed.
        limit: percent of the set that may be removed at once.
    """

    name: str
    namespaces: tuple[str, ...] | None = None
    kinds: tuple[Kind, ...] = PRUNABLE
    limit: int = 50


def pruning_of(name: str | None, namespaces: list[str] | None, kinds: list[str] | None, limit: int) -> Pruning | None:
    """Return what the options of a task say, None when nothing is to be pruned.

    Raises:
        DeliveryError: a name that no label could have, or a limit that is no share.
    """
    if name is None:
        return None
    if not _LABEL_VALUE.fullmatch(name):
        raise DeliveryError(
            f"prune: {name!r} cannot be the name of a set",
            reason="BadOption",
            hint="use up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends: it becomes a label",
        )
    if not 0 <= limit <= 100:
        raise DeliveryError(
            f"prune_limit: {limit} is no share", reason="BadOption", hint="give a number of percent from 0 to 100"
        )
    chosen = tuple(kind for kind in PRUNABLE if kinds is None or kind.name in kinds)
    return Pruning(name, None if namespaces is None else tuple(namespaces), chosen, limit)


def labelled(manifest: Obj, name: str) -> Obj:
    """Return a manifest as a member of a set.

    Raises:
        DeliveryError: it says itself that it is of another one.
    """
    labels = manifest["metadata"].get("labels") or {}
    if not isinstance(labels, dict):
        # The server says what is wrong with them.
        return manifest
    if labels.get(SET_LABEL, name) != name:
        raise DeliveryError(
            f"{title(manifest)} has the label {SET_LABEL} of another set: {labels[SET_LABEL]}",
            reason="BadManifest",
            hint="leave the label out of the manifest: option prune sets it",
        )
    return {**manifest, "metadata": {**manifest["metadata"], "labels": {**labels, SET_LABEL: name}}}
