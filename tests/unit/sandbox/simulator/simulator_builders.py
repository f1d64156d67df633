# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Builders of the objects that the simulator's tests need."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.simulator.records import CanaryRule, Container, IngressRecord, Path, PodRecord, Resources, ServiceRecord

NOTHING = Resources()

MakePod = Callable[..., PodRecord]
MakeService = Callable[..., ServiceRecord]
MakeIngress = Callable[..., IngressRecord]


def build_pod(
    name: str,
    app: str = "tradesense-web",
    *,
    namespace: str = "ns",
    hash: str = "aaa",
    image: str = "tradesense/web:v1",
    ready: bool = True,
    terminating: bool = False,
    uid: str = "",
    phase: str = "Running",
    labels: Mapping[str, str] | None = None,
    restarts: int = 0,
    waiting: str = "",
    started_at: str = "2026-01-01T00:00:00Z",
    ready_at: float = 0.0,
    node: str = "node-0",
    requests: Resources = NOTHING,
    limits: Resources = NOTHING,
) -> PodRecord:
    all_labels = {"app": app, "rollouts-pod-template-hash": hash, **(labels or {})}
    started = "" if waiting else started_at
    container = Container("main", image, restarts, ready and not waiting, waiting, started, requests, limits)
    return PodRecord(
        namespace=namespace,
        name=name,
        uid=uid or f"uid-{namespace}-{name}",
        labels=all_labels,
        containers=(container,),
        node=node,
        phase=phase,
        ready=ready,
        ready_at=ready_at,
        terminating=terminating,
    )


def build_service(name: str, *, namespace: str = "ns", **selector: str) -> ServiceRecord:
    pairs = tuple(sorted((key.replace("_", "-"), value) for key, value in selector.items()))
    return ServiceRecord(namespace, name, pairs)


def build_ingress(
    name: str,
    *services: str,
    namespace: str = "ns",
    host: str = "a.example",
    canary: CanaryRule | None = None,
) -> IngressRecord:
    paths = tuple(Path(host, f"/{i}", service) for i, service in enumerate(services))
    return IngressRecord(namespace, name, paths, canary)
