# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user is shown of a change. Pure functions. Private: other collections must not import it."""

from __future__ import annotations

import copy
import hashlib
import hmac
import secrets

from .._types import Obj

# New for each process: equal values look equal within one diff, and no hash can be looked up in a table.
_SALT = secrets.token_bytes(16)
_NOISE = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink", "ownerReferences")
_CONTROLLER_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "rollout.argoproj.io/revision",
)


def cleaned(item: Obj | None) -> Obj:
    """Return an object without what the server keeps for itself, Secret values as short hashes."""
    if not item:
        return {}
    shown = copy.deepcopy(item)
    shown.pop("status", None)
    metadata = shown.get("metadata") or {}
    for key in _NOISE:
        metadata.pop(key, None)
    annotations = metadata.get("annotations") or {}
    for key in _CONTROLLER_ANNOTATIONS:
        annotations.pop(key, None)
    if "annotations" in metadata and not annotations:
        del metadata["annotations"]
    if shown.get("kind") == "Secret":
        for part in ("data", "stringData"):
            if part in shown:
                shown[part] = {key: _hidden(str(value)) for key, value in (shown[part] or {}).items()}
    return shown


def entry(title: str, before: Obj | None, after: Obj | None) -> dict[str, object]:
    """Return one entry of Ansible's diff for an object; without `after` it is one that goes."""
    return {
        "before": cleaned(before) if before else "",
        "after": cleaned(after) if after else "",
        "before_header": f"{title} (live)",
        "after_header": f"{title} ({'applied' if after else 'pruned'})",
    }


def _hidden(value: str) -> str:
    digest = hmac.new(_SALT, value.encode(), hashlib.sha256).hexdigest()
    return f"hidden, hash {digest[:8]}"
