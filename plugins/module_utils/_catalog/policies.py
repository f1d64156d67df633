# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""NetworkPolicies that open a catalog's connections and nothing else. Pure functions. Private to this collection.

Everything is closed for all pods of a namespace; policies only ever open. The monitoring namespace is shared: what stands
there is the same whichever environment writes it, or has the environment's namespace in its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypedDict

from .model import Service
from .outside import Outside, Settings
from .peers import Connection, Party, Pods, connections

Obj = dict[str, Any]
Direction = Literal["ingress", "egress"]

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_LABELS = {
    "app.kubernetes.io/name": "tradesense",
    "app.kubernetes.io/component": "network",
    "app.kubernetes.io/part-of": "tradesense",
    "app.kubernetes.io/managed-by": "tradesense-delivery",
}
# What the other ends are called in a rule of each direction.
_WORDS: dict[Direction, str] = {"ingress": "from", "egress": "to"}
# cert-manager proves by a pod of its own that a host is ours; the ingress controller sends the question there.
_SOLVER = {"acme.cert-manager.io/http01-solver": "true"}
_SOLVER_PORT = 8089


class Policy(TypedDict):
    """A NetworkPolicy as the template prints it."""

    name: str
    namespace: str
    labels: dict[str, str]
    spec: Obj


def policies(catalog: Mapping[str, Service], settings: Settings) -> list[Policy]:
    """Return the policies of an environment, and those of the monitoring namespace that belong to it."""
    shared = any(entry["scope"] == "monitoring" for entry in catalog.values())
    found = _for_all("tradesense", settings.namespace, settings)
    if shared:
        found += _for_all("tradesense-monitoring", settings.monitoring_namespace, settings)
    if any(entry["exposure"] and entry["exposure"]["cluster_issuer"] for entry in catalog.values()):
        found.append(_solver(settings))
    return [*found, *_for_services(catalog, settings)]


def _for_all(prefix: str, namespace: str, settings: Settings) -> list[Policy]:
    """Return what holds for every pod of a namespace: nothing is open but the way to the name servers."""
    names = [
        {"to": [_outside(server)], "ports": [_port(port, how) for port in server.ports for how in ("UDP", "TCP")]}
        for server in settings.dns
    ]
    closed: Obj = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    dns: Obj = {"podSelector": {}, "policyTypes": ["Egress"], "egress": names}
    return [
        {"name": f"{prefix}-{name}", "namespace": namespace, "labels": _LABELS, "spec": spec}
        for name, spec in (("deny-all", closed), ("dns", dns))
    ]


def _solver(settings: Settings) -> Policy:
    sources = [settings.ingress, *([settings.router] if settings.routes else [])]
    spec: Obj = {
        "podSelector": {"matchLabels": _SOLVER},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [_outside(source) for source in sources], "ports": [_port(_SOLVER_PORT)]}],
    }
    return {"name": "tradesense-acme-solver", "namespace": settings.namespace, "labels": _LABELS, "spec": spec}


def _for_services(catalog: Mapping[str, Service], settings: Settings) -> list[Policy]:
    # (pods, the environment's own or shared) -> direction -> ports -> peers
    rules: dict[tuple[Pods, bool], dict[Direction, dict[tuple[int, ...], list[Obj]]]] = {}
    for pods, own, direction, connection, other in _openings(catalog, settings):
        peers = rules.setdefault((pods, own), {}).setdefault(direction, {}).setdefault(connection.ports, [])
        peers.append(_peer(other, catalog, settings, _namespace(catalog[pods.service], settings)))
    return [
        _policy(catalog[service], pods, own, rules[pods, own], settings)
        for service in catalog
        for pods in (Pods(service), Pods(service, migrating=True))
        for own in (False, True)
        if (pods, own) in rules
    ]


def _openings(
    catalog: Mapping[str, Service], settings: Settings
) -> Iterator[tuple[Pods, bool, Direction, Connection, Party]]:
    """Yield each end of each connection: the pods there, whether the policy is the environment's own, and the other end."""
    for connection in connections(catalog, settings):
        ends: tuple[tuple[Direction, Party, Party], ...] = (
            ("egress", connection.source, connection.target),
            ("ingress", connection.target, connection.source),
        )
        for direction, party, other in ends:
            if isinstance(party, Pods):
                own = any(
                    isinstance(end, Pods) and catalog[end.service]["scope"] == "environment" for end in (party, other)
                )
                yield party, own, direction, connection, other


def _policy(
    entry: Service,
    pods: Pods,
    own: bool,
    rules: Mapping[Direction, Mapping[tuple[int, ...], list[Obj]]],
    settings: Settings,
) -> Policy:
    spec: Obj = {"podSelector": {"matchLabels": _selector(entry, pods)}, "policyTypes": []}
    for direction, word in _WORDS.items():
        if direction in rules:
            spec["policyTypes"].append(direction.capitalize())
            spec[direction] = [
                {word: peers, "ports": [_port(port) for port in ports]} for ports, peers in rules[direction].items()
            ]
    name = f"{entry['name']}.migrate" if pods.migrating else entry["name"]
    if own and entry["scope"] == "monitoring":
        name = f"{name}-{settings.namespace}"
    return {"name": name, "namespace": _namespace(entry, settings), "labels": entry["labels"], "spec": spec}


def _peer(party: Party, catalog: Mapping[str, Service], settings: Settings, seen_from: str) -> Obj:
    """Return one item of `from` or `to`; `seen_from` is the namespace of the policy."""
    if isinstance(party, Outside):
        return _outside(party)
    entry = catalog[party.service]
    namespace = _namespace(entry, settings)
    pods: Obj = {"podSelector": {"matchLabels": _selector(entry, party)}}
    return pods if namespace == seen_from else {**_all_of({_NAMESPACE_NAME: namespace}), **pods}


def _selector(entry: Service, pods: Pods) -> dict[str, str]:
    migrations = entry["migrations"]
    return {"app": migrations["labels"]["app"]} if pods.migrating and migrations else entry["selector"]


def _outside(party: Outside) -> Obj:
    if party.cidr:
        without = {"except": list(party.without)} if party.without else {}
        return {"ipBlock": {"cidr": party.cidr, **without}}
    return _all_of({_NAMESPACE_NAME: party.namespace} if party.namespace else dict(party.labels))


def _all_of(labels: dict[str, str]) -> Obj:
    return {"namespaceSelector": {"matchLabels": labels}}


def _namespace(entry: Service, settings: Settings) -> str:
    return settings.monitoring_namespace if entry["scope"] == "monitoring" else settings.namespace


def _port(number: int, protocol: str = "TCP") -> Obj:
    return {"port": number, "protocol": protocol}
