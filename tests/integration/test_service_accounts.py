# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The services' accounts: each may read what its entry of the catalog names, and no other."""

from __future__ import annotations

from collections.abc import Iterable

from tests.integration.support.accounts import token_of
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.environment import Environment, whole
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
    """Real requests with a real token of each service, and all rights of one account of each sort."""
    environment.run("provision", "--tags", "namespaces,rbac", **whole())
    space, catalog = environment.space, whole()["tradesense_services"]
    space.create(*map(secret, SECRETS), *map(config_map, CONFIG_MAPS))
    services = {name: entry for name, entry in catalog.items() if entry.get("scope") != "monitoring"}
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
    _check_all_rights(environment)


def _check_all_rights(environment: Environment) -> None:
    """Check what the API server lists as an account's rights."""
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
    catalog = whole()["tradesense_services"]
    environment.provision(**whole())
    spaces = (environment.space, environment.monitoring)
    wanted = {f"tradesense-{name}" for name in catalog}
    environment.space.until(lambda: set(_pods(spaces)) == wanted, "a pod of each service")
    with_token = {app for app, pod in _pods(spaces).items() if any(map(_is_token, pod["spec"].get("volumes") or []))}
    without = ("web", "mobile-web", "admin-dashboard", *STATEFUL)
    assert with_token == wanted - {f"tradesense-{name}" for name in without}


def _pods(spaces: Iterable[Space]) -> dict[str, Obj]:
    """Return a pod of each service."""
    return {pod["metadata"]["labels"]["app"]: pod for space in spaces for pod in space.list("Pod")}


def _is_token(volume: Obj) -> bool:
    return any("serviceAccountToken" in source for source in volume.get("projected", {}).get("sources", []))
