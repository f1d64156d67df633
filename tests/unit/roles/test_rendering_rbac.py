# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Accounts and roles of the three environments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.roles.rendered import ENVIRONMENTS, objects

BACKENDS = (
    *("api-gateway", "trading-service", "user-service", "analytics-service", "notification-service"),
    *("broker-connectors", "market-data-ingestion", "payment-processors"),
)
FRONTENDS = ("web", "mobile-web", "admin-dashboard")
DATABASES = ("postgres-primary", "postgres-replica", "redis-cluster")
STACK = "monitoring-stack"
DEPLOYER = "tradesense-deployer"


def made(environment: str, *extra: str) -> dict[tuple[str, str], Any]:
    """Return what the role makes."""
    only = ["ONLY=" + json.dumps([environment, "rbac", "accounts"])]
    return objects(environment, *only, *extra)


def rules(environment: str, name: str, *extra: str) -> list[dict[str, Any]]:
    """Return the rules of a Role."""
    found: list[dict[str, Any]] = made(environment, *extra)["Role", name]["rules"]
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_service_has_an_account_of_its_own(environment: str) -> None:
    found = made(environment)
    services = (*BACKENDS, *FRONTENDS, *DATABASES, STACK)
    there = f"{DEPLOYER}-of-tradesense-{environment}"
    grants = [*(f"tradesense-{name}" for name in services), f"tradesense-{STACK}-discovery", DEPLOYER, there]
    assert set(found) == {
        *(("ServiceAccount", f"tradesense-{name}") for name in services),
        ("ServiceAccount", DEPLOYER),
        *(("Role", f"{name}-role") for name in grants),
        *(("RoleBinding", f"{name}-binding") for name in grants),
    }
    monitoring = [
        name for (_kind, name), item in found.items() if item["metadata"]["namespace"] != f"tradesense-{environment}"
    ]
    assert {found[key]["metadata"]["namespace"] for key in found if key[1] in monitoring} == {"tradesense-monitoring"}
    assert sorted(monitoring) == sorted(
        [
            f"tradesense-{STACK}",
            *(f"{name}-{end}" for name in (f"tradesense-{STACK}", there) for end in ("role", "binding")),
        ]
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_accounts_and_bindings_belong_together(environment: str) -> None:
    found = made(environment)
    for (kind, name), item in found.items():
        if kind == "RoleBinding":
            role = name.removesuffix("-binding") + "-role"
            assert item["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}
            assert found["Role", role]["metadata"]["namespace"] == item["metadata"]["namespace"]
            (subject,) = item["subjects"]
            account = found["ServiceAccount", subject["name"]]
            assert subject == {
                "kind": "ServiceAccount",
                "name": account["metadata"]["name"],
                "namespace": account["metadata"]["namespace"],
            }
            assert name.startswith(subject["name"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_labels_are_the_seeds_and_ours(environment: str) -> None:
    for (_kind, name), item in made(environment).items():
        labels = item["metadata"]["labels"]
        assert labels == {
            "app.kubernetes.io/name": "tradesense",
            "app.kubernetes.io/component": labels["app.kubernetes.io/component"],
            "app.kubernetes.io/part-of": "tradesense",
            "app.kubernetes.io/managed-by": "tradesense-delivery",
        }
        assert name.startswith(f"tradesense-{labels['app.kubernetes.io/component']}")


def test_a_service_may_read_what_its_entry_names() -> None:
    assert rules("production", "tradesense-notification-service-role") == [
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "resourceNames": ["tradesense-config"],
            "verbs": ["get", "list", "watch"],
        },
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [
                *("tradesense-redis-credentials", "tradesense-external-api-keys", "tradesense-monitoring-secrets")
            ],
            "verbs": ["get"],
        },
        {"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    ]
    for name in FRONTENDS:
        assert rules("production", f"tradesense-{name}-role") == []
    assert rules("production", "tradesense-redis-cluster-role") == [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["tradesense-redis-credentials"],
            "verbs": ["get"],
        }
    ]
    assert rules("production", f"tradesense-{STACK}-role") == []
    assert rules("production", f"tradesense-{STACK}-discovery-role") == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    ]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_service_may_read_secrets_or_configuration_without_a_name(environment: str) -> None:
    for (kind, name), item in made(environment).items():
        for rule in item["rules"] if kind == "Role" and not name.startswith(DEPLOYER) else []:
            if {"secrets", "configmaps"} & set(rule["resources"]):
                assert all(rule["resourceNames"]), name


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_whoever_never_asks_gets_no_token(environment: str) -> None:
    found = made(environment)
    with_token = {name for (_kind, name), item in found.items() if item.get("automountServiceAccountToken")}
    assert with_token == {f"tradesense-{name}" for name in (*BACKENDS, STACK)}
    without = {name for (_kind, name), item in found.items() if item.get("automountServiceAccountToken") is False}
    assert without == {f"tradesense-{name}" for name in (*FRONTENDS, *DATABASES)} | {DEPLOYER}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_rule_is_for_everything(environment: str) -> None:
    """No stars, no way to more rights, no name that is empty (it would match requests without one), no empty list of names."""
    for (kind, _name), item in made(environment).items():
        for rule in item["rules"] if kind == "Role" else []:
            assert not {"*"} & {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
            assert not {"escalate", "bind", "impersonate", "deletecollection", "update"} & set(rule["verbs"])
            assert all(rule["resources"])
            assert all(rule["verbs"])
            assert "resourceNames" not in rule or (rule["resourceNames"] and all(rule["resourceNames"]))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_deployer_holds_what_it_grants(environment: str) -> None:
    """Kubernetes refuses a Role with a right that its writer lacks."""
    found = made(environment)
    for home, own in (
        (f"tradesense-{environment}", f"{DEPLOYER}-role"),
        ("tradesense-monitoring", f"{DEPLOYER}-of-tradesense-{environment}-role"),
    ):
        held = rules(environment, own)
        for (kind, name), item in found.items():
            if kind == "Role" and item["metadata"]["namespace"] == home:
                for wanted in item["rules"]:
                    assert all(covered(right, held) for right in _rights(wanted)), (name, wanted)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_deployer_may_write_every_account_and_role_there_is(environment: str) -> None:
    found = made(environment)
    plurals = {"ServiceAccount": ("", "serviceaccounts")}
    group = "rbac.authorization.k8s.io"
    plurals |= {"Role": (group, "roles"), "RoleBinding": (group, "rolebindings")}
    for own in (f"{DEPLOYER}-role", f"{DEPLOYER}-of-tradesense-{environment}-role"):
        home = found["Role", own]["metadata"]["namespace"]
        named = {
            (group, resource, name)
            for rule in rules(environment, own)
            for group, resource, verb, name in _rights(rule)
            if verb == "patch" and name
        }
        there = {
            (*plurals[kind], name) for (kind, name), item in found.items() if item["metadata"]["namespace"] == home
        }
        assert named == {*there, ("", "namespaces", home)}


def test_the_deployer_may_make_the_account_of_the_guard_where_there_is_one() -> None:
    for image, there in (("", False), ("registry.example.com/guard:v0.2.0", True)):
        held = rules("staging", f"{DEPLOYER}-role", f"tradesense_guard_image={json.dumps(image)}")
        for name, resource in (
            ("tradesense-guard", "serviceaccounts"),
            ("tradesense-guard-role", "roles"),
            ("tradesense-guard-binding", "rolebindings"),
        ):
            group = "" if resource == "serviceaccounts" else "rbac.authorization.k8s.io"
            named = [rule for rule in held if "resourceNames" in rule]
            assert covered((group, resource, "patch", name), named) is there
        guards = objects("staging", "ONLY=" + json.dumps(["staging", "guard", "account"]))[
            "Role", "tradesense-guard-role"
        ]
        assert all(covered(right, held) for wanted in guards["rules"] for right in _rights(wanted))


def test_without_a_deployer() -> None:
    names = {name for _kind, name in made("staging", 'rbac_deployer=""')}
    assert names
    assert not [name for name in names if "deployer" in name]


def test_without_a_namespace_for_monitoring_and_without_configuration() -> None:
    """An empty name in a rule would not stand for nothing: requests that name nothing, such as a list, match it."""
    extra = ('rbac_monitoring_namespace=""', 'rbac_config_name=""')
    found = made("staging", *extra)
    assert {item["metadata"]["namespace"] for item in found.values()} == {"tradesense-staging"}
    assert not [name for _kind, name in found if STACK in name]
    assert not [
        name
        for item in found.values()
        for rule in item.get("rules", [])
        for name in rule.get("resourceNames", [])
        if STACK in name
    ]
    for role in ("tradesense-api-gateway-role", f"{DEPLOYER}-role"):
        named = [rule for rule in rules("staging", role, *extra) if "resourceNames" in rule]
        assert named
        assert all("configmaps" not in rule["resources"] for rule in named)


def test_further_subjects_and_another_configuration() -> None:
    more = [
        {"kind": "Group", "name": "release-engineers"},
        {"kind": "ServiceAccount", "name": "awx", "namespace": "awx"},
        {"kind": "ServiceAccount", "name": "runner", "namespace": None},
        {"kind": "User", "name": "eve@example.com", "namespace": None},
    ]
    extra = (f"rbac_deployer_subjects={json.dumps(more)}", 'rbac_config_name="settings"')
    found = made("staging", *extra)
    group = "rbac.authorization.k8s.io"
    for name in (f"{DEPLOYER}-binding", f"{DEPLOYER}-of-tradesense-staging-binding"):
        assert found["RoleBinding", name]["subjects"] == [
            {"kind": "ServiceAccount", "name": DEPLOYER, "namespace": "tradesense-staging"},
            {"kind": "Group", "name": "release-engineers", "apiGroup": group},
            {"kind": "ServiceAccount", "name": "awx", "namespace": "awx"},
            {"kind": "ServiceAccount", "name": "runner", "namespace": "tradesense-staging"},
            {"kind": "User", "name": "eve@example.com", "apiGroup": group},
        ]
    assert len(found["RoleBinding", "tradesense-web-binding"]["subjects"]) == 1
    for role in ("tradesense-api-gateway-role", f"{DEPLOYER}-role"):
        named = [rule for rule in rules("staging", role, *extra) if "resourceNames" in rule]
        assert [rule["resourceNames"] for rule in named if "configmaps" in rule["resources"]] == [["settings"]]


def covered(right: tuple[str, str, str, str], held: list[dict[str, Any]]) -> bool:
    """Return whether rules hold a right."""
    group, resource, verb, name = right
    return any(
        group in rule["apiGroups"]
        and resource in rule["resources"]
        and verb in rule["verbs"]
        and name in rule.get("resourceNames", [name])
        for rule in held
    )


def _rights(rule: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [
        (group, resource, verb, name)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    ]
