# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the simulator keeps of pods, nodes, Services and Ingresses, read from the API server's JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"
Key: TypeAlias = tuple[str, str]
"""Namespace and name."""

CANARY_PREFIX = "nginx.ingress.kubernetes.io/"

_QUANTITY = re.compile(r"(?P<number>[0-9.]+(?:[eE][-+]?[0-9]+)?)(?P<unit>[numkMGTPE]|[KMGTPE]i)?")
_UNITS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18} | {
    f"{letter}i": float(1024**power) for power, letter in enumerate("KMGTPE", 1)
}


@dataclass(frozen=True)
class Resources:
    """Cores and bytes; 0: not given."""

    cpu: float = 0.0
    memory: float = 0.0


@dataclass(frozen=True)
class Container:
    """One container of a pod with what its status says (``restarts`` 0 and not ready when there is none)."""

    name: str
    image: str
    restarts: int = 0
    ready: bool = False
    waiting: str = ""
    started_at: str = ""
    requests: Resources = Resources()
    limits: Resources = Resources()


@dataclass(frozen=True)
class PodRecord:
    """A pod: ``ready_at`` is when its Ready condition last turned, in seconds since the epoch (0: never)."""

    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str]
    containers: tuple[Container, ...]
    node: str
    phase: str
    ready: bool
    ready_at: float
    terminating: bool

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)

    @property
    def image(self) -> str:
        """The image of the first container, which decides the behaviour."""
        return self.containers[0].image if self.containers else ""

    @property
    def app(self) -> str:
        return self.labels.get("app") or self.labels.get("app.kubernetes.io/name", "")

    @property
    def hash(self) -> str:
        """The revision's hash: Argo's label, or that of a Deployment."""
        return self.labels.get("rollouts-pod-template-hash") or self.labels.get("pod-template-hash", "")


@dataclass(frozen=True)
class NodeRecord:
    """A node and its labels."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ServiceRecord:
    """A Service and the labels it selects pods by (none: no pods are behind it)."""

    namespace: str
    name: str
    selector: tuple[tuple[str, str], ...]

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)


@dataclass(frozen=True)
class CanaryRule:
    """The canary annotations of an Ingress: empty strings are annotations that are not there."""

    header: str = ""
    header_value: str = ""
    header_pattern: str = ""
    cookie: str = ""
    weight: int = 0
    weight_total: int = 100


@dataclass(frozen=True)
class Path:
    """One path of an Ingress and the Service behind it."""

    host: str
    path: str
    service: str


@dataclass(frozen=True)
class IngressRecord:
    """An Ingress; ``canary`` is None unless it only adds a canary to another Ingress."""

    namespace: str
    name: str
    paths: tuple[Path, ...]
    canary: CanaryRule | None = None

    @property
    def key(self) -> Key:
        return (self.namespace, self.name)


def table(value: Json) -> Mapping[str, Json]:
    """The value if it is a JSON object, else an empty one: absent parts of an object read as empty."""
    return value if isinstance(value, Mapping) else {}


def rows(value: Json) -> list[Json]:
    """The value if it is a JSON list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Json) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def _whole(value: Json, otherwise: int) -> int:
    try:
        return int(value) if isinstance(value, (str, int)) else otherwise
    except ValueError:
        return otherwise


def strings(value: Json) -> dict[str, str]:
    """The string values of a JSON object (labels, annotations, selectors)."""
    return {key: item for key, item in table(value).items() if isinstance(item, str)}


def epoch(stamp: str) -> float:
    """An API server's time stamp as seconds since the epoch; 0 when it is empty or unreadable."""
    try:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def quantity(value: Json) -> float:
    """A Kubernetes quantity (``250m``, ``512Mi``, 2) as a number; 0 when it is none."""
    found = _QUANTITY.fullmatch(str(value)) if isinstance(value, (str, int, float)) else None
    try:
        return float(found["number"]) * _UNITS.get(found["unit"], 1.0) if found else 0.0
    except ValueError:
        return 0.0


