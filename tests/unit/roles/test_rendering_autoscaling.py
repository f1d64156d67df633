# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The autoscalers of the three environments."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.roles.rendered import ENVIRONMENTS, objects

GATEWAY = "tradesense-api-gateway"
HPA = "HorizontalPodAutoscaler"
WORKLOADS = {"Rollout", "Deployment", "StatefulSet"}


def autoscalers(environment: str, *extra: str) -> dict[str, Any]:
    """Return the autoscalers by the name of what they scale."""
    found = objects(environment, *extra)
    return {item["spec"]["scaleTargetRef"]["name"]: item for (kind, _), item in found.items() if kind == HPA}


def test_in_production_it_is_that_of_the_architecture_aimed_at_the_rollout() -> None:
    found = autoscalers("production")[GATEWAY]
    assert found["apiVersion"] == "autoscaling/v2"
    assert found["metadata"]["name"] == f"{GATEWAY}-hpa"
    assert found["spec"] == {
        "scaleTargetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": GATEWAY},
        "minReplicas": 3,
        "maxReplicas": 20,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
            },
            {
                "type": "Resource",
                "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 80}},
            },
            {
                "type": "Pods",
                "pods": {
                    "metric": {"name": "custom_requests_per_second"},
                    "target": {"type": "AverageValue", "averageValue": "100"},
                },
            },
        ],
        "behavior": {
            "scaleDown": {
                "stabilizationWindowSeconds": 300,
                "policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}],
            },
            "scaleUp": {
                "stabilizationWindowSeconds": 60,
                "policies": [
                    {"type": "Percent", "value": 100, "periodSeconds": 60},
                    {"type": "Pods", "value": 2, "periodSeconds": 60},
                ],
                "selectPolicy": "Max",
            },
        },
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_aims_at_a_workload_that_is_rendered_whose_pods_say_what_they_request(environment: str) -> None:
    found = objects(environment)
    scaled = autoscalers(environment)
    assert GATEWAY in scaled
    for name, item in scaled.items():
        assert item["metadata"]["namespace"] == f"tradesense-{environment}"
        assert item["metadata"]["labels"]["app"] == name
        reference = item["spec"]["scaleTargetRef"]
        workload = found[reference["kind"], name]
        assert workload["apiVersion"] == reference["apiVersion"]
        assert [kind for kind in WORKLOADS if (kind, name) in found] == [reference["kind"]]
        for container in workload["spec"]["template"]["spec"]["containers"]:
            # Utilization is a share of these.
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}


@pytest.mark.parametrize(("strategy", "kind"), [("rolling", "Deployment"), ("blue_green", "Rollout")])
def test_an_entry_may_do_without_requests_and_the_target_follows_the_strategy(strategy: str, kind: str) -> None:
    entry = {
        "image": "tradesense/web",
        "version": "v1",
        "strategy": strategy,
        "autoscaling": {"max_replicas": 5, "requests_per_second": 0, "scale_up": {"stabilization_seconds": 0}},
    }
    services = json.dumps({"web": entry, "fixed": {**entry, "autoscaling": None}})
    scaled = autoscalers("production", f"tradesense_services={services}", "tradesense_service_overrides={}")
    spec = scaled.pop("tradesense-web")["spec"]
    assert scaled == {}
    assert spec["scaleTargetRef"]["kind"] == kind
    assert [metric["type"] for metric in spec["metrics"]] == ["Resource", "Resource"]
    assert spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 5)


def test_the_metric_may_have_another_name() -> None:
    metrics = autoscalers("production", 'autoscaling_requests_metric="http_requests"')[GATEWAY]["spec"]["metrics"]
    assert metrics[-1]["pods"]["metric"]["name"] == "http_requests"
