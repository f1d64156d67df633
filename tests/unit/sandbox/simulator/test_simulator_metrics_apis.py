# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the two metrics APIs answer, in the form the autoscaler and kubectl top read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.simulator.metrics_apis import MetricsApis
from sandbox.simulator.records import NodeRecord, Resources
from sandbox.simulator.world import World
from tests.unit.sandbox.simulator.simulator_builders import MakePod

NOW = 1_767_225_600.0
STAMP = "2026-01-01T00:00:00Z"
METRICS, CUSTOM = "/apis/metrics.k8s.io/v1beta1", "/apis/custom.metrics.k8s.io/v1beta2"
RATES = f"{CUSTOM}/namespaces/ns/pods/*/custom_requests_per_second"


@pytest.fixture
def world(make_pod: MakePod) -> World:
    found = World(clock=lambda: NOW)
    asked = Resources(0.2, 100 * 2.0**20)
    found.put_pod(make_pod("a", "web", requests=asked, labels={"track": "stable"}))
    found.put_pod(make_pod("b", "web", requests=asked, hash="bbb", node="node-1"))
    found.put_pod(make_pod("c", "other", namespace="elsewhere"))
    found.put_pod(make_pod("waits", "web", phase="Pending", ready=False))
    found.put_node(NodeRecord("node-0", {"zone": "one"}))
    found.put_node(NodeRecord("node-1", {"zone": "two"}))
    found.traffic_seconds = 100.0
    for name, requests in (("a", 500), ("b", 61)):
        found.pods[("ns", name)].meter.add(98.75, 99.0, requests)
    return found


def ask(world: World, path: str, method: str = "GET") -> tuple[int, Any]:
    answer = MetricsApis(world).answer(method, path)
    assert answer.content_type == "application/json"
    return answer.status, json.loads(answer.body)


def items(world: World, path: str) -> list[Any]:
    status, found = ask(world, path)
    assert status == 200
    listed: list[Any] = found["items"]
    return listed


def test_discovery_names_what_there_is(world: World) -> None:
    _, found = ask(world, METRICS)
    assert found["kind"] == "APIResourceList"
    assert found["groupVersion"] == "metrics.k8s.io/v1beta1"
    named = {(item["name"], item["kind"], item["namespaced"]): item["verbs"] for item in found["resources"]}
    assert named == {("nodes", "NodeMetrics", False): ["get", "list"], ("pods", "PodMetrics", True): ["get", "list"]}
    _, found = ask(world, CUSTOM)
    (resource,) = found["resources"]
    assert resource["name"] == "pods/custom_requests_per_second"
    assert resource["kind"] == "MetricValueList"
    assert resource["verbs"] == ["get"]
    assert ask(world, "/openapi/v2")[1]["paths"] == {}


def test_a_rate_says_whose_it_is(world: World) -> None:
    status, found = ask(world, RATES)
    assert status == 200
    assert (found["kind"], found["apiVersion"]) == ("MetricValueList", "custom.metrics.k8s.io/v1beta2")
    assert found["items"][0] == {
        "describedObject": {"kind": "Pod", "namespace": "ns", "name": "a", "apiVersion": "/v1"},
        "metric": {"name": "custom_requests_per_second", "selector": None},
        "timestamp": STAMP,
        "windowSeconds": 5,
        "value": "100000m",
    }
    assert [item["value"] for item in found["items"]] == ["100000m", "12200m"]


@pytest.mark.parametrize(
    ("query", "pods"),
    [
        ("", ["a", "b"]),
        ("labelSelector=app%3Dweb", ["a", "b"]),
        ("labelSelector=app%3Dweb%2Crollouts-pod-template-hash+in+%28bbb%29", ["b"]),
        ("labelSelector=track", ["a"]),
        ("labelSelector=app%3Dother", []),
        ("labelSelector=&metricLabelSelector=rollouts_pod_template_hash%3Daaa", ["a"]),
        ("metricLabelSelector=service%3Dweb%2Cpod%21%3Da", ["b"]),
    ],
)
def test_pods_are_selected_by_their_labels_and_the_series_labels(world: World, query: str, pods: list[str]) -> None:
    for path in (RATES, RATES.replace("*", "%2A")):
        assert [item["describedObject"]["name"] for item in items(world, f"{path}?{query}")] == pods


