# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The account tradesense-deployer: what its token alone is enough for, and everything it is not enough for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.support.accounts import kubeconfig_with, token_of
from tests.integration.support.cluster import Obj, Space
from tests.integration.support.environment import API, CANARY_INGRESS, TRADING, USERS, Environment, whole
from tests.integration.support.plays import Ansible, task
from tests.integration.support.rights import EVERYBODY, Asking, named_rights, resources_of, rights
from tests.integration.support.stage import canary_weight

DEPLOYER = "tradesense-deployer"
RBAC = "rbac.authorization.k8s.io"
RELEASED = {"api-gateway": "v2.8.0", "trading-service": "v2.8.0", "user-service": "v2.8.0"}

# What it may do with any object of a resource. In the namespace of the environment and in that for monitoring:
SHARED = {
    "configmaps": "get list create patch",
    "secrets": "get create patch",
    "services": "get list create patch",
    "resourcequotas": "get create patch",
    "limitranges": "get create patch",
    "serviceaccounts": "get list",
    f"roles.{RBAC}": "get list",
    f"rolebindings.{RBAC}": "get list",
    "networkpolicies.networking.k8s.io": "get list create patch",
    "poddisruptionbudgets.policy": "get list create patch",
    "statefulsets.apps": "get list watch create patch",
}
# In the namespace of the environment alone, besides:
OWN = {
    "configmaps": "delete",
    "secrets": "list delete",
    "services": "watch",
    "pods": "get list watch",
    "events": "create",
    "deployments.apps": "get list watch create patch",
    "replicasets.apps": "list watch",
    "jobs.batch": "get list watch create patch delete",
    "rollouts.argoproj.io": "get list watch create patch",
    "rollouts/status.argoproj.io": "patch",
    "analysisruns.argoproj.io": "list watch",
    "analysistemplates.argoproj.io": "get list create patch",
    "endpointslices.discovery.k8s.io": "list watch",
    "leases.coordination.k8s.io": "get create patch",
    "resourcequotas": "list",
    "ingresses.networking.k8s.io": "get list watch create patch",
    "horizontalpodautoscalers.autoscaling": "get list create patch delete",
    "routes.route.openshift.io": "get list create patch",
    "routes/custom-host.route.openshift.io": "create",
    # Before an old copy of configuration goes: whether anything still uses it.
    **dict.fromkeys(
        ("daemonsets.apps", "controllerrevisions.apps", "cronjobs.batch", "experiments.argoproj.io"),
        "list",
    ),
}
SERVICES = (
    *("api-gateway", "trading-service", "user-service", "analytics-service", "notification-service"),
    *("broker-connectors", "market-data-ingestion", "payment-processors", "web", "mobile-web", "admin-dashboard"),
    *("postgres-primary", "postgres-replica", "redis-cluster"),
)


@pytest.fixture
def token(environment: Environment) -> str:
    """A token of the deployer, for whom an administrator made the account; nothing else is provisioned."""
    environment.run("provision", "--tags", "namespaces,rbac", **whole())
    return token_of(environment.space, DEPLOYER)


