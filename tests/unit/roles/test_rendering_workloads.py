# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The namespaces and workloads of the three environments."""

from __future__ import annotations

import json
import re

import pytest

from tests.unit.roles.rendered import ENVIRONMENTS, objects, pods

ROLLING = (
    *("user-service", "analytics-service", "notification-service"),
    *("broker-connectors", "market-data-ingestion", "payment-processors"),
)
FRONTENDS = ("web", "mobile-web", "admin-dashboard")
# Looked at by tests of their own.
LIMITS = ("NetworkPolicy", "ResourceQuota", "LimitRange")
SECRETS = (
    *("tradesense-db-credentials", "tradesense-redis-credentials", "tradesense-auth-secrets"),
    *("tradesense-external-api-keys", "tradesense-monitoring-secrets", "tradesense-postgres-credentials"),
    "tradesense-alerting-credentials",
)
# test_rendering_rbac.py looks at these.
ACCOUNTS = ("ServiceAccount", "Role", "RoleBinding")


def shown(name: str) -> str:
    """Return an object's name without the hash of its content."""
    return re.sub(r"-(config|secrets|files)-[0-9a-f]{10}$", r"-\1-HASH", name)


def several(environment: str, service: str) -> bool:
    """Tell whether a service has more than one pod."""
    return not (environment == "development" and service in ("mobile-web", "admin-dashboard"))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_there_is(environment: str) -> None:
    released = ("api-gateway", "trading-service", *ROLLING, *FRONTENDS)
    configured = ("api-gateway", "trading-service", *ROLLING)
    stateful = ("postgres-primary", "postgres-replica", "redis-cluster")
    replicas = ("redis-cluster",) if environment == "development" else ("redis-cluster", "postgres-replica")
    budgets = [one for one in released if several(environment, one)]
    budgets += replicas if environment == "production" else ["redis-cluster"]
    elsewhere = (*ACCOUNTS, *LIMITS)
    found = [(kind, shown(name)) for kind, name in objects(environment) if kind not in elsewhere]
    assert sorted(found) == sorted(
        [
            ("Namespace", f"tradesense-{environment}"),
            ("Namespace", "tradesense-monitoring"),
            ("AnalysisTemplate", "success-rate"),
            ("AnalysisTemplate", "canary-analysis"),
            ("AnalysisTemplate", "canary-analysis-http"),
            ("ConfigMap", "tradesense-config"),
            *(("Secret", name) for name in SECRETS),
            *(("ConfigMap", f"tradesense-{one}-config-HASH") for one in configured),
            *(("Secret", f"tradesense-{one}-secrets-HASH") for one in (*configured, *stateful, "monitoring-stack")),
            ("Rollout", "tradesense-api-gateway"),
            ("Service", "tradesense-api-gateway-active"),
            ("Service", "tradesense-api-gateway-preview"),
            ("Ingress", "tradesense-api-gateway-ingress"),
            ("Rollout", "tradesense-trading-service"),
            ("Service", "tradesense-trading-service-stable"),
            ("Service", "tradesense-trading-service-canary"),
            ("Ingress", "tradesense-trading-service-stable"),
            *(("Deployment", f"tradesense-{one}") for one in (*ROLLING, *FRONTENDS)),
            *(("Service", f"tradesense-{one}") for one in (*ROLLING, *FRONTENDS)),
            *(("Ingress", f"tradesense-{one}-ingress") for one in FRONTENDS),
            *(("PodDisruptionBudget", f"tradesense-{one}") for one in budgets),
            ("HorizontalPodAutoscaler", "tradesense-api-gateway-hpa"),
            *(("StatefulSet", f"tradesense-{one}") for one in (*stateful, "monitoring-stack")),
            *(("ConfigMap", f"tradesense-{one}-files-HASH") for one in (*stateful, "monitoring-stack")),
            # One with an address for clients, and a headless one that gives each pod its name.
            *(("Service", name) for name in (*stateful, "prometheus", "alertmanager")),
            *(("Service", f"tradesense-{one}") for one in (*stateful, "monitoring-stack")),
        ]
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_is_ours_and_in_the_environments_namespace(environment: str) -> None:
    for (kind, name), manifest in objects(environment).items():
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "tradesense"
        assert labels["app.kubernetes.io/managed-by"] == "tradesense-delivery"
        shared = name.startswith("tradesense-monitoring-stack") or name in ("prometheus", "alertmanager")
        if kind not in ACCOUNTS and (shared or (name.startswith("tradesense-monitoring-") and kind in LIMITS)):
            assert manifest["metadata"]["namespace"] == "tradesense-monitoring"
        elif kind not in ("Namespace", *ACCOUNTS):
            assert manifest["metadata"]["namespace"] == f"tradesense-{environment}"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_pods_are_found_by_their_workload_and_services(environment: str) -> None:
    found = objects(environment)
    for manifest, template in pods(environment):
        name = manifest["metadata"]["name"]
        assert manifest["spec"]["selector"]["matchLabels"] == {"app": name}
        labels = template["metadata"]["labels"]
        frontend = name.removeprefix("tradesense-") in FRONTENDS
        component = "frontend" if frontend else "backend"
        assert labels.items() >= {"app": name, "component": component, "version": "v2.7.0"}.items()
        services = [service for key, service in found.items() if key[0] == "Service" and key[1].startswith(name)]
        assert services
        for service in services:
            assert service["spec"]["selector"] == {"app": name}
            assert [port["port"] for port in service["spec"]["ports"]] == [80, 8080]
            assert [port["targetPort"] for port in service["spec"]["ports"]] == [8000, 8080]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_pods_have_what_the_architecture_asks_for(environment: str) -> None:
    for manifest, template in pods(environment):
        spec = template["spec"]
        (container,) = spec["containers"]
        assert spec["serviceAccountName"] == manifest["metadata"]["name"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        if manifest["metadata"]["labels"]["component"] == "frontend":
            continue
        assert [spread["topologyKey"] for spread in spec["topologySpreadConstraints"]] == [
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        ]
        assert template["metadata"]["annotations"] == {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "8000",
            "prometheus.io/path": "/metrics",
        }
        assert [port["containerPort"] for port in container["ports"]] == [8000, 8080]
        assert {"name": "ENVIRONMENT", "value": environment} in container["env"]
        assert container["livenessProbe"]["periodSeconds"] == 30
        assert container["readinessProbe"]["periodSeconds"] == 10
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/app/logs", "/tmp"]
        assert [volume["name"] for volume in spec["volumes"]] == ["app-logs", "tmp-volume"]
        assert spec["securityContext"].items() >= {"runAsNonRoot": True, "runAsUser": 1001, "fsGroup": 1001}.items()
        assert spec["nodeSelector"] == {"kubernetes.io/arch": "amd64"}
        assert [toleration["tolerationSeconds"] for toleration in spec["tolerations"]] == [300, 300]


def test_blue_green_in_production() -> None:
    rollout = objects("production")["Rollout", "tradesense-api-gateway"]["spec"]
    assert rollout["replicas"] == 5
    assert rollout["revisionHistoryLimit"] == 10
    strategy = rollout["strategy"]["blueGreen"]
    analysis = {
        "templates": [{"templateName": "success-rate"}],
        "args": [
            {"name": "service-name", "value": "tradesense-api-gateway"},
            {"name": "canary-hash", "valueFrom": {"podTemplateHashValue": "Latest"}},
        ],
    }
    assert strategy == {
        "activeService": "tradesense-api-gateway-active",
        "previewService": "tradesense-api-gateway-preview",
        "previewReplicaCount": 1,
        "autoPromotionEnabled": False,
        "scaleDownDelaySeconds": 30,
        "abortScaleDownDelaySeconds": 30,
        "prePromotionAnalysis": analysis,
        "postPromotionAnalysis": analysis,
    }


def test_canary_in_production() -> None:
    rollout = objects("production")["Rollout", "tradesense-trading-service"]["spec"]
    assert rollout["replicas"] == 10
    strategy = rollout["strategy"]["canary"]
    analysis = {
        "templates": [{"templateName": "canary-analysis"}],
        "args": [
            {"name": "service-name", "value": "tradesense-trading-service"},
            {"name": "canary-hash", "valueFrom": {"podTemplateHashValue": "Latest"}},
        ],
    }
    assert strategy["steps"] == [
        {"setWeight": 10},
        {"pause": {"duration": "2m"}},
        {"setWeight": 25},
        {"analysis": analysis},
        {"setWeight": 50},
        {"pause": {"duration": "5m"}},
        {"setWeight": 75},
        {"pause": {"duration": "5m"}},
        {"setWeight": 100},
    ]
    assert strategy["stableService"] == "tradesense-trading-service-stable"
    assert strategy["canaryService"] == "tradesense-trading-service-canary"
    assert strategy["trafficRouting"]["nginx"] == {
        "stableIngress": "tradesense-trading-service-stable",
        "annotationPrefix": "nginx.ingress.kubernetes.io",
        "additionalIngressAnnotations": {
            "canary-by-header": "x-canary",
            "canary-by-header-value": "tradesense-canary",
        },
    }
    (container,) = rollout["template"]["spec"]["containers"]
    assert container["image"] == "tradesense/trading-service:v2.7.0"
    assert container["resources"] == {
        "requests": {"memory": "1Gi", "cpu": "500m"},
        "limits": {"memory": "2Gi", "cpu": "1000m"},
    }
    address = "http://feature-flags.tradesense-production.svc.cluster.local:8080"
    assert {"name": "FEATURE_FLAGS_ENDPOINT", "value": address} in container["env"]


def test_rolling_in_production() -> None:
    deployment = objects("production")["Deployment", "tradesense-user-service"]["spec"]
    assert deployment["replicas"] == 3
    assert deployment["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


@pytest.mark.parametrize(
    ("environment", "replicas"),
    [("production", (5, 10, 3)), ("staging", (2, 4, 2)), ("development", (2, 4, 2))],
)
def test_replicas(environment: str, replicas: tuple[int, int, int]) -> None:
    names = ("tradesense-api-gateway", "tradesense-trading-service", "tradesense-user-service")
    found = {manifest["metadata"]["name"]: manifest["spec"]["replicas"] for manifest, _template in pods(environment)}
    assert tuple(found[name] for name in names) == replicas


def test_a_catalog_without_rollouts_renders_to_nothing_but_valid_documents() -> None:
    catalog = {"user-service": {"image": "tradesense/user-service", "version": "v2.7.0", "strategy": "rolling"}}
    extra = (
        f"tradesense_services={json.dumps(catalog)}",
        "tradesense_service_overrides={}",
    )
    kinds = sorted(kind for kind, _name in objects("production", *extra))
    others = ("Namespace", "AnalysisTemplate", "ConfigMap", "Secret", *ACCOUNTS, *LIMITS)
    ours = [kind for kind in kinds if kind not in others]
    assert ours == ["Deployment", "PodDisruptionBudget", "Service"]


def test_optional_parts_are_rendered() -> None:
    catalog = {
        "probe-service": {
            "image": "registry.example.com:5000/tradesense/probe-service",
            "version": "v1.0.0",
            "strategy": "canary",
            "labels": {"team": "probe"},
            "env": {"QUOTES": "a \"b\" '{x}' : #c", "NUMBER": 5, "YES": True},
            "empty_dirs": {"app-logs": "/logs"},
            "scrape": {"enabled": False},
            "scheduling": {"priority_class": "high", "affinity": {"podAntiAffinity": {}}, "tolerations": []},
            "exposure": {
                "host": "probe.example.com",
                "limit_rpm": 0,
                "cluster_issuer": "",
                "annotations": {"a/b": "c"},
            },
            "canary": {
                "steps": [{"weight": 5}, {"pause": "manual"}, {"analysis": ["success-rate", "canary-analysis-http"]}]
            },
        }
    }
    extra = (
        f"tradesense_services={json.dumps(catalog)}",
        "tradesense_service_overrides={}",
        'namespaces_monitoring=""',
    )
    found = objects("staging", *extra)
    assert ("Namespace", "tradesense-monitoring") not in found
    rollout = found["Rollout", "tradesense-probe-service"]["spec"]
    spec = rollout["template"]["spec"]
    (container,) = spec["containers"]
    assert rollout["strategy"]["canary"]["steps"][1] == {"pause": {}}
    assert len(rollout["strategy"]["canary"]["steps"][2]["analysis"]["templates"]) == 2
    assert "annotations" not in rollout["template"]["metadata"]
    assert rollout["template"]["metadata"]["labels"]["team"] == "probe"
    assert {item["name"]: item["value"] for item in container["env"]} == {
        "ENVIRONMENT": "staging",
        "QUOTES": "a \"b\" '{x}' : #c",
        "NUMBER": "5",
        "YES": "true",
    }
    assert spec["priorityClassName"] == "high"
    assert spec["affinity"] == {"podAntiAffinity": {}}
    assert spec["tolerations"] == []
    assert [volume["name"] for volume in spec["volumes"]] == ["app-logs"]
