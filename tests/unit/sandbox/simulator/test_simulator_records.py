# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sandbox.simulator.records import (
    CanaryRule,
    Json,
    NodeRecord,
    Path,
    Resources,
    quantity,
    read_ingress,
    read_node,
    read_pod,
    read_service,
)

POD: dict[str, Json] = {
    "metadata": {
        "namespace": "ns",
        "name": "a",
        "uid": "u",
        "labels": {"app": "web", "pod-template-hash": "h"},
    },
    "spec": {
        "nodeName": "n",
        "containers": [{"name": "main", "image": "web:v1"}, {"name": "side", "image": "side:v1-slow"}],
    },
    "status": {
        "phase": "Running",
        "conditions": [
            {"type": "Initialized", "status": "True"},
            {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
        ],
        # Not in the order of the spec: they go by name.
        "containerStatuses": [
            {"name": "side", "ready": True, "restartCount": 0},
            {
                "name": "main",
                "ready": True,
                "restartCount": 3,
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
            },
        ],
    },
}


def test_a_pod() -> None:
    pod = read_pod(POD)
    assert (pod.key, pod.app, pod.hash, pod.image) == (("ns", "a"), "web", "h", "web:v1")
    assert (pod.ready, pod.ready_at, pod.terminating) == (True, 1_767_225_600.0, False)
    assert (pod.containers[0].restarts, pod.containers[1].restarts) == (3, 0)
    assert pod.containers[0].started_at == "2026-01-01T00:00:00Z"


def test_the_hash_of_a_rollout_goes_before_that_of_a_deployment() -> None:
    labels = {"rollouts-pod-template-hash": "r", "pod-template-hash": "d", "app.kubernetes.io/name": "named"}
    pod = read_pod({"metadata": {"labels": labels}})
    assert (pod.hash, pod.app) == ("r", "named")


def test_a_pod_that_has_just_been_made() -> None:
    pod = read_pod(
        {"metadata": {"namespace": "ns", "name": "a", "uid": "u"}, "spec": {"containers": None}, "status": {}}
    )
    assert (pod.ready, pod.image, pod.phase, pod.node, dict(pod.labels)) == (False, "", "", "", {})


def test_a_pod_on_its_way_out() -> None:
    assert read_pod({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}).terminating


def test_services() -> None:
    service = read_service({"metadata": {"namespace": "ns", "name": "s"}, "spec": {"selector": {"b": "2", "a": "1"}}})
    assert service.selector == (("a", "1"), ("b", "2"))
    assert read_service({"metadata": {"namespace": "ns", "name": "s"}, "spec": {}}).selector == ()


def backend(name: str) -> dict[str, object]:
    return {"service": {"name": name, "port": {"number": 80}}}


def test_an_ingress_with_several_paths() -> None:
    rules = [
        {
            "host": "a",
            "http": {"paths": [{"path": "/", "backend": backend("x")}, {"path": "/api", "backend": backend("y")}]},
        },
        {"http": {"paths": [{"backend": backend("z")}, {"path": "/files", "backend": {"resource": {"name": "r"}}}]}},
        {"host": "empty"},
    ]
    ingress = read_ingress({"metadata": {"name": "i"}, "spec": {"rules": rules, "defaultBackend": backend("d")}})  # type: ignore[dict-item]
    assert ingress.paths == (Path("a", "/", "x"), Path("a", "/api", "y"), Path("", "/", "z"))
    assert ingress.canary is None


def test_an_ingress_with_only_a_default_backend() -> None:
    ingress = read_ingress({"metadata": {"name": "i"}, "spec": {"defaultBackend": backend("d")}})  # type: ignore[dict-item]
    assert ingress.paths == (Path("", "/", "d"),)


@pytest.mark.parametrize(
    ("annotations", "rule"),
    [
        ({}, None),
        ({"canary": "false", "canary-weight": "50"}, None),
        ({"canary": "true"}, CanaryRule()),
        ({"canary": "true", "canary-weight": "10"}, CanaryRule(weight=10)),
        ({"canary": "true", "canary-weight": "ten"}, CanaryRule()),
        (
            {"canary": "true", "canary-weight": "10", "canary-weight-total": "1000"},
            CanaryRule(weight=10, weight_total=1000),
        ),
        ({"canary": "true", "canary-weight": "10", "canary-weight-total": "50"}, CanaryRule(weight=10)),
        (
            {"canary": "true", "canary-by-header": "H", "canary-by-header-value": "v", "canary-by-cookie": "c"},
            CanaryRule(header="H", header_value="v", cookie="c"),
        ),
        ({"canary": "true", "canary-by-header": "H", "canary-by-header-pattern": "p"}, CanaryRule("H", "", "p")),
    ],
)
def test_canary_annotations(annotations: dict[str, str], rule: CanaryRule | None) -> None:
    named = {f"nginx.ingress.kubernetes.io/{key}": value for key, value in annotations.items()}
    assert read_ingress({"metadata": {"name": "i", "annotations": named}, "spec": {}}).canary == rule


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("250m", 0.25),
        ("2", 2.0),
        (2, 2.0),
        ("0.5", 0.5),
        ("512Mi", 512 * 2.0**20),
        ("1Gi", 2.0**30),
        ("1M", 1e6),
        ("1e3", 1000.0),
        ("100n", 1e-7),
        ("", 0.0),
        ("1.2.3", 0.0),
        ("much", 0.0),
        (None, 0.0),
        ({}, 0.0),
    ],
)
def test_quantities(given: Json, number: float) -> None:
    assert quantity(given) == pytest.approx(number)


def test_what_a_container_asks_for() -> None:
    given: Json = {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": 1}}
    pod = read_pod({"spec": {"containers": [{"name": "main", "image": "x:v1", "resources": given}]}})
    assert pod.containers[0].requests == Resources(0.25, 512 * 2.0**20)
    assert pod.containers[0].limits == Resources(1.0, 0.0)


def test_a_node() -> None:
    assert read_node({"metadata": {"name": "n", "labels": {"zone": "a"}}}) == NodeRecord("n", {"zone": "a"})
