# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from random import Random

import pytest

from sandbox.simulator.behaviours import behaviour_named, behaviour_of
from sandbox.simulator.engine import Engine
from sandbox.simulator.kubelet import Kubelet
from sandbox.simulator.life import CrashState, new_life
from sandbox.simulator.records import Json, PodRecord, read_pod, rows, table
from sandbox.simulator.settings import Load, Override
from sandbox.simulator.status import Wanted, back_off, next_crash_state, shows, status_patch, wanted_status
from sandbox.simulator.world import World
from tests.unit.sandbox.simulator.simulator_builders import MakePod, MakeService, build_pod


class Cluster:
    """Applies status patches to pods as the API server would, and echoes them to the world."""

    def __init__(self) -> None:
        self.now = 1_000_000_020.0
        self.world = World(Load(), lambda: self.now)
        self.sent: list[tuple[str, Json]] = []
        self.echo = True
        self.kubelet = Kubelet(self.world, self.patch)
        self.engine = Engine(self.world, Random(1))

    def patch(self, pod: PodRecord, patch: dict[str, Json]) -> bool:
        self.sent.append((pod.name, patch))
        if self.echo:
            self.world.put_pod(patched(pod, patch))
        return self.echo

    def wait(self, seconds: float) -> None:
        for _ in range(int(seconds * 10)):
            self.now += 0.1
            while self.kubelet.step():
                pass
            self.engine.step(0.1)

    def runs(self, name: str = "a") -> bool:
        return self.world.pods[("ns", name)].running

    def pod(self, name: str = "a") -> PodRecord:
        return self.world.pods[("ns", name)].record


def patched(pod: PodRecord, patch: dict[str, Json]) -> PodRecord:
    status = table(patch["status"])
    source: dict[str, Json] = {
        "metadata": {"namespace": pod.namespace, "name": pod.name, "uid": pod.uid, "labels": dict(pod.labels)},
        "spec": {"nodeName": pod.node, "containers": [{"name": c.name, "image": c.image} for c in pod.containers]},
        "status": {"phase": pod.phase, **status},
    }
    return read_pod(source)


def first_status(patch: Json) -> dict[str, Json]:
    return dict(table(rows(table(table(patch)["status"])["containerStatuses"])[0]))


@pytest.mark.parametrize(("restarts", "seconds"), [(0, 5), (1, 10), (2, 20), (3, 40), (6, 300), (1000, 300)])
def test_the_back_off_doubles_up_to_five_minutes(restarts: int, seconds: float) -> None:
    assert back_off(restarts) == seconds


def test_the_crash_loop() -> None:
    pod = build_pod("a")
    assert next_crash_state(None, build_pod("a", ready=False), 0.0, 100.0) is None
    state = next_crash_state(None, pod, 100.0, 101.0)
    assert state == CrashState(True, 105.0, 0)
    assert next_crash_state(state, pod, 100.0, 104.9) == state
    down = next_crash_state(state, pod, 100.0, 105.0)
    assert down == CrashState(False, 110.0, 0)
    assert next_crash_state(down, pod, 100.0, 109.9) == down
    up = next_crash_state(down, pod, 100.0, 110.0)
    assert up == CrashState(True, 115.0, 1)
    assert next_crash_state(up, pod, 100.0, 115.0) == CrashState(False, 125.0, 1)


def test_a_crash_loop_goes_on_after_the_simulator_was_restarted() -> None:
    pod = build_pod("a", ready=False, waiting="CrashLoopBackOff", restarts=2)
    assert next_crash_state(None, pod, 0.0, 100.0) == CrashState(False, 120.0, 2)


def test_a_pod_that_behaves_is_left_alone_whatever_its_status() -> None:
    assert wanted_status(new_life(build_pod("a", ready=False), now=0.0)) is None


@pytest.mark.parametrize("tag", ["v1-neverready", "v1-imagepull", "v1-crash"])
def test_a_pod_without_a_first_status_or_on_its_way_out_is_left_alone(tag: str) -> None:
    image = f"x:{tag}"
    young = new_life(build_pod("a", image=image, ready=False, started_at=""), behaviour_of(image), now=0.0)
    assert wanted_status(young) is None
    leaving = new_life(build_pod("a", image=image, terminating=True), behaviour_of(image), now=0.0)
    assert wanted_status(leaving) is None


def test_the_patch_of_a_crash() -> None:
    pod = build_pod("a", restarts=1)
    patch = status_patch(pod, Wanted(False, "CrashLoopBackOff", 1), 1_767_225_600.0)
    status = table(patch["status"])
    assert "phase" not in status
    conditions = {str(table(c)["type"]): table(c) for c in rows(status["conditions"])}
    assert {kind: c["status"] for kind, c in conditions.items()} == {"Ready": "False", "ContainersReady": "False"}
    assert conditions["Ready"]["reason"] == "ContainersNotReady"
    assert conditions["Ready"]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    first = first_status(patch)
    assert table(table(first["state"])["waiting"])["reason"] == "CrashLoopBackOff"
    assert table(table(first["lastState"])["terminated"])["exitCode"] == 1
    assert (first["ready"], first["restartCount"]) == (False, 1)


