# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""playbooks/provision.yml on the development inventory."""

from __future__ import annotations

import copy
import re

import pytest

from tests.integration.support.cluster import Obj, versions
from tests.integration.support.environment import API, CANARY_INGRESS, TRADING, USERS, Environment, settings
from tests.integration.support.stage import canary_weight, reach, selected, status

pytestmark = pytest.mark.every_pair

# What an environment consists of, besides its namespaces.
OBJECTS = {
    f"Service/{API}-active",
    f"Service/{API}-preview",
    f"Service/{TRADING}-stable",
    f"Service/{TRADING}-canary",
    f"Service/{USERS}",
    f"Ingress/{API}-ingress",
    f"Ingress/{TRADING}-stable",
    f"Rollout/{API}",
    f"Rollout/{TRADING}",
    f"Deployment/{USERS}",
    "AnalysisTemplate/success-rate",
    "AnalysisTemplate/canary-analysis",
    "AnalysisTemplate/canary-analysis-http",
    "LimitRange/tradesense-limits",
    "NetworkPolicy/tradesense-deny-all",
    "NetworkPolicy/tradesense-dns",
    *(f"NetworkPolicy/{name}" for name in (API, TRADING, USERS)),
}


def test_check_then_provision_twice(environment: Environment) -> None:
    """--check --diff shows every object and touches nothing; the second run changes nothing at all."""
    check = environment.run("provision", "--check", "--diff")
    assert not environment.exists()
    for wanted in OBJECTS:
        title = f"{wanted.replace('/', ' ')} in namespace {environment.space.name}"
        assert f"+++ after: {title} (applied)" in check.console
    said = re.fullmatch(
        r"\S+ on development-1: (\d+) created, 0 changed, 0 unchanged\..*", check["Say what was done"].msg
    )
    assert said, check.console
    count = said[1]
    first = environment.provision()
    assert first["Say what was done"].msg.endswith(f" {count} created, 0 changed, 0 unchanged. Nothing is pending.")
    before = environment.with_namespaces()
    assert before.keys() >= OBJECTS
    assert environment.images() == {API: "v2.7.0", TRADING: "v2.7.0", USERS: "v2.7.0"}
    second = environment.run("provision", "--diff")
    assert second.changed == 0
    assert second["Say what was done"].msg.endswith(f" 0 created, 0 changed, {count} unchanged. Nothing is pending.")
    assert versions(environment.with_namespaces()) == versions(before)
    for name, item in before.items():
        labels = item["metadata"].get("labels") or {}
        if name in OBJECTS:
            assert labels["app.kubernetes.io/part-of"] == "tradesense", name
            assert labels["app.kubernetes.io/managed-by"] == "tradesense-delivery", name


def test_in_the_middle_of_a_canary_nothing_moves(environment: Environment) -> None:
    """Weight, selectors, images and replicas of a release in flight survive a provisioning; changes are pending."""
    overrides = settings("tradesense_service_overrides")
    overrides["trading-service"]["canary"]["steps"] = [{"weight": 10}, {"pause": "manual"}, {"weight": 100}]
    environment.provision(tradesense_service_overrides=overrides)
    space = environment.space
    image = "tradesense/trading-service:v2.8.0"
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
    space.patch("Rollout", TRADING, change, how="json", fieldManager="tradesense-delivery")
    space.patch("Rollout", TRADING, {"spec": {"replicas": 5}}, subresource="scale", fieldManager="kubectl-scale")
    space.until(lambda: status(space, TRADING).get("currentStepIndex") == 1, "the pause at 10 %")
    reach(space, TRADING, "Paused", step=1)
    space.until(lambda: canary_weight(space, CANARY_INGRESS) == 10, "the weight")
    before = environment.with_namespaces()
    same = environment.run("provision", tradesense_service_overrides=overrides)
    assert same.changed == 0
    assert versions(environment.with_namespaces()) == versions(before)

    changed = copy.deepcopy(overrides)
    changed["trading-service"]["env"] = {"LEVEL": "DEBUG"}
    changed["trading-service"]["exposure"]["limit_rpm"] = 77
    pending = environment.run("provision", tradesense_service_overrides=changed)
    workload = f"Rollout {TRADING} in namespace {space.name}"
    assert f"Pending, goes out with the next release: {workload}" in pending["Say what was done"].msg
    after = environment.with_namespaces()
    ingress = after[f"Ingress/{TRADING}-stable"]["metadata"]["annotations"]
    assert ingress["nginx.ingress.kubernetes.io/limit-rpm"] == "77"
    assert _in_flight(after) == _in_flight(before)
    assert canary_weight(space, CANARY_INGRESS) == 10
    assert selected(space, f"{TRADING}-stable") == status(space, TRADING)["stableRS"]


def _in_flight(objects: dict[str, Obj]) -> Obj:
    """Return what must not move while a release is in flight."""
    rollout = objects[f"Rollout/{TRADING}"]
    selectors = {name: item["spec"]["selector"] for name, item in objects.items() if name.startswith("Service/")}
    pods = {name: item["spec"]["replicas"] for name, item in objects.items() if name.startswith("ReplicaSet/")}
    state = {key: rollout["status"].get(key) for key in ("currentPodHash", "stableRS", "currentStepIndex", "phase")}
    return {
        "template": rollout["spec"]["template"],
        "replicas": rollout["spec"]["replicas"],
        "selectors": selectors,
        "pods": pods,
        "state": state,
    }
