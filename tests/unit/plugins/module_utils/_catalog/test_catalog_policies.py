# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""NetworkPolicies: their names and places, and what their rules say."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.policies import Policy, policies
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

from tests.unit.plugins.catalogs import (
    EXPOSED,
    PLAIN,
    PRIMARY,
    PROMETHEUS,
    SETTINGS,
    catalog,
    settings,
)

SCRAPED = {**PLAIN, "scrape": {"enabled": True}}


def named(services: dict[str, Any], **changes: Any) -> dict[str, Policy]:
    """Return the policies by namespace/name."""
    found = policies(catalog(**services), settings(**changes))
    result = {f"{policy['namespace']}/{policy['name']}": policy for policy in found}
    assert len(result) == len(found)
    return result


def test_a_namespace_is_closed_and_name_servers_are_open() -> None:
    found = named({"web": PLAIN})
    assert list(found) == ["shop/tradesense-deny-all", "shop/tradesense-dns"]
    closed, dns = (policy["spec"] for policy in found.values())
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert dns == {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
                "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
            }
        ],
    }


def test_both_ends_of_a_connection_get_a_rule() -> None:
    found = named({"web": {**PLAIN, "uses": ["main"]}, "main": PRIMARY})
    ports = [{"port": 5432, "protocol": "TCP"}]
    assert found["shop/tradesense-web"]["spec"] == {
        "podSelector": {"matchLabels": {"app": "tradesense-web"}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "tradesense-main"}}}], "ports": ports}],
    }
    assert found["shop/tradesense-main"]["spec"] == {
        "podSelector": {"matchLabels": {"app": "tradesense-main"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "tradesense-web"}}}], "ports": ports}],
    }


def test_a_migrations_job_has_a_policy_of_its_own() -> None:
    found = named({"web": {**PLAIN, "uses": ["main"], "migrations": {}}, "main": PRIMARY})
    job = {"matchLabels": {"app": "tradesense-web.migrate"}}
    assert found["shop/tradesense-web.migrate"]["spec"] == {
        "podSelector": job,
        "policyTypes": ["Egress"],
        "egress": found["shop/tradesense-web"]["spec"]["egress"],
    }
    (rule,) = found["shop/tradesense-main"]["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app": "tradesense-web"}}}, {"podSelector": job}]


def test_a_pod_of_another_namespace_is_meant_by_both_selectors_at_once() -> None:
    found = named({"web": SCRAPED, "watcher": PROMETHEUS})
    (rule,) = found["shop/tradesense-web"]["spec"]["ingress"]
    assert rule["from"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "watch"}},
            "podSelector": {"matchLabels": {"app": "tradesense-watcher"}},
        }
    ]


def test_addresses_are_without_what_is_private() -> None:
    found = named({"web": {**PLAIN, "egress": [{"cidr": "0.0.0.0/0"}]}})
    (rule,) = found["shop/tradesense-web"]["spec"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}]
    found = named({"web": {**PLAIN, "egress": [{"cidr": "203.0.113.0/24"}]}})
    (rule,) = found["shop/tradesense-web"]["spec"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "203.0.113.0/24"}}]


def test_what_environments_share_is_the_same_for_each_or_named_after_one() -> None:
    """Two environments of a cluster write to the monitoring namespace: neither may undo the other's."""
    watcher = {**PROMETHEUS, "egress": [{"cidr": "203.0.113.7/32"}]}
    shop = named({"web": SCRAPED, "ask": {**PLAIN, "uses": ["watcher"]}, "watcher": watcher})
    test = named({"mail": SCRAPED, "watcher": watcher}, namespace="test")
    both = {name for name in shop if name in test}
    assert both == {
        "watch/tradesense-monitoring-deny-all",
        "watch/tradesense-monitoring-dns",
        "watch/tradesense-watcher",
    }
    assert all(shop[name] == test[name] for name in both)
    assert {name for name in shop if name.startswith("watch/")} - both == {"watch/tradesense-watcher-shop"}
    assert {name for name in test if name.startswith("watch/")} - both == {"watch/tradesense-watcher-test"}
    assert shop["watch/tradesense-watcher-shop"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert test["watch/tradesense-watcher-test"]["spec"]["policyTypes"] == ["Egress"]


def test_somebody_elses_monitoring_namespace_is_left_alone() -> None:
    assert not [name for name in named({"web": SCRAPED}) if name.startswith("watch/")]


def test_the_pods_that_prove_a_host_are_open_to_who_brings_requests() -> None:
    found = named({"web": {**PLAIN, **EXPOSED}}, routes=True)
    spec = found["shop/tradesense-acme-solver"]["spec"]
    assert spec["podSelector"] == {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}}
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"port": 8089, "protocol": "TCP"}]
    assert [peer["namespaceSelector"]["matchLabels"] for peer in rule["from"]] == [
        {"kubernetes.io/metadata.name": "ingress-nginx"},
        {"policy-group.network.openshift.io/ingress": ""},
    ]
    plain = {**PLAIN, "exposure": {"host": "a.example.com", "cluster_issuer": ""}}
    assert "shop/tradesense-acme-solver" not in named({"web": plain})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"namespace": ""}, "network_namespace: '' is not accepted"),
        ({"dns": [{"ports": [53]}]}, "network_dns[0]: give either namespace or cidr"),
        ({"dns": [{"namespace": "a", "cidr": "10.0.0.0/8", "ports": [53]}]}, "network_dns[0]: give either"),
        ({"dns": [{"namespace": "a"}]}, "network_dns[0].ports: is missing"),
        (
            {"api_server": [{"cidr": "10.0.0.1/8", "ports": [443]}]},
            "network_api_server[0].cidr: 10.0.0.1/8 has host bits",
        ),
        ({"api_server": [{"cidr": "10.0.0.300/32", "ports": [443]}]}, "'10.0.0.300/32' does not appear to be"),
        ({"prometheus_clients": ["argo"]}, "network_prometheus_clients[0]: 'argo' is not accepted"),
        ({"prometheus_clients": [{"name": "argo"}]}, "network_prometheus_clients[0].name: unknown key"),
        ({"private_ranges": ["10.0.0.0"]}, "network_private_ranges[0]: '10.0.0.0' is not accepted"),
        ({"router_labels": {}}, "network_router_labels: is empty"),
        ({"routes": "yes"}, "network_routes: 'yes' is not accepted"),
    ],
)
def test_a_mistake_in_a_setting_names_the_variable(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DeliveryError) as error:
        settings(**changes)
    assert said in error.value.msg
    assert error.value.reason == "BadNetwork"


def test_a_setting_that_is_missing_is_told() -> None:
    with pytest.raises(DeliveryError, match="network_dns: nothing is not accepted"):
        settings(**{**SETTINGS, "dns": None})
