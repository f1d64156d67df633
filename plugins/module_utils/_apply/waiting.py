# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Wait until everything that was applied is ready, all at the same time. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable

from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.watch import Picture, Selection
from .._types import Obj
from .item import Applied, Item
from .jobs import last_words
from .readiness import failed, lacks

_HEARTBEAT = 30.0
# Kinds that are not ready as soon as they exist, and are watched for it.
_WATCHED = ("Rollout", "Deployment", "StatefulSet", "DaemonSet", "Job")


def wait_until_ready(kube: Kube, applied: Applied, *, timeout: float, say: Callable[[str], None]) -> None:
    """Return when every workload and job is ready.

    Args:
        kube: an open connection.
        applied: what was applied.
        timeout: seconds.
        say: takes a line when nothing changed for a while.

    Raises:
        DeliveryError: the time is over, or something can never be ready; says what is awaited.
    """
    items = [item for item in applied.items if item.kind.namespaced and item.kind.name in _WATCHED]
    selections = {Selection(item.kind, item.manifest["metadata"]["namespace"]) for item in items}
    started = time.monotonic()
    with Picture(kube, sorted(selections, key=str)) as picture:
        while True:
            waiting = {item.title: _problem(item, _live(picture, item)) for item in items}
            waiting = {title: problem for title, problem in waiting.items() if problem}
            if not waiting:
                return
            words = "; ".join(f"{title} {problem}" for title, problem in waiting.items())
            left = started + timeout - time.monotonic()
            lost = any(failed(_live(picture, item) or {}, item.live) for item in items)
            if left <= 0 or lost:
                words = "; ".join(
                    f"{item.title} {waiting[item.title]}{_last_words(kube, item)}"
                    for item in items
                    if item.title in waiting
                )
                raise DeliveryError(
                    f"not ready: {words}" if lost else f"not ready within {timeout:g} s: {words}",
                    reason="Failed" if lost else "Timeout",
                    hint="look at the pods of what is named" + ("" if lost else ", or raise wait_timeout"),
                    where=kube.cluster,
                    result={"changed": applied.changed, "objects": applied.entries()},
                )
            if not picture.wait(min(left, _HEARTBEAT)):
                say(f"waiting for {words} ({time.monotonic() - started:.0f} s)")


def _live(picture: Picture, item: Item) -> Obj | None:
    wanted = item.manifest["metadata"]
    for live in picture.objects(item.kind):
        if (live["metadata"]["name"], live["metadata"].get("namespace")) == (wanted["name"], wanted["namespace"]):
            return live
    return None


def _last_words(kube: Kube, item: Item) -> str:
    words = last_words(kube, item) if item.kind.name == "Job" else ""
    return f" ({words})" if words else ""


def _problem(item: Item, live: Obj | None) -> str:
    return lacks(live) if live else "does not exist any more"
