# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Finding out which Rollouts and Deployments a task means. Private to this collection."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from .._errors import DeliveryError
from .._kube.client import Kube, Listing
from .._kube.failures import ApiFailure
from .._kube.kinds import DEPLOYMENT, ROLLOUT, Kind
from .._kube.namespaces import check_namespace
from .._kube.watch import Selection
from .._types import Obj
from .choice import Choice


@dataclass
class Found:
    """The workloads of a choice.

    Attributes:
        names: their names; in the order they were given, else sorted.
        rollouts: the Rollouts among them.
        listings: the lists they were found in, from which watches can go on.
    """

    names: list[str] = field(default_factory=list)
    rollouts: list[Obj] = field(default_factory=list)
    deployments: list[Obj] = field(default_factory=list)
    listings: dict[Selection, Listing] = field(default_factory=dict)


def find(kube: Kube, namespace: str, choice: Choice) -> Found:
    """Return the workloads of a choice; only what the choice needs is listed.

    Raises:
        DeliveryError: a name that is neither a Rollout nor a Deployment, labels that match nothing, a missing namespace or
            missing CRDs.
    """
    found = Found()
    problem = _find_rollouts(kube, namespace, choice, found)
    known = [_name(item) for item in found.rollouts]
    missing = [name for name in choice.names or () if name not in known]
    if not choice.rollouts_only and (missing or (choice.names is None and choice.deployments)):
        _find_deployments(kube, namespace, choice, missing, found)
    missing = [name for name in missing if name not in [_name(item) for item in found.deployments]]
    if missing or not (found.rollouts or found.deployments):
        if problem is not None:
            raise problem
        check_namespace(kube, namespace)
        if missing or not choice.may_be_empty:
            raise _unknown(kube, namespace, choice, missing)
    referenced = _referenced(found.rollouts)
    if choice.names is None:
        found.names = sorted({*known, *(_name(item) for item in found.deployments if _name(item) not in referenced)})
    else:
        found.names = list(choice.names)
    _find_referenced(kube, namespace, referenced, found)
    return found


def _find_rollouts(kube: Kube, namespace: str, choice: Choice, found: Found) -> ApiFailure | None:
    selection = _selection(ROLLOUT, namespace, choice)
    try:
        listing = _list(kube, selection)
    except ApiFailure as failure:
        # Without Argo Rollouts there may still be Deployments, if only those are meant.
        if failure.reason == "MissingCRDs":
            return failure
        raise
    found.rollouts = _chosen(listing, choice)
    if found.rollouts or choice.names is None:
        found.listings[selection] = listing
    return None


def _find_deployments(kube: Kube, namespace: str, choice: Choice, missing: list[str], found: Found) -> None:
    names = tuple(missing) if choice.names is not None else None
    chosen = Choice(names, choice.labels)
    selection = _selection(DEPLOYMENT, namespace, chosen)
    listing = _list(kube, selection)
    found.deployments = _chosen(listing, chosen)
    found.listings[selection] = listing


def _find_referenced(kube: Kube, namespace: str, referenced: list[str], found: Found) -> None:
    # A Deployment may have the name of its Rollout.
    deployments = [listing for selection, listing in found.listings.items() if selection.kind == DEPLOYMENT]
    seen = {item["metadata"]["name"] for listing in deployments for item in listing.items}
    if any(name not in seen for name in referenced):
        selection = _selection(DEPLOYMENT, namespace, Choice(tuple(referenced)))
        found.listings.setdefault(selection, _list(kube, selection))


def _referenced(rollouts: list[Obj]) -> list[str]:
    """Return the names of the Deployments that hold Rollouts' pod templates."""
    references = [(item.get("spec") or {}).get("workloadRef") or {} for item in rollouts]
    return [str(reference.get("name")) for reference in references if reference.get("kind") == "Deployment"]


def _selection(kind: Kind, namespace: str, choice: Choice) -> Selection:
    # One name by field selector: that is all a role with resourceNames allows, and the least to follow.
    fields = f"metadata.name={choice.only}" if choice.only else None
    return Selection(kind, namespace, choice.labels or None, fields)


def _list(kube: Kube, selection: Selection) -> Listing:
    return kube.list(selection.kind, selection.namespace, labels=selection.labels, fields=selection.fields)


def _chosen(listing: Listing, choice: Choice) -> list[Obj]:
    return [item for item in listing.items if choice.names is None or _name(item) in choice.names]


def _name(item: Obj) -> str:
    return str(item["metadata"]["name"])


def _unknown(kube: Kube, namespace: str, choice: Choice, missing: list[str]) -> DeliveryError:
    known = sorted(_every_name(kube, namespace))
    near = difflib.get_close_matches(missing[0], known, n=1) if missing else []
    if near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = f"there are {', '.join(known)}" if known else "there is none at all; provision it first"
    both = not choice.rollouts_only and (missing or choice.deployments)
    kinds = "Rollout or Deployment" if both else "Rollout"
    return DeliveryError(
        f"there is no {kinds} {', '.join(missing) or choice.describe()} in namespace {namespace}",
        reason="RolloutNotFound",
        hint=hint,
        where=kube.cluster,
    )


def _every_name(kube: Kube, namespace: str) -> set[str]:
    names: set[str] = set()
    for kind in (ROLLOUT, DEPLOYMENT):
        try:
            names |= {_name(item) for item in kube.list(kind, namespace).items}
        except ApiFailure:
            # It is only for a hint: a role may allow no more than the named ones.
            continue
    return names
