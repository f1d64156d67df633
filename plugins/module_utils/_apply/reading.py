# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is live of a set of manifests, with as few requests as possible. Private to this collection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import HPA, Kind
from .definitions import UNSERVED
from .item import Item

# From this many objects of a kind in a namespace on, one list costs less than reading each.
_LIST_FROM = 4


def groups(items: Iterable[Item]) -> list[list[Item]]:
    """Return the items in groups that are read with one request each."""
    together: dict[tuple[Kind, str | None], list[Item]] = defaultdict(list)
    for item in items:
        together[item.kind, item.manifest["metadata"].get("namespace")].append(item)
    split: list[list[Item]] = []
    for (kind, _namespace), members in together.items():
        # Secrets are never listed: the right to list them is the right to read them all.
        listed = len(members) >= _LIST_FROM and kind.namespaced and kind.name != "Secret"
        split += [members] if listed else [[member] for member in members]
    return split


def read_group(kube: Kube, members: list[Item]) -> None:
    """Put what is live into the items of one group."""
    try:
        _read_members(kube, members)
    except ApiFailure as failure:
        # Members share their kind; one that is about to be defined has no objects yet.
        if not members[0].defined_here or failure.reason not in UNSERVED:
            raise


def _read_members(kube: Kube, members: list[Item]) -> None:
    kind, namespace = members[0].kind, members[0].manifest["metadata"].get("namespace")
    if len(members) > 1:
        try:
            live = {item["metadata"]["name"]: item for item in kube.list(kind, namespace).items}
        except ApiFailure as failure:
            if failure.code != 403:
                raise
        else:
            for member in members:
                member.live = live.get(member.manifest["metadata"]["name"])
            return
    for member in members:
        member.live = kube.find(kind, namespace, member.manifest["metadata"]["name"])


def scaled(kube: Kube, items: list[Item]) -> set[tuple[str, str | None, str]]:
    """Return the workloads an autoscaler targets, wanted or live; asks only when a number of replicas would change."""
    scalers = [item.manifest for item in items if item.kind == HPA]
    namespaces = {
        item.manifest["metadata"]["namespace"]
        for item in items
        if item.live
        and "replicas" in (item.manifest.get("spec") or {})
        and item.manifest["spec"]["replicas"] != (item.live.get("spec") or {}).get("replicas")
    }
    for namespace in namespaces:
        scalers += kube.list(HPA, namespace).items
    return {
        (target.get("kind", ""), scaler["metadata"].get("namespace"), target.get("name", ""))
        for scaler in scalers
        for target in [(scaler.get("spec") or {}).get("scaleTargetRef") or {}]
    }
