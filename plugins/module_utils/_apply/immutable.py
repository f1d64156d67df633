# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What of a live StatefulSet no request can change: told before anything is sent, field by field. Pure functions.

The API server refuses such a request with the list of all fields that could change, and not with the one that differs.
Private: other collections must not import it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._errors import DeliveryError
from .._types import Obj
from .compare import covers
from .item import Item

_CHANGEABLE = frozenset(
    {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    }
)


def check_immutable(items: Iterable[Item]) -> None:
    """Refuse what the API server would refuse of StatefulSets.

    Raises:
        DeliveryError: names each StatefulSet and field.
    """
    found = [f"{item.title}: {', '.join(fields)}" for item in items if (fields := _fixed(item.manifest, item.live))]
    if found:
        raise DeliveryError(
            f"{'; '.join(found)} cannot change while the StatefulSet exists; nothing was sent",
            reason="Immutable",
            hint="give back what is live, or delete the StatefulSet and leave its pods (kubectl delete --cascade=orphan),"
            " then apply again; a volume is made larger in its PersistentVolumeClaim",
        )


def _fixed(manifest: Obj, live: Obj | None) -> list[str]:
    """Return what differs and cannot change, in words."""
    if manifest["kind"] != "StatefulSet" or live is None:
        return []
    wanted, current = manifest.get("spec") or {}, live.get("spec") or {}
    words: list[str] = []
    for name, value in wanted.items():
        if name not in _CHANGEABLE and not covers(current.get(name), value):
            sizes = _sizes(current.get(name), value) if name == "volumeClaimTemplates" else ""
            words.append(f"spec.{name}{sizes}")
    return words


def _sizes(current: Any, wanted: Any) -> str:
    """Return how the sizes of volumes differ, empty when that is not it."""
    before, after = _requested(current), _requested(wanted)
    changed = [
        f"{name} from {before[name]} to {after[name]}" for name in after if before.get(name, after[name]) != after[name]
    ]
    return f" ({', '.join(changed)})" if changed else ""


def _requested(templates: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for template in templates if isinstance(templates, list) else []:
        name = (template.get("metadata") or {}).get("name")
        requests = ((template.get("spec") or {}).get("resources") or {}).get("requests") or {}
        found[str(name)] = str(requests.get("storage"))
    return found
