# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The model of NetworkPolicies itself, against what Kubernetes' documentation says of them."""

from __future__ import annotations

from typing import Any

from tests.unit.roles.network_model import Address, Network, Pod

WEB, DB = Pod("web", "shop", {"app": "web"}), Pod("db", "shop", {"app": "db"})
ALIEN = Pod("alien", "other", {"app": "web"})
NAMESPACES = {"shop": {"team": "shop"}, "other": {"team": "other"}}


def policy(selector: dict[str, Any], types: list[str], **rules: Any) -> Any:
    """Return a policy in namespace shop."""
    return {"metadata": {"namespace": "shop"}, "spec": {"podSelector": selector, "policyTypes": types, **rules}}


def allows(policies: list[Any], source: Pod | Address, target: Pod | Address, port: int = 5432) -> bool:
    """Return what a network of these policies says."""
    return Network(policies, NAMESPACES).allows(source, target, port)


def test_without_a_policy_everything_is_open() -> None:
    assert allows([], WEB, DB)
    assert allows([], ALIEN, DB)


def test_a_policy_closes_its_direction_for_its_pods_alone() -> None:
    closed = [policy({"matchLabels": {"app": "db"}}, ["Ingress"])]
    assert not allows(closed, WEB, DB)
    assert allows(closed, DB, WEB)
    assert allows(closed, DB, Address("internet", "192.0.2.1"))


def test_both_ends_have_to_let_it_through() -> None:
    rule = {"podSelector": {"matchLabels": {"app": "db"}}}
    out = [policy({"matchLabels": {"app": "web"}}, ["Egress"], egress=[{"to": [rule]}])]
    assert allows(out, WEB, DB)
    assert not allows([*out, policy({}, ["Ingress"])], WEB, DB)


def test_a_pod_selector_alone_means_the_policys_own_namespace() -> None:
    rule = {"podSelector": {"matchLabels": {"app": "web"}}}
    opened = [policy({}, ["Ingress"], ingress=[{"from": [rule]}])]
    assert allows(opened, WEB, DB)
    assert not allows(opened, ALIEN, DB)


def test_two_selectors_in_one_item_are_both_needed() -> None:
    rule = {"namespaceSelector": {"matchLabels": {"team": "other"}}, "podSelector": {"matchLabels": {"app": "db"}}}
    assert not allows([policy({}, ["Ingress"], ingress=[{"from": [rule]}])], ALIEN, DB)
    both = [{"namespaceSelector": {"matchLabels": {"team": "other"}}}, {"podSelector": {"matchLabels": {"app": "db"}}}]
    assert allows([policy({}, ["Ingress"], ingress=[{"from": both}])], ALIEN, DB)


def test_ports_and_protocols_count() -> None:
    opened = [policy({}, ["Ingress"], ingress=[{"ports": [{"port": 5432, "protocol": "TCP"}]}])]
    assert allows(opened, WEB, DB)
    assert not allows(opened, WEB, DB, 5433)
    assert not Network(opened, NAMESPACES).allows(WEB, DB, 5432, "UDP")


def test_a_block_is_without_its_exceptions() -> None:
    block = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}
    opened = [policy({}, ["Egress"], egress=[{"to": [block]}])]
    assert allows(opened, WEB, Address("internet", "192.0.2.1"))
    assert not allows(opened, WEB, Address("private", "10.1.1.1"))
    assert not allows(opened, WEB, DB)
