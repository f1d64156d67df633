# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Find what is left over of a set, and remove it after the apply. Private to this collection."""

from __future__ import annotations

import functools
import itertools
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor

from .._errors import DeliveryError
from .._kube.client import POOL_SIZE, Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import Kind, stage_of
from .._types import Obj
from .definitions import UNSERVED
from .references import GUARDED, USERS
from .sets import SET_LABEL, Pruning
from .surplus import Key, Surplus, is_member, keep_used, surplus_of

# A workload's status changes while it is deleted: each time it is looked at again.
_TRIES = 5
_GONE_POLL = 0.2


def find_surplus(
    kube: Kube, pool: Executor, settings: Pruning, wanted: dict[Key, Obj], namespaces: Iterable[str]
) -> tuple[list[Surplus], int]:
    """Return what of a set is not wanted any more, in the order of its removal, and how many objects the set has.

    Only metadata is read, with one list for each kind and namespace.

    Args:
        kube: an open connection.
        pool: threads to ask with.
        settings: what the task says about pruning.
        wanted: what will be sent for each object.
        namespaces: where to look.

    Raises:
        DeliveryError: something may not be listed.
    """
    places = list(itertools.product(settings.kinds, sorted(set(namespaces))))
    listings = pool.map(functools.partial(_members, kube, settings.name), *zip(*places)) if places else []
    members = [member for listing in listings for member in listing]
    surplus = surplus_of(members, set(wanted))
    _ask_users(kube, pool, surplus, wanted)
    # What needs others goes before them: the other way round than they were applied.
    return sorted(surplus, key=lambda item: -stage_of(item.kind.name)), len(members)


def remove(kube: Kube, surplus: list[Surplus], settings: Pruning, wanted: dict[Key, Obj]) -> None:
    """Remove what is left over, except what came into use meanwhile.

    Raises:
        DeliveryError: something could not be removed; what comes later in the order stays.
    """
    with ThreadPoolExecutor(POOL_SIZE) as pool:
        _ask_users(kube, pool, surplus, wanted)
        for _stage, items in itertools.groupby(surplus, key=lambda item: stage_of(item.kind.name)):
            going = [item for item in items if item.action != "kept"]
            list(pool.map(functools.partial(_delete, kube, settings.name), going))
            error = next((item.error for item in going if item.error), None)
            if error:
                raise DeliveryError(error.msg, reason=error.reason, hint=error.hint, where=error.where)


def wait_until_gone(kube: Kube, surplus: list[Surplus], *, timeout: float) -> None:
    """Return when everything that was removed is really gone: a finalizer may hold it.

    Raises:
        DeliveryError: the time is over; says what is still there.
    """
    end = time.monotonic() + timeout
    left = [item for item in surplus if item.action == "pruned"]
    while True:
        left = [item for item in left if _is_there(kube, item)]
        if not left:
            return
        if time.monotonic() >= end:
            raise DeliveryError(
                f"not gone within the time: {', '.join(item.title for item in left)}",
                reason="Timeout",
                hint="look which finalizers hold what is named, or raise wait_timeout",
                where=kube.cluster,
            )
        time.sleep(_GONE_POLL)


def _members(kube: Kube, set_name: str, kind: Kind, namespace: str) -> list[tuple[Kind, Obj]]:
    try:
        found = kube.list(kind, namespace, labels=f"{SET_LABEL}={set_name}", metadata_only=True).items
    except ApiFailure as failure:
        if failure.reason in UNSERVED:
            return []
        if failure.code == 403:
            failure.hint += f", or leave {kind.name} out of prune_kinds"
        raise
    return [(kind, live) for live in found if is_member(live, set_name)]


def _ask_users(kube: Kube, pool: Executor, surplus: list[Surplus], wanted: dict[Key, Obj]) -> None:
    """Let stay what is in use; asks only when there is something that could be."""
    namespaces = {item.namespace for item in surplus if item.kind.name in GUARDED and item.action != "kept"}
    if not namespaces:
        return
    places = list(itertools.product(USERS, sorted(namespaces)))
    there: dict[str, list[Obj]] = defaultdict(list)
    for (_kind, namespace), found in zip(places, pool.map(functools.partial(_all_of, kube), *zip(*places))):
        there[namespace] += found
    # What is about to be sent counts too: it may come back to something old.
    for (_group, _name, place, _own), body in wanted.items():
        if place in namespaces:
            there[str(place)].append(body)
    keep_used(surplus, there)


def _all_of(kube: Kube, kind: Kind, namespace: str) -> list[Obj]:
    try:
        return kube.list(kind, namespace).items
    except ApiFailure as failure:
        if failure.reason in UNSERVED:
            return []
        raise


def _delete(kube: Kube, set_name: str, item: Surplus) -> None:
    """Delete one object in the state in which it was found to be a member; what becomes of it is its action."""
    try:
        for tries in range(_TRIES, 0, -1):
            try:
                version = str(item.live["metadata"]["resourceVersion"])
                kube.delete(item.kind, item.namespace, item.name, uid=item.uid, version=version)
            except ApiFailure as failure:
                if failure.code == 409 and tries > 1:
                    if _look_again(kube, set_name, item):
                        continue
                    return
                # Gone meanwhile, or by an attempt of ours whose answer was lost.
                if failure.reason != "NotFound":
                    raise
            item.action = "pruned"
            return
    except ApiFailure as failure:
        item.action, item.error = "failed", failure


def _look_again(kube: Kube, set_name: str, item: Surplus) -> bool:
    """Look at what changed meanwhile; return whether it still is to be deleted."""
    live = kube.find_metadata(item.kind, item.namespace, item.name)
    if live is None or live["metadata"].get("deletionTimestamp"):
        item.action = "pruned"
    elif live["metadata"]["uid"] != item.uid or not is_member(live, set_name):
        item.keep("it changed hands while the set was applied")
    else:
        item.live = live
        return True
    return False


def _is_there(kube: Kube, item: Surplus) -> bool:
    live = kube.find_metadata(item.kind, item.namespace, item.name)
    return live is not None and live["metadata"]["uid"] == item.uid
