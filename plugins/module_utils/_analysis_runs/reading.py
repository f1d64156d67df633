# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading templates and analysis runs from the cluster. Private to this collection."""

from __future__ import annotations

import difflib

from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import ANALYSIS_RUN, ANALYSIS_TEMPLATE, CLUSTER_ANALYSIS_TEMPLATE, ROLLOUT, Kind
from .._kube.namespaces import check_namespace
from .._types import Obj
from .state import rollout_of
from .templates import Ref, Template, with_nested


def read_templates(kube: Kube, namespace: str, refs: list[Ref]) -> list[Template]:
    """Return the named templates and those they refer to.

    Raises:
        DeliveryError: one does not exist (with the name that may have been meant), or cannot be read.
    """

    def read(ref: Ref, user: str) -> Obj:
        found = kube.find(_kind(ref), None if ref.cluster else namespace, ref.name) if ref.name else None
        if found is None:
            raise _unknown_template(kube, namespace, ref, user)
        return found

    return with_nested(refs, read)


def read_runs(kube: Kube, namespace: str, names: list[str], rollouts: list[str], labels: str) -> list[Obj]:
    """Return the runs of a namespace that the labels choose.

    Raises:
        DeliveryError: a run or a Rollout of those names does not exist, or nothing can be read.
    """
    # One name by field selector: that is all a role with resourceNames allows.
    fields = f"metadata.name={names[0]}" if len(names) == 1 else None
    items = kube.list(ANALYSIS_RUN, namespace, labels=labels or None, fields=fields).items
    if not items:
        check_namespace(kube, namespace)
    known = {item["metadata"]["name"] for item in items}
    missing = [name for name in names if name not in known]
    if missing:
        raise _unknown(kube, namespace, ANALYSIS_RUN, missing, f" with the labels {labels}" if labels else "")
    _check_rollouts(kube, namespace, [name for name in rollouts if name not in {rollout_of(item) for item in items}])
    return items


def _check_rollouts(kube: Kube, namespace: str, names: list[str]) -> None:
    """Refuse Rollouts that do not exist: no run of a misspelt one would look like a Rollout without a bad run."""
    missing = [name for name in names if kube.find(ROLLOUT, namespace, name) is None]
    if missing:
        raise _unknown(kube, namespace, ROLLOUT, missing)


def _kind(ref: Ref) -> Kind:
    return CLUSTER_ANALYSIS_TEMPLATE if ref.cluster else ANALYSIS_TEMPLATE


def _unknown_template(kube: Kube, namespace: str, ref: Ref, user: str) -> DeliveryError:
    if not ref.cluster:
        check_namespace(kube, namespace)
    error = _unknown(kube, namespace, _kind(ref), [ref.name], f", which {user} refers to" if user else "")
    other = Ref(ref.name, not ref.cluster)
    if not user and ref.name in _names(kube, _kind(other), namespace):
        option = "cluster_templates" if other.cluster else "templates"
        error.hint = f"there is {'a' if other.cluster else 'an'} {other.title}: name it in {option}"
    return error


def _unknown(kube: Kube, namespace: str, kind: Kind, missing: list[str], rest: str = "") -> DeliveryError:
    known = _names(kube, kind, namespace)
    near = difflib.get_close_matches(missing[0], known, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = (
            f"there are {', '.join(known[:10])}{' and more' if known[10:] else ''}" if known else "there is none at all"
        )
    place = f" in namespace {namespace}" if kind.namespaced else ""
    return DeliveryError(
        f"there is no {kind.name} {', '.join(missing)}{place}{rest}",
        reason=f"{kind.name}NotFound",
        hint=hint,
        where=kube.cluster,
    )


def _names(kube: Kube, kind: Kind, namespace: str) -> list[str]:
    try:
        found = kube.list(kind, namespace if kind.namespaced else None).items
    except ApiFailure:
        # It is only for a hint: a role may allow no more than the named ones.
        return []
    return sorted(str(item["metadata"]["name"]) for item in found)
