# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The services' accounts: each may read what its entry of the catalog names, and no other."""

from __future__ import annotations

from typing import Any

from tests.integration.support.accounts import token_of
from tests.integration.support.cluster import Obj
from tests.integration.support.environment import Environment, catalog, whole_catalog
from tests.integration.support.rights import EVERYBODY, Asking, named_rights, rights

STATEFUL = ("postgres-primary", "postgres-replica", "redis-cluster")
SECRETS = (
    *("tradesense-db-credentials", "tradesense-redis-credentials", "tradesense-auth-secrets"),
    *("tradesense-external-api-keys", "tradesense-monitoring-secrets", "tradesense-postgres-credentials"),
    # Another service's own copy, and somebody else's.
    *("tradesense-user-service-secrets-0123456789", "tradesense-api-tls"),
)
CONFIG_MAPS = ("tradesense-config", "tradesense-user-service-config-0123456789")


def secret(name: str) -> Obj:
    """Return a Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"KEY": "value"}}


def config_map(name: str) -> Obj:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"KEY": "value"}}


def test_each_reads_its_own_and_no_other(environment: Environment) -> None:
    """Real requests with a real token of each service."""
    environment.run("provision", "--tags", "namespaces,rbac")
    space = environment.space
    space.create(*map(secret, SECRETS), *map(config_map, CONFIG_MAPS))
    services = {name: entry for name, entry in catalog().items() if entry.get("scope") != "monitoring"}
    assert len(services) == 14
    for service, entry in services.items():
        asking = Asking(space.cluster, token_of(space, f"tradesense-{service}"))

        def read(path: str, asking: Asking = asking, **query: str) -> int:
            return asking.status("GET", path, **query)

        own = {name for name in SECRETS if read(space.path("Secret", name)) == 200}
        assert own == set(entry.get("secrets") or {}), service
        configured = [name for name in CONFIG_MAPS if read(space.path("ConfigMap", name)) == 200]
        assert configured == (["tradesense-config"] if entry.get("config") else []), service
        # One object of its own is what a list may be narrowed down to, and only of configuration.
        followed = read(space.path("ConfigMap"), fieldSelector="metadata.name=tradesense-config")
        assert followed == (200 if entry.get("config") else 403), service
        for kind in ("Secret", "ConfigMap"):
            assert read(space.path(kind)) == 403, service
            assert read(space.path(kind), watch="true") == 403, service
            assert read(environment.monitoring.path(kind)) == 403, service
        for name in own:
            assert asking.status("DELETE", space.path("Secret", name)) == 403, service
            assert read(space.path("Secret"), fieldSelector=f"metadata.name={name}") == 403, service


def test_that_is_all(environment: Environment) -> None:
    """All rights of one account of each sort, as the API server lists them."""
    every: dict[str, Any] = {"tradesense_services": whole_catalog(), "tradesense_service_overrides": {}}
    environment.run("provision", "--tags", "namespaces,rbac", **every)
    space, monitoring = environment.space, environment.monitoring
    usual = {"pods": "get list", "services": "get list", "events": "create"}
    mine = {"tradesense-db-credentials", "tradesense-redis-credentials", "tradesense-auth-secrets"}
    accounts = {
        "api-gateway": (
            space,
            usual,
            {
                "configmaps": ("get list watch", ["tradesense-config"]),
                "secrets": ("get", [*mine, "tradesense-monitoring-secrets"]),
            },
        ),
        "web": (space, {}, {}),
        "redis-cluster": (space, {}, {"secrets": ("get", ["tradesense-redis-credentials"])}),
        "monitoring-stack": (monitoring, {"pods": "get list watch"}, {}),
    }
    for service, (home, table, named) in accounts.items():
        asking = Asking(space.cluster, token_of(home, f"tradesense-{service}"))
        assert asking.granted(space.name) == rights(space.name, {**table, **EVERYBODY}), service
        assert asking.named(space.name) == named_rights(space.name, named), service
        assert asking.granted(monitoring.name) == rights(monitoring.name, EVERYBODY), service
        assert asking.named(monitoring.name) == set(), service


def test_a_token_reaches_only_the_pods_that_use_it(environment: Environment) -> None:
    """Pods of services that never ask the API server get none."""
    environment.provision()
    spaces = (environment.space, environment.monitoring)
    pods = [pod for space in spaces for pod in space.list("Pod")]
    with_token = {
        pod["metadata"]["labels"]["app"]
        for pod in pods
        if any(volume["name"].startswith("kube-api-access-") for volume in pod["spec"].get("volumes") or [])
    }
    released = {f"tradesense-{name}" for name, entry in catalog().items() if entry["strategy"] != "stateful"}
    assert {pod["metadata"]["labels"]["app"] for pod in pods} >= released
    assert with_token & released == released - {
        f"tradesense-{name}" for name in ("web", "mobile-web", "admin-dashboard")
    }
    assert not with_token & {f"tradesense-{name}" for name in STATEFUL}
