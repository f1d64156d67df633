# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Bring a set of manifests to the cluster: in parallel inside an order of kinds. Private to this collection."""

from __future__ import annotations

import functools
from collections import defaultdict
from concurrent.futures import Executor, ThreadPoolExecutor

from .._errors import DeliveryError
from .._kube.client import POOL_SIZE, Kube
from .._kube.kinds import stage_of
from .._types import Obj
from .collisions import refuse_collisions
from .definitions import defined_kinds
from .immutable import check_immutable
from .item import Applied, Item
from .jobs import RERUN, is_failed_job, remove_failed
from .manifests import in_namespace
from .ownership import request_for
from .pruning import find_surplus, remove, wait_until_gone
from .reading import groups, read_group, scaled
from .sending import send
from .sets import Pruning
from .surplus import Key, check_share, key_of


def apply_set(
    kube: Kube,
    manifests: list[Obj],
    *,
    namespace: str | None,
    force: bool = False,
    keep_templates: bool = False,
    pruning: Pruning | None = None,
    rerun_jobs: bool = False,
) -> Applied:
    """Apply all manifests; stop before the next stage of kinds when one of them was refused.

    What is left over of their set is found before anything is sent, and removed by `prune` when all is well.

    Args:
        kube: an open connection; in check mode one whose writes are dry runs.
        manifests: checked manifests.
        namespace: for namespaced manifests that name none.
        force: take fields over from other managers.
        keep_templates: leave pod templates of live workloads alone.
        pruning: what the task says about pruning; None: nothing is left over.
        rerun_jobs: remove a Job that failed, so that it runs anew.

    Raises:
        DeliveryError: something was refused; says what was and what was not applied.
    """
    applied = Applied(_items(kube, manifests, namespace))
    with ThreadPoolExecutor(POOL_SIZE) as pool:
        list(pool.map(functools.partial(read_group, kube), groups(applied.items)))
        refuse_collisions(kube, applied.items)
        check_immutable(applied.items)
        targets = scaled(kube, applied.items)
        again = [item for item in applied.items if rerun_jobs and is_failed_job(item)]
        for item in again:
            remove_failed(kube, item)

        def decide(item: Item) -> None:
            key = (item.manifest["kind"], item.namespace, item.manifest["metadata"]["name"])
            item.request = request_for(item.manifest, item.live, scaled=key in targets, keep_template=keep_templates)
            if item in again:
                item.request.notes.append(RERUN)

        for item in applied.items:
            decide(item)
        if pruning:
            _look_for_surplus(kube, pool, applied, pruning, namespace)
        stages: dict[int, list[Item]] = defaultdict(list)
        for item in applied.items:
            stages[stage_of(item.kind.name)].append(item)
        for stage in sorted(stages):
            list(pool.map(functools.partial(send, kube, decide, force=force), stages[stage]))
            if any(item.error for item in stages[stage]):
                raise _failure(applied)
    return applied


def prune(kube: Kube, applied: Applied, pruning: Pruning, *, timeout: float | None) -> None:
    """Remove what is left over of the set; with a timeout, return when it is gone.

    Raises:
        DeliveryError: something could not be removed, or is not gone in time.
    """
    if not applied.surplus:
        return
    try:
        remove(kube, applied.surplus, pruning, _wanted(applied))
        if timeout is not None:
            wait_until_gone(kube, applied.surplus, timeout=timeout)
    except DeliveryError as error:
        error.result = {"changed": applied.changed, "objects": applied.entries()}
        raise


def _items(kube: Kube, manifests: list[Obj], namespace: str | None) -> list[Item]:
    defined = defined_kinds(manifests)
    items = []
    for manifest in manifests:
        own = defined.get((manifest["apiVersion"], manifest["kind"]))
        kind = own or kube.kind_of(manifest)
        items.append(Item(kind, in_namespace(manifest, namespace, kind.namespaced), defined_here=own is not None))
    return items


def _look_for_surplus(kube: Kube, pool: Executor, applied: Applied, pruning: Pruning, namespace: str | None) -> None:
    places = pruning.namespaces
    if places is None:
        places = tuple(filter(None, [namespace, *(item.namespace for item in applied.items)]))
    applied.surplus, members = find_surplus(kube, pool, pruning, _wanted(applied), places)
    try:
        check_share(applied.surplus, members, pruning)
    except DeliveryError as error:
        error.where, error.result = kube.cluster, {"changed": False, "objects": applied.entries()}
        raise


def _wanted(applied: Applied) -> dict[Key, Obj]:
    """Return what is sent for each object."""
    return {key_of(item.kind, item.manifest): item.request.body for item in applied.items if item.request}


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
    result = {"changed": bool(done), "objects": applied.entries()}
    return DeliveryError(msg, reason=first.reason, hint=first.hint, where=first.where, result=result)
