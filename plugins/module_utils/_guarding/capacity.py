# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How many more pods the quotas of a namespace allow. `room` asks, the rest are pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .._apply.compare import number_of
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import RESOURCE_QUOTA
from .._types import Obj

_PODS = frozenset({"pods", "count/pods"})
# In a quota the resource alone means its request.
_REQUESTS = {"cpu": "cpu", "memory": "memory", "requests.cpu": "cpu", "requests.memory": "memory"}
_LIMITS = {"limits.cpu": "cpu", "limits.memory": "memory"}


def room(kube: Kube, namespace: str, template: Obj) -> int | None:
    """Return how many more pods of a template the quotas allow; None: nothing limits them, or the account may not look."""
    try:
        quotas = kube.list(RESOURCE_QUOTA, namespace).items
    except ApiFailure as failure:
        if failure.code != 403:
            raise
        return None
    return pods_allowed(quotas, template)


def pods_allowed(quotas: Iterable[Obj], template: Obj) -> int | None:
    """Return how many more pods of a template fit into all quotas; None when none of them counts pods, CPU or memory.

    Quotas with scopes are left out: whether they count these pods depends on more than their resources.
    """
    found: list[int] = []
    for quota in quotas:
        if (quota.get("spec") or {}).get("scopes") or (quota.get("spec") or {}).get("scopeSelector"):
            continue
        status = quota.get("status") or {}
        used = status.get("used") or {}
        for resource, hard in (status.get("hard") or {}).items():
            each = _of_one_pod(template, resource)
            most, taken = number_of(str(hard)), number_of(str(used.get(resource, "0")))
            if each and most is not None and taken is not None:
                found.append(max(int((most - taken) // each), 0))
    return min(found, default=None)


def _of_one_pod(template: Obj, resource: str) -> Decimal:
    """Return how much of a quota's resource a pod takes; 0 when it is none that pods take."""
    if resource in _PODS:
        return Decimal(1)
    section, name = ("limits", _LIMITS[resource]) if resource in _LIMITS else ("requests", _REQUESTS.get(resource, ""))
    containers = (template.get("spec") or {}).get("containers") or []
    wanted = [((each.get("resources") or {}).get(section) or {}).get(name) for each in containers] if name else []
    return sum((number_of(str(each)) or Decimal(0) for each in wanted if each is not None), Decimal(0))
