# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a user is shown of a change. Pure functions. Private: other collections must not import it."""

from __future__ import annotations

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
    """Return an object without what the server keeps for itself, Secret values as short hashes.

    The parts that stay as they are belong to both objects: nobody may change them.
    """
    if not item:
        return {}
    shown = {key: value for key, value in item.items() if key != "status"}
    if "metadata" in item:
        metadata = {key: value for key, value in (item["metadata"] or {}).items() if key not in _NOISE}
        annotations = metadata.pop("annotations", None) or {}
        own = {key: value for key, value in annotations.items() if key not in _CONTROLLER_ANNOTATIONS}
        shown["metadata"] = {**metadata, "annotations": own} if own else metadata
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
