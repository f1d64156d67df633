# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The pod template of an older revision, fit to be released again. Pure functions. Private to this collection."""

from __future__ import annotations

import copy
import json
from typing import Any

from .._types import Obj
from .model import View
from .view import DEPLOYMENT_HASH, ROLLOUT_HASH

_EPHEMERAL = "rollout.argoproj.io/ephemeral-metadata"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def restored(view: View, name: str) -> Obj:
    """Return the pod template of a revision as it was once written, to be written again.

    A ReplicaSet's template holds the API server's defaults too. The controller recognises it all the same, but takes its own
    computed hash for another one than the ReplicaSet's: with Argo's anti-affinity it then keeps the pods of this revision
    away from each other, and an injected rule that is merely preferred makes it miss the ReplicaSet. So the live template
    shows, by what its own ReplicaSet has beyond it, what is a default, and that is left out.
    """
    template, live = template_of(view.hashes[name]), view.hashes.get(view.current_hash)
    if live is None:
        return template
    found: Obj = _as_written(template, view.template_owner["spec"]["template"], template_of(live))
    return found


def spelled_out(view: View, name: str) -> Obj:
    """Return the pod template of a revision in the form in which the controller compares it when the hashes differ.

    That is with all defaults; and where the only preferred rule was the injected one, with the empty anti-affinity that the
    controller leaves behind when it takes that rule out.
    """
    template = template_of(view.hashes[name])
    before = _anti_affinity(view.hashes[name]["spec"]["template"])
    if before.get(_PREFERRED) and not _anti_affinity(template):
        template["spec"].setdefault("affinity", {})["podAntiAffinity"] = {}
    return template


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
    for key in (_REQUIRED, _PREFERRED):
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


def _anti_affinity(template: Obj) -> Obj:
    return dict(((template.get("spec") or {}).get("affinity") or {}).get("podAntiAffinity") or {})


def _as_written(value: Any, written: Any, complete: Any) -> Any:
    """Return `value` without what `complete` has beyond `written`, where `value` has the very same."""
    if isinstance(value, dict) and isinstance(written, dict) and isinstance(complete, dict):
        return {
            key: _as_written(item, written.get(key), complete.get(key))
            for key, item in value.items()
            if key in written or key not in complete or complete[key] != item
        }
    if isinstance(value, list) and isinstance(written, list) and isinstance(complete, list):
        return [_as_written(item, *_counterpart(item, index, written, complete)) for index, item in enumerate(value)]
    return value


def _counterpart(item: Any, index: int, written: list[Any], complete: list[Any]) -> tuple[Any, Any]:
    """Return the entry of the same name, else at the same place, else the first: a new container has the same defaults."""
    if len(written) != len(complete) or not written:
        return None, None
    name = item.get("name") if isinstance(item, dict) else None
    named = [at for at, other in enumerate(written) if name and isinstance(other, dict) and other.get("name") == name]
    at = named[0] if named else (index if index < len(written) else 0)
    return written[at], complete[at]
