# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The pod template of an older revision, fit to be released again. Pure functions. Private to this collection."""

from __future__ import annotations

import copy
import json

from .._types import Obj
from .view import DEPLOYMENT_HASH, ROLLOUT_HASH

_EPHEMERAL = "rollout.argoproj.io/ephemeral-metadata"


def template_of(replica_set: Obj) -> Obj:
    """Return a ReplicaSet's pod template without what the controller injected.

    Injected are the hash label, the metadata of the stable, canary, active or preview role, and the anti-affinity towards
    other revisions. With any of them left in, the template gets another hash: a new revision instead of the old one.
    """
    template: Obj = copy.deepcopy(replica_set["spec"]["template"])
    metadata = template.setdefault("metadata", {})
    metadata.pop("creationTimestamp", None)
    injected = _ephemeral(replica_set)
    for part in ("labels", "annotations"):
        entries = metadata.get(part) or {}
        for key in injected.get(part) or {}:
            entries.pop(key, None)
        if part == "labels":
            entries.pop(ROLLOUT_HASH, None)
            entries.pop(DEPLOYMENT_HASH, None)
        if part in metadata and not entries:
            del metadata[part]
    _strip_anti_affinity(template.get("spec") or {})
    return template


def _ephemeral(replica_set: Obj) -> Obj:
    text = (replica_set["metadata"].get("annotations") or {}).get(_EPHEMERAL)
    try:
        decoded = json.loads(text or "{}")
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _strip_anti_affinity(spec: Obj) -> None:
    affinity = spec.get("affinity") or {}
    anti = affinity.get("podAntiAffinity") or {}
    found = False
    for key in ("requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"):
        terms = anti.get(key) or []
        kept = [term for term in terms if not _names_hash(term.get("podAffinityTerm") or term)]
        if len(kept) != len(terms):
            found = True
            anti[key] = kept
            if not kept:
                del anti[key]
    if found and not anti:
        del affinity["podAntiAffinity"]
        if not affinity:
            del spec["affinity"]


def _names_hash(term: Obj) -> bool:
    expressions = (term.get("labelSelector") or {}).get("matchExpressions") or []
    return any(expression.get("key") == ROLLOUT_HASH for expression in expressions)