def test_the_patch_that_makes_ready_again_takes_the_reason_away() -> None:
    pod = build_pod("a", ready=False, waiting="CrashLoopBackOff", restarts=1)
    wanted = Wanted(True, "", 2)
    patch = status_patch(pod, wanted, 1_767_225_600.0)
    status = table(patch["status"])
    assert status["phase"] == "Running"
    assert table(rows(status["conditions"])[0])["reason"] is None
    assert table(table(first_status(patch)["state"])["running"])["startedAt"] == "2026-01-01T00:00:00Z"
    assert not shows(pod, wanted)
    assert shows(patched(pod, patch), wanted)


def test_a_crashing_pod_loses_traffic_restarts_with_fresh_counters_and_keeps_its_ledger(
    make_service: MakeService,
) -> None:
    cluster = Cluster()
    cluster.world.put_pod(build_pod("a", "web", image="x:v1-crash"))
    cluster.world.put_service(make_service("web", app="web"))
    life = cluster.world.pods[("ns", "a")]
    cluster.wait(4.8)
    assert cluster.pod().ready
    assert life.tally.requests > 40
    cluster.wait(0.4)
    assert (cluster.pod().ready, cluster.pod().containers[0].waiting) == (False, "CrashLoopBackOff")
    assert not cluster.runs()
    served = life.tally.requests
    cluster.wait(4.0)
    assert life.tally.requests == served
    cluster.wait(1.0)
    assert (cluster.pod().ready, cluster.pod().containers[0].restarts) == (True, 1)
    assert cluster.runs()
    assert life.counters.started == pytest.approx(1_000_000_030.0, abs=0.5)
    assert sum(life.counters.requests.values()) < 30 < served <= life.tally.requests
    cluster.wait(4.9)
    assert not cluster.pod().ready
    cluster.wait(9.0)
    assert not cluster.pod().ready
    cluster.wait(1.2)
    assert (cluster.pod().ready, cluster.pod().containers[0].restarts) == (True, 2)


def test_a_pod_kwok_made_ready_although_it_must_not_is_put_right_once(make_pod: MakePod) -> None:
    cluster = Cluster()
    cluster.world.put_pod(make_pod("a", image="x:v1-neverready"))
    cluster.world.put_pod(make_pod("b", image="x:v1-imagepull"))
    cluster.wait(5)
    assert [name for name, _ in cluster.sent] == ["a", "b"]
    assert not cluster.pod("a").ready
    assert cluster.pod("b").containers[0].waiting == "ImagePullBackOff"


def test_pods_that_came_as_they_should_be_are_not_patched(make_pod: MakePod) -> None:
    cluster = Cluster()
    cluster.world.put_pod(make_pod("a", image="x:v1-neverready", ready=False))
    cluster.world.put_pod(
        make_pod("b", image="x:v1-imagepull", ready=False, waiting="ImagePullBackOff", phase="Pending")
    )
    cluster.world.put_pod(make_pod("c", ready=False))
    cluster.wait(3)
    assert cluster.sent == []


def test_an_override_changes_the_status_and_dropping_it_repairs_it(make_pod: MakePod) -> None:
    cluster = Cluster()
    cluster.world.put_pod(make_pod("a", "web"))
    cluster.world.put_override(Override(behaviour_named("neverready"), app="web"))
    cluster.wait(0.2)
    assert not cluster.pod().ready
    cluster.world.drop_override(None)
    cluster.wait(0.2)
    assert cluster.pod().ready
    # From here on the pod is its own again: nobody fights a test that makes it unready.
    cluster.world.put_pod(make_pod("a", "web", ready=False))
    cluster.wait(3)
    assert not cluster.pod().ready
    assert len(cluster.sent) == 2


def test_a_healthy_override_makes_a_pod_ready_that_its_tag_keeps_back(make_pod: MakePod) -> None:
    cluster = Cluster()
    cluster.world.put_override(Override(behaviour_named("healthy"), tag="v1-imagepull"))
    cluster.world.put_pod(
        make_pod("a", image="x:v1-imagepull", ready=False, waiting="ImagePullBackOff", phase="Pending")
    )
    cluster.wait(0.2)
    assert cluster.pod().ready
    assert cluster.pod().phase == "Running"
    assert cluster.world.pods[("ns", "a")].running


def test_a_crash_override_that_ends_while_the_pod_is_down_starts_it(make_pod: MakePod) -> None:
    cluster = Cluster()
    cluster.world.put_pod(make_pod("a", "web"))
    cluster.world.put_override(Override(behaviour_named("crash"), app="web"))
    cluster.wait(6)
    assert not cluster.pod().ready
    cluster.world.drop_override(None)
    assert cluster.world.pods[("ns", "a")].running
    cluster.wait(0.2)
    assert cluster.pod().ready


def test_a_patch_that_does_not_come_back_is_sent_again_but_not_at_once(make_pod: MakePod) -> None:
    cluster = Cluster()
    cluster.echo = False
    cluster.world.put_pod(make_pod("a", image="x:v1-neverready"))
    cluster.wait(1.9)
    assert len(cluster.sent) == 1
    cluster.wait(0.5)
    assert len(cluster.sent) == 2
