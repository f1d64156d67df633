# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The revisions of a workload: one for each ReplicaSet. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass

from .._types import Obj
from .history import banned
from .model import Pod, View
from .phase import condition
from .pods import in_trouble
from .view import revision_of

HEALTHY, PROGRESSING, DEGRADED = "Healthy", "Progressing", "Degraded"
SCALED_DOWN, SCALING_DOWN = "ScaledDown", "ScalingDown"
# What the Rollout controller writes on a ReplicaSet whose pods are to go at a later moment.
_DEADLINE = "scale-down-deadline"


@dataclass(frozen=True)
class Revision:
    """A revision: its ReplicaSet and pods.

    Args:
        roles: what it is now: stable, canary, active, preview, current.
        status: one word for the ReplicaSet.
        message: why it cannot make its pods, empty when it can.
        scale_down_at: when its pods are to go, empty when they are not.
        banned: whether the guard took it back, so that it is not to be released again by itself.
    """

    hash: str
    number: int
    name: str
    desired: int
    current: int
    ready: int
    available: int
    images: tuple[str, ...]
    roles: tuple[str, ...]
    status: str
    message: str
    scale_down_at: str
    banned: bool
    pods: tuple[Pod, ...]

    @property
    def live(self) -> bool:
        """Whether it has pods, or should have, or is what the workload is about."""
        return bool(self.desired or self.current or self.pods or self.roles)


def revisions_of(view: View) -> list[Revision]:
    """Return the revisions of a workload, newest first."""
    found = [_revision(view, name, item) for name, item in view.hashes.items()]
    return sorted(found, key=lambda revision: revision.number, reverse=True)


def _revision(view: View, name: str, item: Obj) -> Revision:
    spec, status = item.get("spec") or {}, item.get("status") or {}
    pods = view.pods.get(name, ())
    desired, current = int(spec.get("replicas") or 0), int(status.get("replicas") or 0)
    available = int(status.get("availableReplicas") or 0)
    failure = condition(item, "ReplicaFailure")
    message = str(failure.get("message") or "") if failure.get("status") == "True" else ""
    annotations = item["metadata"].get("annotations") or {}
    return Revision(
        hash=name,
        number=revision_of(item),
        name=str(item["metadata"]["name"]),
        desired=desired,
        current=current,
        ready=int(status.get("readyReplicas") or 0),
        available=available,
        images=tuple(str(container.get("image")) for container in _containers(spec)),
        roles=tuple(view.roles.get(name, ())),
        status=_status(desired, current, available, bool(message) or any(map(in_trouble, pods))),
        message=" ".join(message.split()),
        scale_down_at=str(annotations.get(_DEADLINE) or "") if desired else "",
        banned=name in banned(view.raw),
        pods=pods,
    )


def _status(desired: int, current: int, available: int, troubled: bool) -> str:
    if not desired:
        return SCALING_DOWN if current else SCALED_DOWN
    if troubled:
        return DEGRADED
    return HEALTHY if available >= desired else PROGRESSING


def _containers(spec: Obj) -> list[Obj]:
    return list(((spec.get("template") or {}).get("spec") or {}).get("containers") or [])
