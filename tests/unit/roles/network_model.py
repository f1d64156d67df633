# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What NetworkPolicies let through, evaluated as Kubernetes defines them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Pod:
    """A pod: its namespace and labels; `name` is for tests."""

    name: str
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Address:
    """Somebody outside the cluster."""

    name: str
    ip: str


End = Pod | Address


class Network:
    """Namespaces with their labels, and the policies in them."""

    def __init__(self, policies: Iterable[Any], namespaces: Mapping[str, Mapping[str, str]]) -> None:
        self._policies = list(policies)
        self._namespaces = {
            name: {**labels, "kubernetes.io/metadata.name": name} for name, labels in namespaces.items()
        }

    def allows(self, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
        """Return whether a connection can be opened: both its ends have to let it through."""
        out = self._open("Egress", source, target, port, protocol)
        return out and self._open("Ingress", target, source, port, protocol)

    def _open(self, direction: str, here: End, other: End, port: int, protocol: str) -> bool:
        if isinstance(here, Address):
            return True
        policies = [item for item in self._policies if self._isolates(item, direction, here)]
        if not policies:
            return True
        word = {"Ingress": "from", "Egress": "to"}[direction]
        return any(
            self._meets(rule.get(word), here.namespace, other) and _on(rule, port, protocol)
            for item in policies
            for rule in item["spec"].get(direction.lower()) or []
        )

    def _isolates(self, policy: Any, direction: str, pod: Pod) -> bool:
        spec = policy["spec"]
        here = policy["metadata"]["namespace"] == pod.namespace
        return here and direction in spec["policyTypes"] and _selects(spec["podSelector"], pod.labels)

    def _meets(self, peers: Any, here: str, other: End) -> bool:
        # No list at all is everybody.
        return not peers or any(self._is(peer, here, other) for peer in peers)

    def _is(self, peer: Any, here: str, other: End) -> bool:
        if "ipBlock" in peer:
            return isinstance(other, Address) and _inside(peer["ipBlock"], other.ip)
        if isinstance(other, Address):
            return False
        if "namespaceSelector" in peer:
            right = _selects(peer["namespaceSelector"], self._namespaces[other.namespace])
        else:
            right = other.namespace == here
        return right and _selects(peer.get("podSelector", {}), other.labels)


def _selects(selector: Any, labels: Mapping[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}, f"the model does not know {selector}"
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())


def _on(rule: Any, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    return not ports or any(item["port"] == port and item.get("protocol", "TCP") == protocol for item in ports)


def _inside(block: Any, ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    without = [ipaddress.ip_network(item) for item in block.get("except") or []]
    return address in ipaddress.ip_network(block["cidr"]) and not any(address in item for item in without)
