# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard in the cluster, for the three environments."""

from __future__ import annotations

import functools
import itertools
import json
import re
from typing import Any

import pytest
import yaml
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy_reading import policy_of, read_policies

from tests.unit.roles.network_model import Address, End, Network, Pod
from tests.unit.roles.rendered import ENVIRONMENTS, ROOT, Objects, objects

NAME = "tradesense-guard"
IMAGE = "registry.example.com/tradesense/guard:v0.2.0"
WATCHED = ["tradesense-api-gateway", "tradesense-trading-service"]
TEMPLATES = ("account", "deployment", "policies")
PROMETHEUS, API_SERVER = 9090, 6443


def made(environment: str = "production", **variables: Any) -> Objects:
    """Return what the role makes, with these variables over those of the environment."""
    only = ["ONLY=" + json.dumps([environment, "guard", *TEMPLATES])]
    given = {"guard_image": IMAGE, "inventory_hostname": f"{environment}-1", **variables}
    return objects(environment, *only, *(f"{name}={json.dumps(value)}" for name, value in given.items()))


def pod_template(**variables: Any) -> Any:
    """Return the pod template of the Deployment in production."""
    return made(**variables)["Deployment", NAME]["spec"]["template"]


def inventory(environment: str = "production", **variables: Any) -> tuple[str, Any]:
    """Return the name of the ConfigMap, and the inventory in it."""
    [(name, found)] = [
        (name, item) for (kind, name), item in made(environment, **variables).items() if kind == "ConfigMap"
    ]
    return name, yaml.safe_load(found["data"]["clusters.yml"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_pod_finds_an_inventory_for_the_playbook(environment: str) -> None:
    name, found = inventory(environment)
    assert re.fullmatch(rf"{NAME}-inventory-[0-9a-f]{{10}}", name)
    assert list(found["clusters"]["hosts"]) == [f"{environment}-1"]
    variables = found["clusters"]["vars"]
    assert variables["guard_rollouts"] == WATCHED
    assert variables["guard_trading"] == ["tradesense-trading-service"]
    assert variables["guard_namespace"] == f"tradesense-{environment}"
    assert variables["guard_prometheus_url"].endswith(":9090")
    given = yaml.safe_load(
        (ROOT / "inventories" / environment / "group_vars" / "all" / "environment.yml").read_text(encoding="utf-8")
    )
    assert variables["guard_policy"] == given["tradesense_guard_policy"]
    # Everything else has a default of the role; what it says must be variables that the role knows.
    defaults = yaml.safe_load((ROOT / "roles" / "guard" / "defaults" / "main.yml").read_text(encoding="utf-8"))
    assert set(variables) - {"ansible_connection"} <= set(defaults)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_policies_of_the_inventories_are_good_ones(environment: str) -> None:
    policies = read_policies(inventory(environment)[1]["clusters"]["vars"]["guard_policy"])
    policy = policy_of(policies.written("trading-service"), trading=True)
    assert policy.mode == "enforce"
    expected = {"production": (30.0, 1800.0), "staging": (30.0, 600.0), "development": (3.0, 9.0)}
    assert (policy.window, policy.bake) == expected[environment]
    if environment == "production":
        assert policies == read_policies({})


def test_a_change_of_the_policy_is_a_change_of_the_pods() -> None:
    name, _ = inventory()
    other, changed = inventory(guard_mode="dry_run", guard_policy_overrides={"bake": "1h"})
    assert name != other
    assert changed["clusters"]["vars"]["guard_policy"] == {"mode": "dry_run", "bake": "1h"}
    for expected, variables in (
        (name, {}),
        (other, {"guard_mode": "dry_run", "guard_policy_overrides": {"bake": "1h"}}),
    ):
        [volume] = [item for item in pod_template(**variables)["spec"]["volumes"] if item["name"] == "inventory"]
        assert volume["configMap"]["name"] == expected


@pytest.mark.parametrize(
    ("variables", "watched", "trading"),
    [
        ({"guard_services": "trading-service"}, WATCHED[1:], WATCHED[1:]),
        ({"guard_services": "api-gateway, trading-service"}, WATCHED, WATCHED[1:]),
        ({"guard_services": ["api-gateway"]}, WATCHED[:1], []),
        ({"guard_catalog": {}, "guard_rollouts": "web,api", "guard_trading": "api"}, ["web", "api"], ["api"]),
    ],
)
def test_which_services_are_guarded(variables: dict[str, Any], watched: list[str], trading: list[str]) -> None:
    found = inventory(guard_network_policies=False, **variables)[1]["clusters"]["vars"]
    assert (found["guard_rollouts"], found["guard_trading"]) == (watched, trading)


def test_the_pod_runs_what_the_image_runs() -> None:
    """The Deployment says it itself, so that it is seen there; the image's own command must not be another one."""
    [container] = pod_template()["spec"]["containers"]
    text = (ROOT / "images" / "guard" / "Dockerfile").read_text(encoding="utf-8")
    entrypoint, command = (
        json.loads(re.findall(rf"^{word} (\[.+\])$", text, re.MULTILINE)[0]) for word in ("ENTRYPOINT", "CMD")
    )
    assert (container["command"], container["args"]) == (entrypoint, command)
    [mount] = [item for item in container["volumeMounts"] if item["name"] == "inventory"]
    assert f"{mount['mountPath']}/clusters.yml" == container["args"][-1]
    assert mount["readOnly"] is True
    written = [item["mountPath"] for item in container["volumeMounts"] if not item.get("readOnly")]
    assert written == ["/tmp"]
    for setting in ("ANSIBLE_HOME=/tmp/ansible", "HOME=/tmp", "LC_ALL=C.UTF-8"):
        assert setting in text


def test_its_file_of_the_heartbeat_is_where_it_may_write_and_where_the_probes_look() -> None:
    [container] = pod_template()["spec"]["containers"]
    alive = inventory()[1]["clusters"]["vars"]["guard_heartbeat"]
    assert alive.startswith("/tmp/")
    for probe in ("livenessProbe", "readinessProbe"):
        assert f"find {alive} " in container[probe]["exec"]["command"][-1]


def test_its_pods_keep_to_the_restricted_level() -> None:
    spec = pod_template()["spec"]
    [container] = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 1001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert {kind for volume in spec["volumes"] for kind in volume if kind != "name"} == {"configMap", "emptyDir"}
    assert set(container["resources"]) == {"requests", "limits"}


def test_notifications_come_from_a_secret_that_is_named() -> None:
    assert "envFrom" not in pod_template()["spec"]["containers"][0]
    [container] = pod_template(guard_secret="credentials")["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "credentials"}}]
    assert "env" not in container


def test_several_guards_are_spread() -> None:
    assert "topologySpreadConstraints" not in pod_template()["spec"]
    found = made(guard_replicas=2)["Deployment", NAME]["spec"]
    assert found["replicas"] == 2
    [spread] = found["template"]["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == found["selector"]["matchLabels"]
    assert spread["labelSelector"]["matchLabels"].items() <= found["template"]["metadata"]["labels"].items()


def test_the_account_belongs_to_the_pod_and_its_rights_are_named() -> None:
    found = made()
    assert pod_template()["spec"]["serviceAccountName"] == NAME
    assert found["ServiceAccount", NAME]["automountServiceAccountToken"] is False
    binding = found["RoleBinding", f"{NAME}-binding"]
    assert binding["roleRef"]["name"] == f"{NAME}-role"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": "tradesense-production"}]
    rules = found["Role", f"{NAME}-role"]["rules"]
    assert not {"secrets", "*"} & {resource for rule in rules for resource in rule["resources"]}
    writing = {"create", "patch", "update", "delete"}
    for rule in rules:
        assert not {"*", "update", "delete", "deletecollection", "escalate", "bind"} & set(rule["verbs"])
        # What is created by POST has no name in its address.
        if writing & set(rule["verbs"]) and rule["verbs"] != ["create"]:
            kept = [name if "rollouts" in rule["resources"] else f"{name}-guard" for name in WATCHED]
            assert rule["resourceNames"] == kept


def test_the_rights_are_those_that_the_module_documents() -> None:
    """Verb by verb: the notes of the module are what people read who make an account by hand."""
    text = (ROOT / "plugins" / "modules" / "guard.py").read_text(encoding="utf-8")
    notes = " ".join(
        re.findall(r"Needed permissions in the namespace are (.+?)\. The account", text, re.DOTALL)[0].split()
    )
    documented = {
        (resource.strip(), verb)
        for part in notes.split(";")
        for verbs, resources in [part.split(" of ", 1)]
        for resource in re.split(r", | and (?:of )?", re.sub(r" \([a-z0-9.]+\)", "", resources))
        for verb in re.split(r", | and ", verbs.strip())
    }
    granted = {
        (resource, verb)
        for rule in made()["Role", f"{NAME}-role"]["rules"]
        for resource, verb in itertools.product(rule["resources"], rule["verbs"])
    }
    assert granted == documented


def ends(environment: str) -> dict[str, End]:
    """Return who could talk to whom."""
    here, app = f"tradesense-{environment}", "app"
    found: list[End] = [
        Pod("the guard", here, {app: NAME}),
        Pod("prometheus", "tradesense-monitoring", {app: "tradesense-monitoring-stack"}),
        Pod("a stranger in monitoring", "tradesense-monitoring", {app: "stranger"}),
        Pod("a service", here, {app: "tradesense-api-gateway"}),
        Pod("another guard", "default", {app: NAME}),
        Address("an API server", "10.1.2.3"),
        Address("Slack", "203.0.113.9"),
    ]
    return {end.name: end for end in found}


@functools.cache
def network(environment: str, secret: str) -> Network:
    """Return the network of an environment with role network's policies and the guard's."""
    closed = objects(environment, "ONLY=" + json.dumps([environment, "network", "policies"]))
    items = [*closed.values(), *made(environment, guard_secret=secret).values()]
    namespaces: dict[str, dict[str, str]] = {
        name: {} for name in (f"tradesense-{environment}", "tradesense-monitoring", "default")
    }
    return Network([item for item in items if item["kind"] == "NetworkPolicy"], namespaces)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_guards_ways_through_a_closed_network(environment: str) -> None:
    """To Prometheus, the API server and, with a Secret, those who are told; nobody reaches it."""
    who = ends(environment)
    expected = {("prometheus", PROMETHEUS), ("an API server", API_SERVER), ("an API server", 443)}
    for secret, more in (("", set()), ("credentials", {("Slack", 443)})):
        found = network(environment, secret)
        ports = (22, 80, 443, API_SERVER, 8000, PROMETHEUS)
        out = {
            (name, port)
            for name, port in itertools.product(who, ports)
            if name not in ("the guard", "another guard") and found.allows(who["the guard"], who[name], port)
        }
        assert out == expected | more
        into = [
            name
            for name, port in itertools.product(who, ports)
            if name != "the guard" and found.allows(who[name], who["the guard"], port)
        ]
        assert into == []
    assert not network(environment, "").allows(who["another guard"], who["prometheus"], PROMETHEUS)


def test_prometheus_elsewhere_and_networks_that_are_open() -> None:
    elsewhere = made(
        guard_prometheus=[{"cidr": "192.0.2.0/24", "ports": [443]}, {"namespace": "metrics", "ports": [80]}]
    )
    rules = elsewhere["NetworkPolicy", NAME]["spec"]["egress"]
    assert {"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}], "ports": [{"port": 443, "protocol": "TCP"}]} in rules
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "metrics"}}}
    assert {"to": [peer], "ports": [{"port": 80, "protocol": "TCP"}]} in rules
    assert [name for kind, name in elsewhere if kind == "NetworkPolicy"] == [NAME]
    assert not [name for kind, name in made(guard_network_policies=False) if kind == "NetworkPolicy"]
