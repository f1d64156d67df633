# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Jobs that failed: they are run anew, and told with what their pods left behind. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Iterable

from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import KNOWN
from .._types import Obj
from .item import Item
from .readiness import failed

_POD = KNOWN["v1", "Pod"]
_JOB_NAME = "batch.kubernetes.io/job-name"
_GONE_WITHIN = 30.0
_GONE_POLL = 0.1
_LONGEST_MESSAGE = 300
RERUN = "the Job that failed before was removed and runs anew"


def is_failed_job(item: Item) -> bool:
    """Return whether an item is a Job whose live object failed: nothing but another one can succeed."""
    return item.kind.name == "Job" and item.live is not None and failed(item.live)


def remove_failed(kube: Kube, item: Item) -> None:
    """Remove the live Job, and its pods with it, so that it can be created; in check mode only ask whether that is allowed.

    Raises:
        DeliveryError: it may not be removed, or does not go.
    """
    live, namespace, name = item.live or {}, item.namespace, item.manifest["metadata"]["name"]
    metadata = live["metadata"]
    try:
        kube.delete(item.kind, namespace, name, uid=metadata["uid"], version=metadata["resourceVersion"])
    except ApiFailure as failure:
        # Gone meanwhile: by its time to live, or by an attempt of ours whose answer was lost.
        if failure.reason != "NotFound":
            raise
    item.live = None
    end = time.monotonic() + _GONE_WITHIN
    while not kube.dry_run and _is_there(kube, item, metadata["uid"]):
        if time.monotonic() > end:
            raise DeliveryError(
                f"{item.title} failed and was deleted, but is still there after {_GONE_WITHIN:g} s",
                reason="Timeout",
                hint="look which finalizers hold it",
                where=kube.cluster,
            )
        time.sleep(_GONE_POLL)


def last_words(kube: Kube, item: Item) -> str:
    """Return how the last pod of a Job ended, in words; empty when that cannot be known."""
    try:
        pods = kube.list(_POD, item.namespace, labels=f"{_JOB_NAME}={item.manifest['metadata']['name']}").items
    except DeliveryError:
        # Without the right to list pods the Job's own reason has to do.
        return ""
    return ending(pods)


def ending(pods: Iterable[Obj]) -> str:
    """Return how the youngest pod that failed ended: exit code, and the message it left for whoever asks.

    That is what its program wrote for the purpose; logs are not read, nobody knows what is in them.
    """
    for pod in sorted(pods, key=lambda found: str(found["metadata"].get("creationTimestamp")), reverse=True):
        for container in (pod.get("status") or {}).get("containerStatuses") or []:
            state = container.get("state") or {}
            ended, waiting = state.get("terminated") or {}, state.get("waiting") or {}
            if ended.get("exitCode"):
                message = " ".join(str(ended.get("message") or "").split())[:_LONGEST_MESSAGE]
                return f"exit code {ended['exitCode']}{': ' if message else ''}{message}"
            if waiting.get("reason"):
                return f"its pod waits: {waiting['reason']}"
    return ""


def _is_there(kube: Kube, item: Item, uid: str) -> bool:
    live = kube.find_metadata(item.kind, item.namespace, item.manifest["metadata"]["name"])
    return live is not None and live["metadata"]["uid"] == uid
