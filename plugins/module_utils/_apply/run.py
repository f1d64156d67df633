# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Bring a set of manifests to the cluster: in parallel inside an order of kinds. Private to this collection."""

from __future__ import annotations

import functools
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from .._errors import DeliveryError
from .._kube.client import POOL_SIZE, Kube
from .._kube.kinds import stage_of
from .._types import Obj
from .definitions import defined_kinds
from .item import Applied, Item, summary
from .manifests import in_namespace
from .ownership import request_for
from .reading import groups, read_group, scaled
from .sending import send


def apply_set(
    kube: Kube, manifests: list[Obj], *, namespace: str | None, force: bool = False, keep_templates: bool = False
) -> Applied:
    """Apply all manifests; stop before the next stage of kinds when one of them was refused.

    Args:
        kube: an open connection; in check mode one whose writes are dry runs.
        manifests: checked manifests.
        namespace: for namespaced manifests that name none.
        force: take fields over from other managers.
        keep_templates: leave pod templates of live workloads alone.

    Raises:
        DeliveryError: something was refused; says what was and what was not applied.
    """
    applied = Applied()
    defined = defined_kinds(manifests)
    for manifest in manifests:
        own = defined.get((manifest["apiVersion"], manifest["kind"]))
        kind = own or kube.kind_of(manifest)
        applied.items.append(
            Item(kind, in_namespace(manifest, namespace, kind.namespaced), defined_here=own is not None)
        )
    with ThreadPoolExecutor(POOL_SIZE) as pool:
        list(pool.map(functools.partial(read_group, kube), groups(applied.items)))
        targets = scaled(kube, applied.items)
        for item in applied.items:
            key = (item.manifest["kind"], item.manifest["metadata"].get("namespace"), item.manifest["metadata"]["name"])
            item.request = request_for(item.manifest, item.live, scaled=key in targets, keep_template=keep_templates)
        stages: dict[int, list[Item]] = defaultdict(list)
        for item in applied.items:
            stages[stage_of(item.kind.name)].append(item)
        for stage in sorted(stages):
            list(pool.map(functools.partial(send, kube, force=force), stages[stage]))
            if any(item.error for item in stages[stage]):
                raise _failure(applied)
    return applied


def _failure(applied: Applied) -> DeliveryError:
    failed = [item for item in applied.items if item.error]
    done = [item.title for item in applied.items if item.action in ("created", "changed")]
    missing = [item.title for item in applied.items if item.action == "skipped"]
    first = failed[0].error
    if first is None:
        raise AssertionError("called without a failed item")
    msg = first.msg
    if len(failed) > 1:
        msg += f"; and {len(failed) - 1} more refused: " + ", ".join(item.title for item in failed[1:4])
    if missing:
        msg += f"; not applied: {', '.join(missing[:6])}{' ...' if len(missing) > 6 else ''}"
    result = {"changed": bool(done), "objects": [summary(item) for item in applied.items]}
    return DeliveryError(msg, reason=first.reason, hint=first.hint, where=first.where, result=result)
