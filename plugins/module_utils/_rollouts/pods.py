# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A pod in one word, and why it is not ready. Pure functions. Private to this collection.

The word is the one that kubectl shows. What a container wrote when it ended is never told: it may hold anything.
"""

from __future__ import annotations

from .._types import Obj
from .model import Pod

# What a pod passes through on its way; whatever else a pod that is not ready shows is a trouble.
_ON_ITS_WAY = frozenset(
    {"Pending", "ContainerCreating", "PodInitializing", "SchedulingGated", "Running", "NotReady", "Terminating"}
)
_DONE = frozenset({"Completed", "Succeeded"})


def pod_of(item: Obj) -> Pod:
    """Return what there is to know of a pod."""
    metadata, status = item["metadata"], item.get("status") or {}
    containers = [*_sidecars(item), *(status.get("containerStatuses") or [])]
    named = len((item.get("spec") or {}).get("containers") or []) + len(_sidecars(item))
    ready = _condition(status, "Ready").get("status") == "True" and not metadata.get("deletionTimestamp")
    word, message = _status(item)
    every = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    return Pod(
        name=str(metadata["name"]),
        status=word,
        message=" ".join(message.split()) if not ready else "",
        ready=ready,
        containers_ready=sum(bool(container.get("ready")) for container in containers),
        containers=max(named, len(containers)),
        restarts=sum(int(container.get("restartCount") or 0) for container in every),
        created=str(metadata.get("creationTimestamp") or ""),
    )


def in_trouble(pod: Pod) -> bool:
    """Return whether a pod will not get ready by itself, as far as one can tell: no image, crashes, no node."""
    if pod.ready or pod.status in _DONE:
        return False
    if pod.status == "Pending":
        return bool(pod.message)
    return pod.status not in _ON_ITS_WAY and not _counts(pod.status)


def _counts(word: str) -> bool:
    """Return whether a word says how many init containers are done, e.g. ``Init:0/2``."""
    return word.startswith("Init:") and word.removeprefix("Init:").replace("/", "").isdigit()


def _status(item: Obj) -> tuple[str, str]:
    """Return the word for a pod's state and the reason behind it."""
    metadata, status = item["metadata"], item.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return ("Unknown", "its node is lost") if status.get("reason") == "NodeLost" else ("Terminating", "")
    if status.get("reason"):
        return str(status["reason"]), str(status.get("message") or "")
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("reason") == "SchedulingGated":
        return "SchedulingGated", str(scheduled.get("message") or "")
    word, message = _initializing(item) or _running(status)
    if word == "Pending" and scheduled.get("status") == "False":
        return word, str(scheduled.get("message") or scheduled.get("reason") or "")
    return word, message


def _initializing(item: Obj) -> tuple[str, str] | None:
    """Return the state of the first init container that is not done, None when all are."""
    statuses = (item.get("status") or {}).get("initContainerStatuses") or []
    total = len((item.get("spec") or {}).get("initContainers") or []) or len(statuses)
    sidecars = _sidecar_names(item)
    for index, container in enumerate(statuses):
        terminated, waiting = _state(container, "terminated"), _state(container, "waiting")
        if terminated and not terminated.get("exitCode"):
            continue
        if container.get("name") in sidecars and container.get("started"):
            continue
        if terminated:
            return f"Init:{terminated.get('reason') or 'Error'}", _ended(container, terminated)
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"Init:{waiting['reason']}", _why_waiting(container, waiting)
        return f"Init:{index}/{total}", ""
    return None


def _running(status: Obj) -> tuple[str, str]:
    """Return the state of the containers: the first that waits or has ended speaks for all."""
    containers = status.get("containerStatuses") or []
    for container in containers:
        waiting = _state(container, "waiting")
        if waiting.get("reason"):
            return str(waiting["reason"]), _why_waiting(container, waiting)
    for container in containers:
        terminated = _state(container, "terminated")
        if terminated and terminated.get("reason") != "Completed":
            return str(terminated.get("reason") or "Error"), _ended(container, terminated)
    phase = str(status.get("phase") or "Pending")
    if phase == "Running" and any(_state(container, "terminated") for container in containers):
        return "NotReady", "a container is completed"
    if phase == "Running":
        return phase, str(_condition(status, "Ready").get("message") or "")
    return ("Completed" if phase == "Succeeded" else phase), str(status.get("message") or "")


def _why_waiting(container: Obj, waiting: Obj) -> str:
    last = _state(container, "terminated", "lastState")
    parts = [str(waiting.get("message") or ""), _ended(container, last) if last else ""]
    return "; ".join(part for part in parts if part)


def _ended(container: Obj, terminated: Obj) -> str:
    reason = terminated.get("reason")
    named = f" ({reason})" if reason and reason != "Error" else ""
    if terminated.get("signal"):
        return f"container {container.get('name')} ended by signal {terminated['signal']}{named}"
    return f"container {container.get('name')} ended with exit code {terminated.get('exitCode')}{named}"


def _state(container: Obj, name: str, of: str = "state") -> Obj:
    return dict((container.get(of) or {}).get(name) or {})


def _condition(status: Obj, name: str) -> Obj:
    for entry in status.get("conditions") or []:
        if entry.get("type") == name:
            return dict(entry)
    return {}


def _sidecar_names(item: Obj) -> set[str]:
    """Return the names of the init containers that go on running beside the others."""
    containers = (item.get("spec") or {}).get("initContainers") or []
    return {str(container.get("name")) for container in containers if container.get("restartPolicy") == "Always"}


def _sidecars(item: Obj) -> list[Obj]:
    names = _sidecar_names(item)
    statuses = (item.get("status") or {}).get("initContainerStatuses") or []
    return [container for container in statuses if container.get("name") in names]