def _resources(value: Json) -> Resources:
    given = table(value)
    return Resources(quantity(given.get("cpu")), quantity(given.get("memory")))


def read_node(source: Mapping[str, Json]) -> NodeRecord:
    """A node from its JSON."""
    meta = table(source.get("metadata"))
    return NodeRecord(text(meta.get("name")), strings(meta.get("labels")))


def read_pod(source: Mapping[str, Json]) -> PodRecord:
    """A pod from its JSON."""
    meta, spec, status = table(source.get("metadata")), table(source.get("spec")), table(source.get("status"))
    ready, ready_at = False, 0.0
    for condition in map(table, rows(status.get("conditions"))):
        if condition.get("type") == "Ready":
            ready = condition.get("status") == "True"
            ready_at = epoch(text(condition.get("lastTransitionTime")))
    statuses = {text(item.get("name")): item for item in map(table, rows(status.get("containerStatuses")))}
    containers = []
    for item in map(table, rows(spec.get("containers"))):
        name = text(item.get("name"))
        seen = statuses.get(name, {})
        state, resources = table(seen.get("state")), table(item.get("resources"))
        containers.append(
            Container(
                name=name,
                image=text(item.get("image")),
                restarts=_whole(seen.get("restartCount"), 0),
                ready=seen.get("ready") is True,
                waiting=text(table(state.get("waiting")).get("reason")),
                started_at=text(table(state.get("running")).get("startedAt")),
                requests=_resources(resources.get("requests")),
                limits=_resources(resources.get("limits")),
            )
        )
    return PodRecord(
        namespace=text(meta.get("namespace")),
        name=text(meta.get("name")),
        uid=text(meta.get("uid")),
        labels=strings(meta.get("labels")),
        containers=tuple(containers),
        node=text(spec.get("nodeName")),
        phase=text(status.get("phase")),
        ready=ready,
        ready_at=ready_at,
        terminating=meta.get("deletionTimestamp") is not None,
    )


def read_service(source: Mapping[str, Json]) -> ServiceRecord:
    """A Service from its JSON."""
    meta = table(source.get("metadata"))
    selector = strings(table(source.get("spec")).get("selector"))
    return ServiceRecord(text(meta.get("namespace")), text(meta.get("name")), tuple(sorted(selector.items())))


def read_ingress(source: Mapping[str, Json]) -> IngressRecord:
    """An Ingress from its JSON; its default backend counts only when it has no rules."""
    meta, spec = table(source.get("metadata")), table(source.get("spec"))
    paths = []
    for rule in map(table, rows(spec.get("rules"))):
        for item in map(table, rows(table(rule.get("http")).get("paths"))):
            service = _backend(item.get("backend"))
            if service:
                paths.append(Path(text(rule.get("host")), text(item.get("path")) or "/", service))
    fallback = _backend(spec.get("defaultBackend"))
    if not paths and fallback:
        paths.append(Path("", "/", fallback))
    return IngressRecord(
        text(meta.get("namespace")), text(meta.get("name")), tuple(paths), _canary(strings(meta.get("annotations")))
    )


def _backend(value: Json) -> str:
    return text(table(table(value).get("service")).get("name"))


def _canary(annotations: Mapping[str, str]) -> CanaryRule | None:
    def get(name: str) -> str:
        return annotations.get(f"{CANARY_PREFIX}{name}", "")

    if get("canary").lower() != "true":
        return None
    return CanaryRule(
        header=get("canary-by-header"),
        header_value=get("canary-by-header-value"),
        header_pattern=get("canary-by-header-pattern"),
        cookie=get("canary-by-cookie"),
        weight=_whole(get("canary-weight"), 0),
        # The router ignores a total of 100 or less.
        weight_total=max(_whole(get("canary-weight-total"), 100), 100),
    )
