# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who may talk to whom, decided from the catalog."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.outside import Outside
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.peers import Connection, Pods, connections

from tests.unit.plugins.catalogs import (
    CANARY,
    EXPOSED,
    PLAIN,
    PRIMARY,
    PROMETHEUS,
    REDIS,
    REPLICA,
    catalog,
    settings,
)


def shown(connection: Connection) -> str:
    """Return a connection in a line: who -> whom ports."""
    ends = [
        end.service if isinstance(end, Pods) else end.cidr or end.namespace or str(dict(end.labels))
        for end in (connection.source, connection.target)
    ]
    return f"{ends[0]} -> {ends[1]} {' '.join(map(str, connection.ports))}"


def found(services: dict[str, Any], **changes: Any) -> list[str]:
    """Return the connections of a catalog, each in a line."""
    return [shown(connection) for connection in connections(catalog(**services), settings(**changes))]


def test_a_service_alone_talks_to_nobody() -> None:
    assert found({"web": PLAIN}) == []


def test_after_and_uses_open_the_port_of_the_container_once() -> None:
    web = {**PLAIN, "after": ["api"], "uses": ["api", "mail"]}
    api, mail = {**PLAIN, "ports": {"http": 9000}}, PLAIN
    assert found({"web": web, "api": api, "mail": mail}) == ["web -> api 9000", "web -> mail 8000"]


def test_stateful_services_are_reached_where_their_engines_listen() -> None:
    services = {
        "web": {**PLAIN, "uses": ["main", "copy", "cache", "watcher"]},
        "main": PRIMARY,
        "copy": REPLICA,
        "cache": REDIS,
        "watcher": PROMETHEUS,
    }
    assert found(services) == [
        "web -> main 5432",
        "web -> copy 5432",
        "web -> cache 6379",
        "web -> watcher 9090 9093",
        # What follows from what they are.
        "copy -> main 5432",
        "cache -> cache 6379 16379",
        "watcher -> 10.1.2.3/32 6443",
        "argo-rollouts -> watcher 9090 9093",
    ]


def test_a_replica_that_names_its_primary_has_one_connection() -> None:
    assert found({"main": PRIMARY, "copy": {**REPLICA, "after": ["main"]}}) == ["copy -> main 5432"]


def test_what_is_scraped_is_open_to_prometheus_on_the_scraped_port() -> None:
    scraped = {**PLAIN, "scrape": {"port": 8080}}
    assert found({"web": scraped, "api": PLAIN, "watcher": PROMETHEUS})[:1] == ["watcher -> web 8080"]


def test_without_a_prometheus_of_its_own_the_monitoring_namespace_scrapes() -> None:
    assert found({"web": {**PLAIN, "scrape": {"enabled": True}}}) == ["watch -> web 8000"]


@pytest.mark.parametrize(
    ("cidr", "without"),
    [
        ("0.0.0.0/0", ("10.0.0.0/8",)),
        ("::/0", ("fc00::/7",)),
        ("203.0.113.0/24", ()),
        ("10.20.0.0/16", ()),
    ],
)
def test_the_internet_is_meant_without_private_ranges(cidr: str, without: tuple[str, ...]) -> None:
    (connection,) = connections(catalog(web={**PLAIN, "egress": [{"cidr": cidr, "ports": [443, 587]}]}), settings())
    assert connection == Connection(Pods("web"), Outside(cidr=cidr, without=without), (443, 587))


def test_what_is_exposed_is_open_to_the_controller_of_ingresses() -> None:
    services = {"web": {**PLAIN, **EXPOSED}, "trade": CANARY}
    assert found(services) == ["ingress-nginx -> web 8000", "ingress-nginx -> trade 8000"]


def test_with_routes_the_router_comes_and_canaries_keep_their_ingress() -> None:
    services = {"web": {**PLAIN, **EXPOSED}, "trade": CANARY}
    router = "{'policy-group.network.openshift.io/ingress': ''}"
    assert found(services, routes=True) == [f"{router} -> web 8000", "ingress-nginx -> trade 8000"]


def test_a_migration_reaches_the_databases_of_its_service_and_nobody_reaches_it() -> None:
    api = {**PLAIN, "uses": ["main", "mail"], "migrations": {}}
    connected = connections(catalog(api=api, mail=PLAIN, main=PRIMARY), settings())
    assert [connection for connection in connected if connection.source == Pods("api", migrating=True)] == [
        Connection(Pods("api", migrating=True), Pods("main"), (5432,))
    ]
    assert not [connection for connection in connected if connection.target == Pods("api", migrating=True)]


def test_who_has_a_token_may_ask_the_api_server() -> None:
    servers = [{"cidr": "10.1.2.3/32", "ports": [6443]}, {"namespace": "proxy", "ports": [443]}]
    services = {"web": PLAIN, "api": {**PLAIN, "config": ["LOG_LEVEL"]}, "main": {**PRIMARY, "secrets": {"a": ["B"]}}}
    assert found(services, api_server=servers) == ["api -> 10.1.2.3/32 6443", "api -> proxy 443"]
    assert found({"mail": {**PLAIN, "secrets": {"a": ["B"]}}}) == ["mail -> 10.1.2.3/32 6443"]
    assert found(services, api_server=[]) == []
