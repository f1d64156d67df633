# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The NetworkPolicies of the inventories, evaluated as Kubernetes would: what the table below lists is open, nothing else."""

from __future__ import annotations

import itertools

import pytest

from tests.unit.roles.network_model import Address, End, Network, Pod
from tests.unit.roles.rendered import ENVIRONMENTS, objects

API, DB, CACHE, CHAT, PROMETHEUS, ALERTS, GOSSIP, SOLVER, DNS = 8000, 5432, 6379, 16379, 9090, 9093, 9094, 8089, 53
PORTS = (22, DNS, 80, 443, DB, 5353, CACHE, 6443, API, 8080, SOLVER, PROMETHEUS, ALERTS, GOSSIP, CHAT)

# Who reaches whom, by the connections that the architecture has.
OPEN: dict[str, dict[str, tuple[int, ...]]] = {
    "web": {"api-gateway": (API,)},
    "mobile-web": {"api-gateway": (API,)},
    "admin-dashboard": {"api-gateway": (API,)},
    "api-gateway": {
        **dict.fromkeys(("user-service", "trading-service", "analytics-service", "notification-service"), (API,)),
        "postgres-primary": (DB,),
        "redis-cluster": (CACHE,),
    },
    "trading-service": {
        **dict.fromkeys(("user-service", "broker-connectors", "market-data-ingestion", "notification-service"), (API,)),
        "postgres-primary": (DB,),
        "redis-cluster": (CACHE,),
    },
    "user-service": {
        **dict.fromkeys(("notification-service", "payment-processors"), (API,)),
        "postgres-primary": (DB,),
        "redis-cluster": (CACHE,),
    },
    "analytics-service": {"postgres-replica": (DB,), "redis-cluster": (CACHE,)},
    "notification-service": {"redis-cluster": (CACHE,), "the internet": (443,)},
    "broker-connectors": {"redis-cluster": (CACHE,), "the internet": (443,)},
    "market-data-ingestion": {"postgres-primary": (DB,), "redis-cluster": (CACHE,), "the internet": (443,)},
    "payment-processors": {"notification-service": (API,), "postgres-primary": (DB,), "the internet": (443,)},
    "postgres-primary": {},
    "postgres-replica": {"postgres-primary": (DB,)},
    "redis-cluster": {"redis-cluster": (CACHE, CHAT)},
    "monitoring-stack": {
        **dict.fromkeys(
            (
                *("api-gateway", "trading-service", "user-service", "analytics-service", "notification-service"),
                *("broker-connectors", "market-data-ingestion", "payment-processors"),
            ),
            (API,),
        ),
        "the internet": (443,),
    },
    "ingress-nginx": {
        **dict.fromkeys(("api-gateway", "trading-service", "web", "mobile-web", "admin-dashboard"), (API,)),
        "a solver": (SOLVER,),
    },
    "argo": {"monitoring-stack": (PROMETHEUS, ALERTS)},
}
# Who has a token. Where the API server is, the inventories do not say: at some private address.
ASKING = (
    *("api-gateway", "trading-service", "user-service", "analytics-service", "notification-service"),
    *("broker-connectors", "market-data-ingestion", "payment-processors", "monitoring-stack"),
)
EXPOSED_BY_ROUTE = ("api-gateway", "web", "mobile-web", "admin-dashboard")

ADDRESSES = [
    Address("the internet", "203.0.113.9"),
    Address("a private address", "10.1.2.3"),
    Address("the metadata service", "169.254.169.254"),
]
NAMESPACES: dict[str, dict[str, str]] = {
    "tradesense-monitoring": {},
    "kube-system": {},
    "argo-rollouts": {},
    "ingress-nginx": {},
    "openshift-dns": {},
    "openshift-ingress": {"policy-group.network.openshift.io/ingress": ""},
    "default": {},
}


