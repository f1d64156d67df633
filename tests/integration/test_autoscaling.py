# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Role autoscaling, and the cluster's own autoscaler on the sandbox's metrics: it scales Rollouts by their load."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.support.cluster import Obj, Space, versions
from tests.integration.support.plays import Ansible, Data, Run
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import canary_weight, reach, release, replica_sets, status
from tests.integration.support.traffic import set_load, unserved
from tests.integration.support.watching import Watch

NAME = "tradesense-orders"
HPA = f"{NAME}-hpa"
CANARY_INGRESS = f"{NAME}-{NAME}-stable-canary"
# A pod is to have 100 requests a second, so the autoscaler goes from the fewest pods to nine for 860, whatever chance does to
# the load; with a canary, whose pods it counts too, as well.
QUIET, BUSY = 100, 860
FEWEST, MANY, MOST = 3, 9, 20
# In production the autoscaler waits for minutes, so that it does not follow each wave; a test has no waves.
QUICK = {"stabilization_seconds": 0, "percent": 400, "period_seconds": 1}
SCALING: Obj = {"scale_up": QUICK, "scale_down": {**QUICK, "percent": 100}}
ENTRY: Obj = {
    "image": "tradesense/orders",
    "version": "v1",
    "strategy": "canary",
    "replicas": FEWEST,
    "exposure": {"host": "orders.example.test"},
    "canary": {"steps": [{"weight": 20}, {"pause": "manual"}, {"weight": 100}]},
    "autoscaling": {},
}


class Scaled:
    """A canary service with an autoscaler, in a namespace of its own."""

    def __init__(self, space: Space, simulator: str, ansible: Ansible) -> None:
        self.space = space
        self._simulator = simulator
        self._ansible = ansible

    def provision(self, **scaling: int) -> Run:
        """Run the roles; `scaling` differs from what the other tests have."""
        overrides = {"orders": {"autoscaling": {**SCALING, **scaling}}}
        return self.roles("network", "workloads", "autoscaling", services={"orders": ENTRY}, overrides=overrides)

    def roles(self, *names: str, services: Obj, overrides: Obj, code: int | None = 0, **variables: object) -> Run:
        """Run roles on a catalog; see `Ansible.playbook` for `code`."""
        given: Data = {
            "tradesense_services": services,
            "tradesense_service_overrides": overrides,
            "tradesense_namespace": self.space.name,
            "tradesense_environment": "test",
            **variables,
        }
        tasks = [
            {"name": name, "ansible.builtin.include_role": {"name": f"tradesense.delivery.{name}"}, "vars": given}
            for name in names
        ]
        return self._ansible.tasks(self.space.name, tasks, code=code)

    def up(self) -> None:
        """Bring it up, with little load."""
        self.load(QUIET)
        # Another role makes it, and no pod starts without it.
        self.space.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}})
        self.provision()
        reach(self.space, NAME, "Healthy")

    def load(self, rps: int | None) -> None:
        """Set the requests a second."""
        set_load(self._simulator, self.space.name, rps)

    def get_busy(self) -> None:
        """Raise the load, and let the autoscaler act when it has measured all of it.

        By a part of it, it would go up in steps, and stop at fewer pods: it lets a tenth too many pass.
        """
        self._at_most(FEWEST)
        self.load(BUSY)
        self.space.until(lambda: self._measured() > 0.97 * BUSY, "all of the load measured", seconds=60)
        self._at_most(MOST)

    def _at_most(self, replicas: int) -> None:
        change = {"spec": {"maxReplicas": replicas}}
        self.space.patch("HorizontalPodAutoscaler", HPA, change, fieldManager="tradesense-delivery")

    def _measured(self) -> float:
        """Return the requests a second that the autoscaler has measured on all pods."""
        each = [metric["pods"]["current"]["averageValue"] for metric in self._metrics() if metric["type"] == "Pods"]
        pods = sum(replica_sets(self.space, NAME).values())
        return sum(float(value.removesuffix("m")) / (1000 if value.endswith("m") else 1) for value in each) * pods

    def _metrics(self) -> list[Obj]:
        return [metric for metric in self.autoscaler().get("currentMetrics") or [] if metric.get("type")]

    def reaches(self, replicas: int) -> None:
        """Wait until the autoscaler has brought the Rollout to so many pods and wants no other number."""

        def done() -> bool:
            item = self.space.get("Rollout", NAME)
            available = (item.get("status") or {}).get("availableReplicas") or 0
            wanted = {item["spec"]["replicas"], self.autoscaler().get("desiredReplicas")}
            return wanted == {replicas} and available >= replicas

        try:
            self.space.until(done, f"{replicas} replicas", seconds=120)
        except AssertionError as error:
            scaler = self.space.get("HorizontalPodAutoscaler", HPA)["status"]
            raise AssertionError(f"{error}; {json.dumps(scaler)}") from None

    def rests(self) -> None:
        """Wait until its controllers have nothing left to write."""
        seen: list[dict[str, str]] = []

        def done() -> bool:
            seen.append({**versions(self._written("Rollout")), **versions(self._written("ReplicaSet"))})
            return seen[-1:] == seen[-2:-1]

        reach(self.space, NAME, "Healthy")
        self.space.until(done, "a service at rest", pause=2)

    def _written(self, kind: str) -> dict[str, Obj]:
        return {item["metadata"]["name"]: item for item in self.space.list(kind)}

    def autoscaler(self) -> Obj:
        """Return what the autoscaler says of itself."""
        return dict(self.space.get("HorizontalPodAutoscaler", HPA).get("status") or {})

    def unserved(self) -> int:
        """Return how many requests found no pod so far."""
        return unserved(self._simulator, self.space.name)


