# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who may talk to whom: the connections of a catalog. Pure functions. Private to this collection.

What stands in the catalog decides: a service reaches what its `after` and `uses` name, and what its `egress` lists.
Everything else here follows from what a service is: a replica streams from its primary, a migration needs its database,
Prometheus scrapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .model import Service
from .outside import Outside, Settings


@dataclass(frozen=True)
class Pods:
    """The pods of a service, by its key in the catalog; or those of the Job that migrates its database."""

    service: str
    migrating: bool = False


Party: TypeAlias = "Pods | Outside"


@dataclass(frozen=True)
class Connection:
    """Who may open connections to whom, on which ports of the target's containers (TCP)."""

    source: Party
    target: Party
    ports: tuple[int, ...]


# Ports of an engine (engines.PORTS) that only the pods of the service itself use.
_AMONG_THEMSELVES = frozenset({"bus"})


def connections(catalog: Mapping[str, Service], settings: Settings) -> list[Connection]:
    """Return every connection that is meant to be possible, each once, in a stable order.

    Args:
        catalog: normalised entries.
        settings: who is outside the catalog.
    """
    found: dict[Connection, None] = {}
    for part in (_named, _migrating, _replication, _clusters, _scraping, _asking, _outward, _exposed, _watching):
        found.update(dict.fromkeys(part(catalog, settings)))
    return list(found)


def serving(entry: Service) -> tuple[int, ...]:
    """Return the ports on which a service takes its users' requests."""
    if not entry["stateful"]:
        return (entry["ports"]["http"],)
    return tuple(number for name, number in entry["stateful"]["ports"].items() if name not in _AMONG_THEMSELVES)


def _named(catalog: Mapping[str, Service], _settings: Settings) -> Iterator[Connection]:
    for name, entry in catalog.items():
        for other in dict.fromkeys([*entry["after"], *entry["uses"]]):
            yield Connection(Pods(name), Pods(other), serving(catalog[other]))


def _migrating(catalog: Mapping[str, Service], _settings: Settings) -> Iterator[Connection]:
    """Yield what a migration needs: the service's databases."""
    for name, entry in catalog.items():
        for other in dict.fromkeys([*entry["after"], *entry["uses"]]) if entry["migrations"] else ():
            if catalog[other]["stateful"]:
                yield Connection(Pods(name, migrating=True), Pods(other), serving(catalog[other]))


def _replication(catalog: Mapping[str, Service], _settings: Settings) -> Iterator[Connection]:
    for replica in _of("postgres_replica", catalog):
        for primary in _of("postgres_primary", catalog):
            yield Connection(Pods(replica), Pods(primary), serving(catalog[primary]))


def _clusters(catalog: Mapping[str, Service], _settings: Settings) -> Iterator[Connection]:
    for name, entry in catalog.items():
        if entry["stateful"] and _AMONG_THEMSELVES & set(entry["stateful"]["ports"]):
            yield Connection(Pods(name), Pods(name), tuple(entry["stateful"]["ports"].values()))


def _scraping(catalog: Mapping[str, Service], settings: Settings) -> Iterator[Connection]:
    """Yield what is measured: by the catalog's Prometheus, else by whatever runs in the monitoring namespace."""
    sources: list[Party] = [Pods(name) for name in _of("prometheus", catalog)]
    for source in sources or [Outside(namespace=settings.monitoring_namespace)]:
        for name, entry in catalog.items():
            if entry["scrape"]["enabled"]:
                yield Connection(source, Pods(name), (entry["scrape"]["port"],))


def _outward(catalog: Mapping[str, Service], settings: Settings) -> Iterator[Connection]:
    for name, entry in catalog.items():
        for egress in entry["egress"]:
            target = Outside(cidr=egress["cidr"], without=settings.private_within(egress["cidr"]))
            yield Connection(Pods(name), target, tuple(egress["ports"]))


def _exposed(catalog: Mapping[str, Service], settings: Settings) -> Iterator[Connection]:
    for name, entry in catalog.items():
        if entry["exposure"]:
            # A canary is split by its Ingress, also where the others have a Route.
            routed = settings.routes and entry["strategy"] != "canary"
            yield Connection(settings.router if routed else settings.ingress, Pods(name), serving(entry))


def _watching(catalog: Mapping[str, Service], settings: Settings) -> Iterator[Connection]:
    for name in _of("prometheus", catalog):
        for client in settings.prometheus_clients:
            yield Connection(client, Pods(name), serving(catalog[name]))


def _asking(catalog: Mapping[str, Service], settings: Settings) -> Iterator[Connection]:
    """Yield who asks the API server: those that role rbac gives a token."""
    for name, entry in catalog.items():
        configured = (entry["config"] or entry["secrets"]) and not entry["stateful"]
        if configured or name in _of("prometheus", catalog):
            for server in settings.api_server:
                yield Connection(Pods(name), server, server.ports)


def _of(engine: str, catalog: Mapping[str, Service]) -> list[str]:
    return [name for name, entry in catalog.items() if entry["stateful"] and entry["stateful"]["engine"] == engine]
