# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The Services and Ingresses of the three environments, and Routes in place of these."""

from __future__ import annotations

import json

import pytest

from tests.unit.roles.rendered import ENVIRONMENTS, objects


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_services_show_the_ports_of_the_pods(environment: str) -> None:
    found = objects(environment)
    for service, name in (
        ("tradesense-api-gateway-active", "tradesense-api-gateway"),
        ("tradesense-api-gateway-preview", "tradesense-api-gateway"),
        ("tradesense-trading-service-stable", "tradesense-trading-service"),
        ("tradesense-trading-service-canary", "tradesense-trading-service"),
        ("tradesense-user-service", "tradesense-user-service"),
    ):
        spec = found["Service", service]["spec"]
        assert spec["selector"] == {"app": name}
        assert [(port["name"], port["port"], port["targetPort"]) for port in spec["ports"]] == [
            ("http", 80, 8000),
            ("metrics", 8080, 8080),
        ]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_ingresses_send_users_to_the_service_that_takes_them(environment: str) -> None:
    found = objects(environment)
    domain = "tradesense.com" if environment == "production" else f"{environment}.tradesense.com"
    for name, host, backend in (
        ("tradesense-api-gateway-ingress", f"api.{domain}", "tradesense-api-gateway-active"),
        ("tradesense-trading-service-stable", f"trading.{domain}", "tradesense-trading-service-stable"),
    ):
        ingress = found["Ingress", name]
        assert ingress["spec"]["ingressClassName"] == "nginx"
        assert ingress["spec"]["tls"][0]["hosts"] == [host]
        (rule,) = ingress["spec"]["rules"]
        assert rule["host"] == host
        assert rule["http"]["paths"][0]["backend"] == {"service": {"name": backend, "port": {"number": 80}}}
        annotations = ingress["metadata"]["annotations"]
        assert sorted(annotations) == [
            "cert-manager.io/cluster-issuer",
            "nginx.ingress.kubernetes.io/limit-burst-multiplier",
            "nginx.ingress.kubernetes.io/limit-rpm",
            "nginx.ingress.kubernetes.io/ssl-redirect",
        ]


def exposed(**exposure: object) -> dict[str, object]:
    """Return an entry of the catalog."""
    entry = {"image": "tradesense/web", "version": "v1.0.0", "strategy": "rolling"}
    return {**entry, "exposure": {"host": "web.example.com", **exposure}}


CATALOG = {
    "plain": exposed(limit_rpm=0, cluster_issuer="", ssl_redirect=False, annotations={"a/b": "c"}),
    "full": exposed(limit_rpm=100, limit_burst_multiplier=2, limit_connections=7, path="/shop"),
}
EXPOSED = (f"tradesense_services={json.dumps(CATALOG)}", "tradesense_service_overrides={}")
# As a playbook may write it: true without quotes.
ROUTED = (*EXPOSED, "network_routes=true", "network_policies=false")


def test_an_exposure_without_limit_and_issuer_has_no_annotations_for_them() -> None:
    annotations = objects("staging", *EXPOSED)["Ingress", "tradesense-plain-ingress"]["metadata"]["annotations"]
    assert annotations == {"nginx.ingress.kubernetes.io/ssl-redirect": "false", "a/b": "c"}


def test_limits_are_annotations_that_the_controller_has() -> None:
    annotations = objects("staging", *EXPOSED)["Ingress", "tradesense-full-ingress"]["metadata"]["annotations"]
    assert annotations == {
        "nginx.ingress.kubernetes.io/ssl-redirect": "true",
        "nginx.ingress.kubernetes.io/limit-rpm": "100",
        "nginx.ingress.kubernetes.io/limit-burst-multiplier": "2",
        "nginx.ingress.kubernetes.io/limit-connections": "7",
        "cert-manager.io/cluster-issuer": "letsencrypt-prod",
    }


def test_a_route_takes_the_place_of_the_ingress() -> None:
    found = objects("staging", *ROUTED)
    assert not [name for kind, name in found if kind == "Ingress"]
    route = found["Route", "tradesense-full-ingress"]
    assert route["metadata"]["annotations"] == {
        "haproxy.router.openshift.io/rate-limit-connections": "true",
        "haproxy.router.openshift.io/rate-limit-connections.rate-http": "17",
        "haproxy.router.openshift.io/rate-limit-connections.concurrent-tcp": "7",
        "cert-manager.io/issuer-kind": "ClusterIssuer",
        "cert-manager.io/issuer-name": "letsencrypt-prod",
    }
    assert route["spec"] == {
        "host": "web.example.com",
        "path": "/shop",
        "to": {"kind": "Service", "name": "tradesense-full", "weight": 100},
        "port": {"targetPort": "http"},
        "tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"},
        "wildcardPolicy": "None",
    }


def test_a_plain_exposure_is_a_plain_route() -> None:
    route = objects("staging", *ROUTED)["Route", "tradesense-plain-ingress"]
    assert route["metadata"]["annotations"] == {"a/b": "c"}
    assert route["spec"]["tls"] == {"termination": "edge", "insecureEdgeTerminationPolicy": "Allow"}


def test_policies_can_be_left_to_others() -> None:
    kinds = {kind for kind, _name in objects("staging", *ROUTED)}
    assert "Service" in kinds
    assert "NetworkPolicy" not in kinds


def test_a_canary_keeps_its_ingress_where_the_others_have_routes() -> None:
    found = objects("staging", 'network_routes="true"')
    assert [name for kind, name in found if kind == "Ingress"] == ["tradesense-trading-service-stable"]
    assert sorted(name for kind, name in found if kind == "Route") == [
        f"tradesense-{service}-ingress" for service in ("admin-dashboard", "api-gateway", "mobile-web", "web")
    ]