@pytest.fixture
def scaled(space: Space, sandbox: Sandbox, tmp_path: Path) -> Iterator[Scaled]:
    """A service that is scaled, not yet provisioned."""
    made = Scaled(space, sandbox.simulator, Ansible(tmp_path))
    yield made
    made.load(None)


def test_a_rollout_is_scaled_up_under_load_and_down_again(scaled: Scaled) -> None:
    """The cluster's own controller does it, through the Rollout's scale; no request is lost on the way."""
    scaled.up()
    before = scaled.unserved()
    scaled.get_busy()
    scaled.reaches(MANY)
    assert {metric["type"] for metric in scaled.autoscaler()["currentMetrics"]} == {"Resource", "Pods"}
    assert _owners_of_replicas(scaled.space.get("Rollout", NAME)) == [("kube-controller-manager", "scale")]
    scaled.load(QUIET)
    scaled.reaches(FEWEST)
    assert scaled.unserved() == before


def test_in_the_middle_of_a_canary_too(scaled: Scaled) -> None:
    """Both revisions are scaled; the canary keeps its step and its weight all the time."""
    scaled.up()
    space = scaled.space
    stable = status(space, NAME)["stableRS"]
    canary = release(space, NAME, "v2")
    reach(space, NAME, "Paused", step=1)
    before = scaled.unserved()
    with Watch(space, "Rollout") as rollouts, Watch(space, "Ingress") as ingresses:
        scaled.get_busy()
        scaled.reaches(MANY)
        space.until(lambda: replica_sets(space, NAME) == {stable: MANY, canary: 2}, "a fifth of the pods, rounded up")
        scaled.load(QUIET)
        scaled.reaches(FEWEST)
        space.until(lambda: replica_sets(space, NAME) == {stable: FEWEST, canary: 1}, "fewer pods of both")
    states = [state["status"] for state in rollouts.states(NAME)]
    assert {(state["stableRS"], state["currentPodHash"]) for state in states} == {(stable, canary)}
    assert {state["currentStepIndex"] for state in states} == {1}
    weights = {
        state["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"]
        for state in ingresses.states(CANARY_INGRESS)
    }
    assert weights == {"20"}
    assert canary_weight(space, CANARY_INGRESS) == 20
    assert scaled.unserved() == before


def test_provisioning_at_nine_replicas_moves_nothing(scaled: Scaled) -> None:
    """The catalog says three. Every object is watched, so that a number which came and went would be seen."""
    scaled.up()
    scaled.get_busy()
    scaled.reaches(MANY)
    scaled.rests()
    space = scaled.space
    kinds = ("Rollout", "ReplicaSet", "Service", "Ingress")
    with ExitStack() as stack:
        watches = {kind: stack.enter_context(Watch(space, kind)) for kind in kinds}
        autoscalers = stack.enter_context(Watch(space, "HorizontalPodAutoscaler"))
        assert scaled.provision().changed == 0
        changed = scaled.provision(max_replicas=12)
        assert changed["Apply the workloads"].changed is False
        assert changed["Apply the autoscalers"].changed is True
    for kind, watch in watches.items():
        names = {event["metadata"]["name"] for event in watch.events}
        assert names, kind
        for name in names:
            states = watch.states(name)
            assert len({state["metadata"]["resourceVersion"] for state in states}) == 1, f"{kind}/{name} moved"
    # The autoscaler writes down what it sees, again and again.
    specs = [state["spec"] for state in autoscalers.states(HPA)]
    assert sorted({spec["maxReplicas"] for spec in specs}) == [12, 20]
    assert all({**spec, "maxReplicas": 20} == specs[0] for spec in specs)
    assert {state["status"]["desiredReplicas"] for state in autoscalers.states(HPA)} == {MANY}
    assert space.get("Rollout", NAME)["spec"]["replicas"] == MANY


def test_an_autoscaler_that_is_not_wanted_any_more_goes(scaled: Scaled) -> None:
    """Removed is what the role made for all services; a run for one of them removes nothing, nor does a mistake."""
    services = {"orders": ENTRY, "refunds": {**ENTRY, "strategy": "rolling"}}
    off: Obj = {"refunds": {"autoscaling": None}}
    assert scaled.roles("autoscaling", services=services, overrides={}).changed == 1
    live = _autoscalers(scaled.space)
    assert live == {HPA: ("Rollout", 20), "tradesense-refunds-hpa": ("Deployment", 20)}
    wrong = {**off, "orders": {"autoscaling": {"min_replicas": 30}}}
    failed = scaled.roles("autoscaling", services=services, overrides=wrong, code=2)
    assert "orders.autoscaling.min_replicas: 30 is more than max_replicas, 20" in failed.console
    one = scaled.roles("autoscaling", services=services, overrides=off, autoscaling_selected=["orders"])
    assert one.changed == 0
    assert _autoscalers(scaled.space) == live
    assert scaled.roles("autoscaling", services=services, overrides=off).changed == 1
    assert _autoscalers(scaled.space) == {HPA: ("Rollout", 20)}
    assert scaled.roles("autoscaling", services=services, overrides=off).changed == 0


def _autoscalers(space: Space) -> dict[str, tuple[str, int]]:
    """Return the kind of what each autoscaler scales, and how far."""
    specs = {item["metadata"]["name"]: item["spec"] for item in space.list("HorizontalPodAutoscaler")}
    return {name: (spec["scaleTargetRef"]["kind"], spec["maxReplicas"]) for name, spec in specs.items()}


def _owners_of_replicas(item: Obj) -> list[tuple[str, str]]:
    return [
        (entry["manager"], entry.get("subresource", ""))
        for entry in item["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    ]
