# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The Services and Ingresses of the three environments."""

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
            "nginx.ingress.kubernetes.io/limit-rpm",
            "nginx.ingress.kubernetes.io/ssl-redirect",
        ]


def test_an_exposure_without_limit_and_issuer_has_no_annotations_for_them() -> None:
    exposure = {"host": "web.example.com", "limit_rpm": 0, "cluster_issuer": "", "annotations": {"a/b": "c"}}
    catalog = {
        "web": {"image": "tradesense/web", "version": "v1.0.0", "strategy": "rolling", "exposure": exposure},
    }
    found = objects("staging", f"tradesense_services={json.dumps(catalog)}", "tradesense_service_overrides={}")
    annotations = found["Ingress", "tradesense-web-ingress"]["metadata"]["annotations"]
    assert annotations == {"nginx.ingress.kubernetes.io/ssl-redirect": "true", "a/b": "c"}