def test_one_pods_rate(world: World) -> None:
    (found,) = items(world, f"{CUSTOM}/namespaces/ns/pods/b/custom_requests_per_second")
    assert found["value"] == "12200m"


def test_a_pod_uses_what_its_rate_makes_it_use(world: World) -> None:
    status, found = ask(world, f"{METRICS}/namespaces/ns/pods/a")
    assert status == 200
    assert (found["kind"], found["apiVersion"]) == ("PodMetrics", "metrics.k8s.io/v1beta1")
    assert found["metadata"] == {
        "name": "a",
        "namespace": "ns",
        "labels": {"app": "web", "rollouts-pod-template-hash": "aaa", "track": "stable"},
    }
    assert (found["timestamp"], found["window"]) == (STAMP, "5s")
    assert found["containers"] == [{"name": "main", "usage": {"cpu": "110000000n", "memory": "30720Ki"}}]


def test_pods_of_one_namespace_or_of_all(world: World) -> None:
    assert [item["metadata"]["name"] for item in items(world, f"{METRICS}/namespaces/ns/pods")] == ["a", "b"]
    assert {item["metadata"]["name"] for item in items(world, f"{METRICS}/pods")} == {"a", "b", "c"}
    selected = items(world, f"{METRICS}/pods?labelSelector=app%3Dother")
    assert [item["metadata"]["name"] for item in selected] == ["c"]


def test_a_node_uses_what_its_pods_use(world: World, make_pod: MakePod) -> None:
    world.put_pod(make_pod("d", node="node-1", requests=Resources(1.0, 100 * 2.0**20)))
    found = {item["metadata"]["name"]: item["usage"] for item in items(world, f"{METRICS}/nodes")}
    b = 0.2 * (0.05 + 0.005 * 12.2)
    assert found["node-1"]["cpu"] == f"{round((b + 0.05) * 1e9)}n"
    assert [item["metadata"]["name"] for item in items(world, f"{METRICS}/nodes?labelSelector=zone%3Dtwo")] == [
        "node-1"
    ]
    assert ask(world, f"{METRICS}/nodes/node-0")[1]["kind"] == "NodeMetrics"
    world.drop_node(NodeRecord("node-0", {}))
    assert ask(world, f"{METRICS}/nodes/node-0")[0] == 404
    world.replace_nodes([])
    assert items(world, f"{METRICS}/nodes") == []


@pytest.mark.parametrize(
    ("method", "path", "code", "says"),
    [
        ("GET", "/apis", 404, "there is nothing at /apis"),
        ("GET", f"{METRICS}/namespaces/ns/pods/none", 404, 'pods "none" not found'),
        ("GET", f"{METRICS}/namespaces/ns/pods/waits", 404, 'pods "waits" not found'),
        ("GET", f"{CUSTOM}/namespaces/ns/pods/*/latency", 404, "no metric latency of pods"),
        ("GET", f"{CUSTOM}/namespaces/ns/services/*/custom_requests_per_second", 404, "nothing at"),
        ("GET", f"{METRICS}/pods?labelSelector=%3D", 400, "cannot read the label selector"),
        ("GET", f"{METRICS}/pods?fieldSelector=metadata.name%3Da", 400, "cannot be selected by field"),
        ("GET", f"{METRICS}/pods?watch=true", 405, "only be read"),
        ("DELETE", f"{METRICS}/namespaces/ns/pods/a", 405, "only be read"),
    ],
)
def test_what_there_is_not_is_a_status(world: World, method: str, path: str, code: int, says: str) -> None:
    status, found = ask(world, path, method)
    assert status == code == found["code"]
    assert (found["kind"], found["status"]) == ("Status", "Failure")
    assert says in found["message"]
    assert found["reason"] in ("NotFound", "BadRequest", "MethodNotAllowed")