def ends(environment: str) -> list[End]:
    """Return everybody: the services' pods, and those that stand beside them."""
    here = f"tradesense-{environment}"
    services: list[End] = [
        Pod(name, "tradesense-monitoring" if name == "monitoring-stack" else here, {"app": f"tradesense-{name}"})
        for name in OPEN
        if name not in ("argo", "ingress-nginx")
    ]
    others: list[End] = [
        Pod("argo", "argo-rollouts", {"app": "argo-rollouts"}),
        Pod("ingress-nginx", "ingress-nginx", {"app": "nginx"}),
        Pod("the router", "openshift-ingress", {"app": "router"}),
        Pod("a name server", "kube-system", {"k8s-app": "kube-dns"}),
        Pod("a name server of OpenShift", "openshift-dns", {"app": "dns"}),
        Pod("a solver", here, {"acme.cert-manager.io/http01-solver": "true"}),
        Pod("a stranger here", here, {"app": "stranger"}),
        Pod("a stranger elsewhere", "default", {"app": "tradesense-api-gateway"}),
        Pod("another environment", "tradesense-other", {"app": "tradesense-api-gateway"}),
        Pod("a stranger in monitoring", "tradesense-monitoring", {"app": "stranger"}),
    ]
    return [*services, *others, *ADDRESSES]


def closed(end: End, environment: str) -> bool:
    """Tell whether somebody is in one of the namespaces that are closed: what others do among themselves is not ours."""
    return isinstance(end, Pod) and end.namespace in (f"tradesense-{environment}", "tradesense-monitoring")


def opened(environment: str, protocol: str = "TCP", *extra: str) -> set[tuple[str, str, int]]:
    """Return every connection from or to the closed namespaces that is possible."""
    policies = [item for (kind, _name), item in objects(environment, *extra).items() if kind == "NetworkPolicy"]
    namespaces = {**NAMESPACES, f"tradesense-{environment}": {}, "tradesense-other": {}}
    network = Network(policies, namespaces)
    return {
        (source.name, target.name, port)
        for source, target in itertools.product(ends(environment), repeat=2)
        if closed(source, environment) or closed(target, environment)
        for port in PORTS
        if network.allows(source, target, port, protocol)
    }


def names(environment: str, *servers: tuple[str, int]) -> set[tuple[str, str, int]]:
    """Return the ways of all pods of the closed namespaces to the name servers."""
    return {(end.name, *server) for end in ends(environment) if closed(end, environment) for server in servers}


def asking() -> set[tuple[str, str, int]]:
    """Return the ways to the API server."""
    return {(name, "a private address", port) for name in ASKING for port in (443, 6443)}


def flat(table: dict[str, dict[str, tuple[int, ...]]]) -> set[tuple[str, str, int]]:
    """Return a table's connections."""
    return {
        (source, target, port)
        for source, targets in table.items()
        for target, ports in targets.items()
        for port in ports
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_exactly_the_connections_of_the_architecture_are_open(environment: str) -> None:
    assert opened(environment) == flat(OPEN) | asking() | names(environment, ("a name server", DNS))
    assert opened(environment, "UDP") == names(environment, ("a name server", DNS))


def test_on_openshift_the_router_takes_the_place_of_nginx_but_for_canaries() -> None:
    table: dict[str, dict[str, tuple[int, ...]]] = {
        **OPEN,
        "ingress-nginx": {"trading-service": (API,), "a solver": (SOLVER,)},
        "the router": {**dict.fromkeys(EXPOSED_BY_ROUTE, (API,)), "a solver": (SOLVER,)},
    }
    servers = (("a name server", DNS), ("a name server of OpenShift", 5353))
    assert opened("staging", "TCP", 'network_routes="true"') == flat(table) | asking() | names("staging", *servers)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_those_with_a_token_and_no_others_reach_the_api_server(environment: str) -> None:
    """Roles rbac and network each decide it for themselves."""
    accounts = {name: item for (kind, name), item in objects(environment).items() if kind == "ServiceAccount"}
    with_token = {name for name, item in accounts.items() if item["automountServiceAccountToken"]}
    assert with_token - {"tradesense-deployer"} == {f"tradesense-{name}" for name in ASKING}
