# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which way a request goes: entry points, canary rules and the pods behind a Service. Pure functions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sandbox.simulator.records import CanaryRule, IngressRecord, Key, PodRecord, ServiceRecord

_Place = tuple[str, str, str]
"""Namespace, host and path."""


@dataclass(frozen=True)
class Branch:
    """An equal part of an entry point's load: the Service that takes it and, if any, the canary beside it."""

    service: str
    canary: str = ""
    rule: CanaryRule | None = None


@dataclass(frozen=True)
class EntryPoint:
    """Where load enters: an Ingress, or a Service that is used directly."""

    namespace: str
    kind: str
    name: str
    branches: tuple[Branch, ...]


def entry_points(ingresses: Iterable[IngressRecord], services: Iterable[ServiceRecord]) -> list[EntryPoint]:
    """All entry points, sorted: each Ingress that is no canary, and each Service that no Ingress refers to.

    Services without a selector, ``default/kubernetes`` and namespaces ``kube-*`` take no load.
    """
    known = [item for item in sorted(ingresses, key=lambda i: i.key) if not item.namespace.startswith("kube-")]
    canaries: dict[_Place, tuple[str, CanaryRule]] = {}
    for item in known:
        if item.canary is not None:
            for path in item.paths:
                # The router keeps the first of several canaries of one path.
                canaries.setdefault((item.namespace, path.host, path.path), (path.service, item.canary))
    found = [
        EntryPoint(item.namespace, "Ingress", item.name, _branches(item, canaries))
        for item in known
        if item.canary is None and item.paths
    ]
    referred = {(item.namespace, path.service) for item in known for path in item.paths}
    for service in sorted(services, key=lambda s: s.key):
        if service.selector and service.key not in referred and not _is_system(service.key):
            found.append(EntryPoint(service.namespace, "Service", service.name, (Branch(service.name),)))
    return found


def canary_choice(rule: CanaryRule, headers: Mapping[str, str], cookies: Mapping[str, str]) -> bool | None:
    """Whether a request goes to the canary, as ingress-nginx decides it: header, then cookie, then weight.

    None: neither header nor cookie says anything, so the weight decides.
    """
    value = headers.get(rule.header) if rule.header else None
    if value is not None:
        if rule.header_value:
            if value == rule.header_value:
                return True
        elif rule.header_pattern:
            if _matches(rule.header_pattern, value):
                return True
        elif value in ("always", "never"):
            return value == "always"
    cookie = cookies.get(rule.cookie) if rule.cookie else None
    if cookie in ("always", "never"):
        return cookie == "always"
    return None


def marked_headers(rule: CanaryRule) -> dict[str, str]:
    """The headers of the users who ask for the canary; empty when it takes none."""
    if not rule.header:
        return {}
    return {rule.header: rule.header_value or rule.header_pattern or "always"}


def weight_share(rule: CanaryRule) -> float:
    """The share (0..1) of the requests left to the weight that goes to the canary."""
    return min(max(rule.weight / rule.weight_total, 0.0), 1.0)


def takes_traffic(pod: PodRecord) -> bool:
    """Whether a pod is among the endpoints that get requests."""
    return pod.ready and not pod.terminating


class PodIndex:
    """Pods that take traffic, by label, so that hundreds of selectors are resolved in milliseconds."""

    def __init__(self, pods: Iterable[PodRecord]) -> None:
        self._by_label: dict[tuple[str, str, str], dict[str, PodRecord]] = defaultdict(dict)
        for pod in pods:
            if takes_traffic(pod):
                for key, value in pod.labels.items():
                    self._by_label[(pod.namespace, key, value)][pod.uid] = pod

    def behind(self, service: ServiceRecord | None) -> list[PodRecord]:
        """The pods a Service sends requests to, sorted by name; none for a missing Service or no selector."""
        if service is None or not service.selector:
            return []
        candidates: list[Mapping[str, PodRecord]] = [
            self._by_label.get((service.namespace, key, value), {}) for key, value in service.selector
        ]
        candidates.sort(key=len)
        first, others = candidates[0], candidates[1:]
        return sorted((pod for uid, pod in first.items() if _in_all(uid, others)), key=lambda pod: pod.name)


def _in_all(uid: str, groups: Iterable[Collection[str]]) -> bool:
    return all(uid in group for group in groups)


def _branches(ingress: IngressRecord, canaries: Mapping[_Place, tuple[str, CanaryRule]]) -> tuple[Branch, ...]:
    found = []
    for path in ingress.paths:
        canary = canaries.get((ingress.namespace, path.host, path.path))
        found.append(Branch(path.service, canary[0], canary[1]) if canary else Branch(path.service))
    return tuple(found)


def _is_system(key: Key) -> bool:
    return key == ("default", "kubernetes") or key[0].startswith("kube-")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return False