def test_its_token_is_enough_for_the_playbooks(
    environment: Environment, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Provision, release, guard, promote, rollback and status of the whole estate, with nothing but the token."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig_with(token, environment.space.cluster, tmp_path / "deployer")))
    first = environment.provision(**whole())
    assert not first["Apply the accounts and what they may do"].changed
    assert environment.run("provision", **whole()).changed == 0
    assert environment.monitoring.find("StatefulSet", "tradesense-monitoring-stack")

    gated = environment.run("release", release_versions=RELEASED, release_gate="manual", **whole())
    assert "Stopped before promotion" in gated["Say what came of it"].msg
    guarded = environment.run("guard", guard_mode="dry_run", guard_timeout=8, **whole())
    assert f"{API}: revision " in guarded.console, guarded.console
    assert environment.space.find("ConfigMap", f"{API}-guard")
    environment.run("promote", release_versions=RELEASED, **whole())
    assert released(environment) == {"v2.8.0"}
    assert "Healthy" in environment.run("status", **whole()).console
    environment.run("rollback", **whole())
    assert released(environment) == {"v2.7.0"}
    assert canary_weight(environment.space, CANARY_INGRESS) == 0


def test_its_token_is_enough_to_install_the_guard(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once an administrator has made the accounts with the guard in mind; without an image there is no guard."""
    guarded = {**whole(), "tradesense_guard_image": "registry.example.com/tradesense/guard:v0.2.0"}
    environment.run("provision", "--tags", "namespaces,rbac", **guarded)
    token = token_of(environment.space, DEPLOYER)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig_with(token, environment.space.cluster, tmp_path / "deployer")))
    environment.run("provision", "--tags", "guard", **whole())
    assert not environment.space.find("Deployment", "tradesense-guard")
    first = environment.run("provision", "--tags", "guard", **guarded)
    assert environment.space.find("Deployment", "tradesense-guard")
    assert environment.monitoring.find("NetworkPolicy", f"tradesense-guard-of-{environment.space.name}")
    assert "7 created, 0 changed" in first.console
    assert environment.run("provision", "--tags", "guard", **guarded).changed == 0


def released(environment: Environment) -> set[str]:
    """Return the tags of the services that are released."""
    images = environment.images()
    return {images[name] for name in (API, TRADING, USERS)}


def test_it_may_do_nothing_else(environment: Environment, space: Space, token: str) -> None:
    """Every verb on every resource of the API server, in its namespaces, in another one and in the whole cluster."""
    own, monitoring = environment.space.name, environment.monitoring.name
    asking = Asking(environment.space.cluster, token)
    resources = resources_of(environment.space.cluster)
    assert {"pods/exec", "serviceaccounts/token", "nodes", "rollouts/scale.argoproj.io"} <= resources
    expected = rights(own, SHARED) | rights(own, OWN) | rights(monitoring, SHARED)
    everybody = set().union(*(rights(place, EVERYBODY) for place in (own, monitoring, space.name, "")))
    assert asking.allowed([own, monitoring, space.name, ""], resources) == expected | everybody

    # With single objects: its namespaces, the accounts and roles of the catalog.
    grants = [*(f"tradesense-{name}" for name in SERVICES), "tradesense-monitoring-stack-discovery", DEPLOYER]
    assert asking.named(own) == named_rights(
        own,
        {
            "namespaces": ("get patch", [own]),
            "configmaps": ("watch", ["tradesense-config"]),
            "serviceaccounts": ("create patch", [*(f"tradesense-{name}" for name in SERVICES), DEPLOYER]),
            f"roles.{RBAC}": ("create patch", [f"{name}-role" for name in grants]),
            f"rolebindings.{RBAC}": ("create patch", [f"{name}-binding" for name in grants]),
        },
    )
    stack, there = "tradesense-monitoring-stack", f"{DEPLOYER}-of-{own}"
    assert asking.named(monitoring) == named_rights(
        monitoring,
        {
            "namespaces": ("get patch", [monitoring]),
            "serviceaccounts": ("create patch", [stack]),
            f"roles.{RBAC}": ("create patch", [f"{stack}-role", f"{there}-role"]),
            f"rolebindings.{RBAC}": ("create patch", [f"{stack}-binding", f"{there}-binding"]),
        },
    )
    assert asking.named(space.name) == set()
    nobody = Asking(environment.space.cluster, token_of(space, "default"))
    assert asking.addresses(own) == nobody.addresses(space.name)


def role(name: str, *rules: Obj) -> Obj:
    """Return a Role."""
    return {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": name}, "rules": list(rules)}


def binding(name: str, kind: str, of: str) -> Obj:
    """Return a RoleBinding of the account itself to a Role or ClusterRole."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "subjects": [{"kind": "ServiceAccount", "name": DEPLOYER, "namespace": "default"}],
        "roleRef": {"apiGroup": RBAC, "kind": kind, "name": of},
    }


def test_it_cannot_get_more(environment: Environment, space: Space, token: str, tmp_path: Path) -> None:
    """What it may write of roles gives nobody a right that it has not, and it is no way into another namespace."""
    place = environment.space
    kubeconfig = str(kubeconfig_with(token, place.cluster, tmp_path / "deployer"))
    more = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}
    place.create(role("wide", more))
    attempts = {
        "its own role": role(f"{DEPLOYER}-role", more),
        "the role of a service": role("tradesense-web-role", more),
        "a role of another name": role("mine"),
        "a wider role of somebody else": binding("tradesense-new-binding", "Role", "wide"),
        "a cluster role": binding("tradesense-web-binding", "ClusterRole", "cluster-admin"),
        "another namespace": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{space.name}-new"}},
        "an account of its own choice": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "mine"},
        },
    }
    before = place.everything()
    tasks = [
        task("apply", name=name, kubeconfig=kubeconfig, definitions=[manifest], force=True, fails=True)
        for name, manifest in attempts.items()
    ]
    run = Ansible(tmp_path).tasks(place.name, tasks)
    for name in attempts:
        assert run[name].data["reason"] in ("Forbidden", "Invalid"), (name, run[name].msg)
    assert place.everything() == before
    asking = Asking(place.cluster, token)
    for path in (place.path("Secret"), f"api/v1/namespaces/{place.name}"):
        assert asking.status("DELETE", path) == 403
    for path in ("api/v1/secrets", "api/v1/namespaces", space.path("Secret"), space.path("Rollout")):
        assert asking.status("GET", path) == 403
