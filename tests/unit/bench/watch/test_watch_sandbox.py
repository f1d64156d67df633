# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the benchmark reads from Prometheus and from the cluster, and what it changes there."""

from __future__ import annotations

from pathlib import Path

import yaml

from sandbox.launcher.prometheus import render_config
from tests.bench.watch.fleet import in_flight, node_like
from tests.bench.watch.prometheus import queries_in, slowed

METRICS = """\
# HELP prometheus_http_requests_total Counter of HTTP requests.
# TYPE prometheus_http_requests_total counter
prometheus_http_requests_total{code="200",handler="/-/ready"} 3
prometheus_http_requests_total{code="200",handler="/api/v1/query"} 2
prometheus_http_requests_total{code="200",handler="/api/v1/query_range"} 1206
prometheus_http_requests_total{code="400",handler="/api/v1/query_range"} 1
prometheus_http_requests_total{code="200",handler="/api/v1/query_exemplars"} 100
prometheus_http_response_size_bytes_sum{handler="/api/v1/query_range"} 5000
"""


def test_queries_are_counted_whatever_their_answer() -> None:
    assert queries_in(METRICS) == 1209


def test_a_prometheus_that_was_never_asked_has_no_count() -> None:
    assert queries_in("go_goroutines 40\n") == 0


def test_only_the_interval_of_scrapes_changes() -> None:
    before = render_config(Path("kubeconfig"), 8000)
    changed, kept = yaml.safe_load(slowed(before, 5)), yaml.safe_load(before)
    assert set(changed["global"].values()) == {"5s"}
    assert set(kept["global"].values()) == {"1s"}
    assert {**changed, "global": None} == {**kept, "global": None}


def test_a_copied_node_has_the_room_of_the_other_and_a_name_of_its_own() -> None:
    room = {"allocatable": {"cpu": "64", "pods": "110"}, "capacity": {"cpu": "64", "pods": "110"}}
    node = {
        "metadata": {
            "name": "node-0",
            "uid": "1234",
            "resourceVersion": "7",
            "labels": {"type": "kwok", "kubernetes.io/hostname": "node-0"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {"podCIDR": "10.0.0.0/24"},
        "status": {**room, "phase": "Running"},
    }
    assert node_like(node, "bench-5") == {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": "bench-5",
            "labels": {"type": "kwok", "kubernetes.io/hostname": "bench-5"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": room,
    }


def test_in_flight_is_what_is_paused_at_its_weight_with_a_new_revision() -> None:
    status = {
        "phase": "Paused",
        "observedGeneration": "2",
        "currentStepIndex": 1,
        "currentPodHash": "new",
        "stableRS": "old",
    }
    item = {"metadata": {"generation": 2}, "status": status}
    assert in_flight(item)
    assert not in_flight({**item, "status": {**status, "phase": "Progressing"}})
    assert not in_flight({**item, "status": {**status, "currentPodHash": "old"}})
    assert not in_flight({**item, "status": {**status, "currentStepIndex": 0}})
    assert not in_flight({**item, "metadata": {"generation": 3}})
