# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who refers to which object, so that nothing is removed that is in use. Pure functions.

Private: other collections must not import it. A reference is looked for in every place of an object's text, not along its
known fields: containers of all sorts, volumes, projected volumes and what a later version of Kubernetes adds are found the
same way. What is found too much keeps an object that could go; what is found too little would break a pod.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from .._kube.kinds import (
    ANALYSIS_RUN,
    ANALYSIS_TEMPLATE,
    DEPLOYMENT,
    INGRESS,
    KNOWN,
    POD,
    REPLICA_SET,
    ROLLOUT,
    Kind,
)
from .._types import Obj

# Kinds of which an object stays as long as something refers to it.
GUARDED = frozenset({"ConfigMap", "Secret", "ServiceAccount", "AnalysisTemplate"})
# Kinds that may refer to one, those that tell a reader most first.
USERS: tuple[Kind, ...] = (
    ROLLOUT,
    DEPLOYMENT,
    KNOWN["apps/v1", "StatefulSet"],
    KNOWN["apps/v1", "DaemonSet"],
    KNOWN["batch/v1", "CronJob"],
    KNOWN["batch/v1", "Job"],
    REPLICA_SET,
    KNOWN["apps/v1", "ControllerRevision"],
    KNOWN["argoproj.io/v1alpha1", "Experiment"],
    ANALYSIS_TEMPLATE,
    ANALYSIS_RUN,
    INGRESS,
    KNOWN["v1", "ServiceAccount"],
    POD,
)

# How Kubernetes writes a reference: a mapping with a name, a name, or a list of mappings with names.
_MAPPINGS = {
    "configMap": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secret": "Secret",
    "secretKeyRef": "Secret",
}
_NAMES = {"secretName": "Secret", "serviceAccountName": "ServiceAccount", "templateName": "AnalysisTemplate"}
_LISTS = {"imagePullSecrets": "Secret", "secrets": "Secret"}
_NAMED_AT_ONCE = 3

Reference = tuple[str, str]


def referred(item: Obj) -> set[Reference]:
    """Return what an object refers to, as kinds and names, in its own namespace."""
    return {found for key, part in item.items() if key not in ("metadata", "status") for found in _below(key, part)}


def uses(objects: Iterable[Obj], leaving: Iterable[str] = ()) -> dict[Reference, list[str]]:
    """Return who uses what: references of one namespace's objects, each with the titles of those that have it.

    Args:
        objects: what there is, and what is about to be.
        leaving: uids of objects that are about to be removed, with all that belongs to them: they need nothing any more.
    """
    found: dict[Reference, list[str]] = defaultdict(list)
    for item in _staying(list(objects), set(leaving)):
        for reference in referred(item):
            found[reference].append(f"{item['kind']} {item['metadata'].get('name')}")
    return {reference: list(dict.fromkeys(users)) for reference, users in found.items()}


def told(users: list[str]) -> str:
    """Return users of an object as a part of a sentence."""
    rest = len(users) - _NAMED_AT_ONCE
    return ", ".join(users[:_NAMED_AT_ONCE]) + (f" and {rest} more" if rest > 0 else "")


def _staying(objects: list[Obj], leaving: set[str]) -> list[Obj]:
    while True:
        staying = [item for item in objects if not _uids(item) & leaving]
        if len(staying) == len(objects):
            return staying
        leaving |= {str(item["metadata"].get("uid")) for item in objects if item not in staying}
        objects = staying


def _uids(item: Obj) -> set[str]:
    metadata = item["metadata"]
    owners = metadata.get("ownerReferences") or []
    return {str(entry["uid"]) for entry in (metadata, *owners) if entry.get("uid")}


def _below(key: str, value: Any) -> Iterator[Reference]:
    if isinstance(value, dict):
        kind = "Secret" if key.endswith(("secretRef", "SecretRef")) else _MAPPINGS.get(key)
        if kind and isinstance(value.get("name"), str):
            yield kind, value["name"]
        for inner, part in value.items():
            yield from _below(str(inner), part)
    elif isinstance(value, list):
        for part in value:
            if key in _LISTS and isinstance(part, dict) and isinstance(part.get("name"), str):
                yield _LISTS[key], part["name"]
            yield from _below("", part)
    elif isinstance(value, str) and key in _NAMES:
        yield _NAMES[key], value
