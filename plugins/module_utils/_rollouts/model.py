# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the collection knows of a workload at one moment. Private: other collections must not import it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._analysis_runs.run import Run
from .._types import Obj
from .history import release_of
from .phase import Phase

ROLLING, BLUE_GREEN, CANARY = "rolling", "blue_green", "canary"


@dataclass(frozen=True)
class Step:
    """Where a canary stands: the index of the step it is in (equal to `total` when done) and how many there are."""

    index: int
    total: int


@dataclass(frozen=True)
class Weight:
    """Percent of the traffic for the canary: what the steps ask for and what the router was told."""

    set: float
    actual: float


@dataclass(frozen=True)
class Image:
    """A container's image in one or more ReplicaSets; tags say which (stable, canary, active, preview)."""

    name: str
    image: str
    tags: list[str]


@dataclass(frozen=True)
class Replicas:
    """Numbers of pods."""

    desired: int = 0
    current: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0


@dataclass(frozen=True)
class Pod:
    """A pod of a ReplicaSet.

    Args:
        status: in one word, as kubectl says it: ``Running``, ``ImagePullBackOff``, ``Terminating``...
        message: why it is not what it should be, empty when it is.
        ready: whether it may serve requests.
        containers_ready: how many of its ``containers`` are ready.
        restarts: of all of its containers.
        created: when, as the API server writes it.
    """

    name: str
    status: str
    message: str
    ready: bool
    containers_ready: int
    containers: int
    restarts: int
    created: str


@dataclass(frozen=True)
class Traffic:
    """Where requests go, read from the Services' selectors, the Ingress' weight and the ready endpoints.

    Args:
        known: whether there is anything to read it from (a canary without Services has nothing).
        main: pod-template hash that the active or stable Service selects, empty when it selects by label only.
        ready: ready endpoints of that Service by pod-template hash.
        weight: percent that the router sends to the canary Service, None when nothing routes.
    """

    known: bool = False
    main: str = ""
    ready: dict[str, int] = field(default_factory=dict)
    weight: float | None = None


@dataclass(frozen=True)
class View:
    """One workload, put together from the objects that belong to it.

    Args:
        raw: the Rollout or Deployment itself.
        template_owner: the object that holds the pod template: `raw`, or what its ``workloadRef`` names.
        hashes: pod-template hash -> ReplicaSet.
        roles: pod-template hash -> what it is: stable, canary, active, preview, current.
        pods: pod-template hash -> the pods of its ReplicaSet, oldest first; empty when they were not read.
    """

    name: str
    namespace: str
    kind: str
    strategy: str
    phase: Phase
    raw: Obj
    template_owner: Obj
    hashes: dict[str, Obj]
    roles: dict[str, list[str]] = field(default_factory=dict)
    pods: dict[str, tuple[Pod, ...]] = field(default_factory=dict)
    revision: int = 0
    stable_revision: int = 0
    current_hash: str = ""
    stable_hash: str = ""
    aborted: bool = False
    paused: bool = False
    pause_reasons: tuple[str, ...] = ()
    step: Step | None = None
    weight: Weight | None = None
    images: tuple[Image, ...] = ()
    replicas: Replicas = field(default_factory=Replicas)
    runs: tuple[Run, ...] = ()
    traffic: Traffic = field(default_factory=Traffic)

    @property
    def in_flight(self) -> bool:
        """Whether a revision is live that is not (yet) the stable one."""
        return bool(self.current_hash and self.stable_hash and self.current_hash != self.stable_hash)

    @property
    def release(self) -> str:
        """The release that changed the pod template last, empty when none of ours did."""
        return release_of(self.raw)

    @property
    def version(self) -> str:
        """The resourceVersion this view was read at."""
        return str(self.raw["metadata"].get("resourceVersion") or "")

    @property
    def controller(self) -> str:
        """The program that brings it to what is asked."""
        return "argo-rollouts" if self.kind == "Rollout" else "kube-controller-manager"

    @property
    def place(self) -> str:
        """What a message calls it."""
        return f"{self.kind} {self.name} in namespace {self.namespace}"
