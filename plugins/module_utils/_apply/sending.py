# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Send one manifest: hand over, adopt, apply, and what to do about a conflict. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable

from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._types import Obj
from .definitions import UNSERVED
from .fields import adopted
from .item import Item
from .ownership import HANDOVER_MANAGER, OUR_PATCHES, US, is_ours
from .settled import settled

# The API server serves a new kind some moments after it accepted the definition.
_SERVED_WITHIN = 15.0
_SERVED_POLL = 0.1
# A live workload's version changes with its status.
_PINNED_TRIES = 5
# How often somebody may change an object between our look at it and our apply.
_OVERTAKEN_TRIES = 3


def send(kube: Kube, decide: Callable[[Item], None], item: Item, *, force: bool) -> None:
    """Apply one item; what the server refuses becomes the item's error.

    A controller may have written to the object since we looked: it puts the hash of a revision into the selector of a
    Service right after it was created. That is no conflict before it was looked at again, and decided again.

    Args:
        kube: an open connection.
        decide: makes an item's request from what is live.
        item: what is to be sent.
        force: take fields over from other managers.
    """
    tries = _OVERTAKEN_TRIES
    while True:
        tries -= 1
        try:
            _send(kube, item, force=force)
        except ApiFailure as failure:
            if tries and failure.code == 409 and failure.causes and _overtaken(kube, item):
                decide(item)
                continue
            item.error = failure
        return


def _overtaken(kube: Kube, item: Item) -> bool:
    """Look at the object again; return whether it has changed since it was looked at last."""
    try:
        live = kube.find(item.kind, item.namespace, item.manifest["metadata"]["name"])
    except ApiFailure:
        # The conflict is what is to be told.
        return False
    seen, item.live = item.live, live
    return _version_of(seen) != _version_of(live)


def _version_of(live: Obj | None) -> str:
    return str(live["metadata"].get("resourceVersion")) if live else ""


def _send(kube: Kube, item: Item, *, force: bool) -> None:
    request = item.request
    if request is None:
        raise AssertionError("requests are made for every item before any is sent")
    if settled(request, item.live):
        item.answer = item.live
        return
    try:
        if request.template_changes and item.live and not kube.dry_run:
            _adopt(kube, item)
        if request.keeps_template and not kube.dry_run:
            _check_template_kept(kube, item, request.body, force)
        body = request.body
        if request.handover is not None:
            if kube.dry_run:
                # Nobody has taken the number over: left out, it would seem to go.
                body = {**body, "spec": {**(body.get("spec") or {}), "replicas": request.handover}}
            else:
                kube.apply(item.kind, _handover(item, request.handover), manager=HANDOVER_MANAGER)
        item.answer = _apply_served(kube, item, body, force)
    except ApiFailure as failure:
        unserved = item.defined_here and failure.reason in UNSERVED
        if kube.dry_run and (failure.reason == "NamespaceNotFound" or unserved):
            item.unasked, item.answer = True, request.body
            return
        raise


def _check_template_kept(kube: Kube, item: Item, body: Obj, force: bool) -> None:
    """Ask the server first whether the pod template would stay as it is: a rollout nobody asked for must not start."""
    outcome = _apply_one(kube, item, body, force, dry=True)
    if item.live and (outcome.get("spec") or {}).get("template") != (item.live.get("spec") or {}).get("template"):
        raise ApiFailure(
            DeliveryError(
                "its pod template would change, which would start a rollout; nothing was sent for it",
                reason="TemplateWouldChange",
                hint="somebody else may be releasing it at this moment: try again, or release it",
                where=f"{kube.cluster}, {item.title}",
            ),
            0,
        )


def _apply_served(kube: Kube, item: Item, body: Obj, force: bool) -> Obj:
    """Apply one object; one whose kind was defined a moment ago as soon as it is served."""
    deadline = time.monotonic() + _SERVED_WITHIN
    while True:
        try:
            return _apply_one(kube, item, body, force)
        except ApiFailure as failure:
            waits = item.defined_here and failure.reason in UNSERVED and not kube.dry_run
            if not waits or time.monotonic() > deadline:
                raise
            time.sleep(_SERVED_POLL)


def _apply_one(kube: Kube, item: Item, body: Obj, force: bool, *, dry: bool = False) -> Obj:
    tries = _PINNED_TRIES
    while True:
        tries -= 1
        try:
            return kube.apply(item.kind, body, force=force, dry=dry)
        except ApiFailure as failure:
            if failure.code != 409 or not failure.causes or not all(is_ours(*cause) for cause in failure.causes):
                raise
        # Only we ourselves stand in the way; the version makes sure that it still is so.
        pinned = {**body, "metadata": {**body["metadata"], "resourceVersion": _version(kube, item)}}
        try:
            return kube.apply(item.kind, pinned, force=True, dry=dry)
        except ApiFailure as failure:
            # Its status moved on between the two, or it is our own doing, whose answer was lost: look again.
            if failure.code != 409 or failure.causes or not tries:
                raise


def _version(kube: Kube, item: Item) -> str:
    metadata = item.manifest["metadata"]
    return str(kube.get(item.kind, metadata.get("namespace"), metadata["name"])["metadata"]["resourceVersion"])


def _adopt(kube: Kube, item: Item) -> None:
    live = item.live or {}
    entries = adopted(live, US, OUR_PATCHES)
    if entries is None:
        return
    metadata = item.manifest["metadata"]
    patch = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
    ]
    try:
        kube.patch(item.kind, metadata.get("namespace"), metadata["name"], patch, patch_type="json")
    except ApiFailure as failure:
        # The object moved on meanwhile: the apply itself decides, with its own conflict check.
        if failure.code not in (409, 422):
            raise


def _handover(item: Item, replicas: int) -> Obj:
    metadata = item.manifest["metadata"]
    return {
        "apiVersion": item.manifest["apiVersion"],
        "kind": item.manifest["kind"],
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": {"replicas": replicas},
    }
