# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How many more pods the quotas of a namespace allow. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .._apply.compare import number_of
from .._types import Obj

_PODS = ("pods", "count/pods")


def room(quotas: Iterable[Obj], template: Obj) -> tuple[int | None, str]:
    """Return how many more pods of a template fit, and the quota and resource that set the limit.

    None: no quota limits them. Quotas with a scope count only some pods; they are left out.
    """
    least: int | None = None
    limit = ""
    for quota in quotas:
        if (quota.get("spec") or {}).get("scopes") or (quota.get("spec") or {}).get("scopeSelector"):
            continue
        status = quota.get("status") or {}
        for resource, hard in (status.get("hard") or {}).items():
            need = _need(template, resource)
            if need > 0:
                left = _number(hard) - _number((status.get("used") or {}).get(resource, "0"))
                fits = max(int(left // need), 0)
                if least is None or fits < least:
                    least, limit = fits, f"{resource} of ResourceQuota {quota['metadata']['name']}"
    return least, limit


def _need(template: Obj, resource: str) -> Decimal:
    """Return what one pod takes of a resource of a quota."""
    if resource in _PODS:
        return Decimal(1)
    part, _dot, name = resource.rpartition(".")
    if part not in ("", "requests", "limits") or name not in ("cpu", "memory", "ephemeral-storage"):
        return Decimal(0)
    spec = template.get("spec") or {}
    together = sum((_asked(item, part or "requests", name) for item in spec.get("containers") or []), Decimal(0))
    first = max(
        (_asked(item, part or "requests", name) for item in spec.get("initContainers") or []), default=Decimal(0)
    )
    return max(together, first)


def _asked(container: Obj, part: str, name: str) -> Decimal:
    resources = container.get("resources") or {}
    asked = (resources.get(part) or {}).get(name)
    if asked is None and part == "requests":
        # Without a request the limit counts as one.
        asked = (resources.get("limits") or {}).get(name)
    return _number(asked or "0")


def _number(text: object) -> Decimal:
    return number_of(str(text)) or Decimal(0)
