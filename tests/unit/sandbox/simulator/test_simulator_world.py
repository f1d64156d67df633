# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from random import Random

import pytest

from sandbox.simulator.behaviours import behaviour_named
from sandbox.simulator.engine import Engine
from sandbox.simulator.life import PodLife
from sandbox.simulator.records import CanaryRule
from sandbox.simulator.settings import Load, LoadRule, Override
from sandbox.simulator.world import World
from tests.unit.sandbox.simulator.simulator_builders import MakeIngress, MakePod, MakeService


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000_020.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World(Load(), clock)


def pass_time(world: World, clock: Clock, seconds: float, seed: int = 1) -> Engine:
    engine = Engine(world, Random(seed))
    engine.step(0.0)
    for _ in range(int(seconds * 4)):
        clock.now += 0.25
        engine.step(0.25)
    return engine


def life(world: World, name: str) -> PodLife:
    return world.pods[("ns", name)]


class TestTraffic:
    def test_the_rates_of_a_services_pods_add_up_to_its_load(
        self, world: World, clock: Clock, make_pod: MakePod, make_service: MakeService, make_ingress: MakeIngress
    ) -> None:
        world.put_pod(make_pod("a", "web"))
        world.put_pod(make_pod("b", "web"))
        world.put_service(make_service("web", app="web"))
        world.put_ingress(make_ingress("web", "web"))
        world.load.put(LoadRule(1000.0, namespace="ns"))
        pass_time(world, clock, 10)
        rates = [life(world, name).meter.rate(world.traffic_seconds) for name in ("a", "b")]
        assert sum(rates) == pytest.approx(1000, rel=0.05)
        assert rates[0] == pytest.approx(rates[1], rel=0.1)
        life(world, "a").restart(clock.now)
        assert life(world, "a").meter.rate(world.traffic_seconds) == 0

    def test_load_reaches_ready_pods_at_the_default_rates(
        self, world: World, clock: Clock, make_pod: MakePod, make_service: MakeService, make_ingress: MakeIngress
    ) -> None:
        world.put_pod(make_pod("a", "web"))
        world.put_pod(make_pod("b", "internal"))
        world.put_service(make_service("web", app="web"))
        world.put_service(make_service("internal", app="internal"))
        world.put_ingress(make_ingress("web", "web"))
        pass_time(world, clock, 100)
        assert life(world, "a").tally.requests == pytest.approx(10_000, rel=0.05)
        assert life(world, "b").tally.requests == pytest.approx(2_000, rel=0.1)

    def test_a_blue_green_switch_moves_all_traffic_and_preview_gets_smoke_tests(
        self, world: World, clock: Clock, make_pod: MakePod, make_service: MakeService, make_ingress: MakeIngress
    ) -> None:
        world.put_pod(make_pod("old", "web", hash="h1"))
        world.put_pod(make_pod("new", "web", hash="h2"))
        world.put_service(make_service("active", app="web", rollouts_pod_template_hash="h1"))
        world.put_service(make_service("preview", app="web", rollouts_pod_template_hash="h2"))
        world.put_ingress(make_ingress("web", "active"))
        engine = pass_time(world, clock, 20)
        assert life(world, "old").tally.requests == pytest.approx(2_000, rel=0.1)
        assert life(world, "new").tally.requests == pytest.approx(400, rel=0.2)
        world.reset()
        world.put_service(make_service("active", app="web", rollouts_pod_template_hash="h2"))
        engine.step(0.0)
        for _ in range(40):
            engine.step(0.25)
        assert life(world, "old").tally.requests == 0
        assert world.entries[("ns", "Ingress", "web")].by_hash.keys() == {"h2"}

    def test_a_canary_service_taken_from_the_stable_pods_counts_for_their_hash(
        self, world: World, clock: Clock, make_pod: MakePod, make_service: MakeService, make_ingress: MakeIngress
    ) -> None:
        world.put_pod(make_pod("old", "web", hash="h1"))
        for name in ("stable", "canary"):
            world.put_service(make_service(name, app="web", rollouts_pod_template_hash="h1"))
        world.put_ingress(make_ingress("web", "stable"))
        world.put_ingress(make_ingress("web-canary", "canary", canary=CanaryRule(header="X", weight=0)))
        pass_time(world, clock, 20)
        tally = world.entries[("ns", "Ingress", "web")]
        assert tally.by_hash == {"h1": tally.served}
        assert tally.unserved == 0

    def test_no_ready_pod_is_unserved_until_one_is_ready(
        self, world: World, clock: Clock, make_pod: MakePod, make_service: MakeService
    ) -> None:
        world.put_pod(make_pod("a", "web", ready=False))
        world.put_service(make_service("web", app="web"))
        engine = pass_time(world, clock, 10)
        tally = world.entries[("ns", "Service", "web")]
        assert (tally.served, tally.by_hash) == (0, {})
        assert tally.unserved == pytest.approx(200, rel=0.3)
        before = tally.unserved
        world.put_pod(make_pod("a", "web"))
        engine.step(0.0)
        engine.step(10.0)
        assert tally.unserved == before
        assert tally.served > 100

    def test_traffic_before_a_change_goes_the_old_way(
        self, world: World, make_pod: MakePod, make_service: MakeService
    ) -> None:
        world.put_pod(make_pod("a", "web"))
        world.put_service(make_service("web", app="web"))
        engine = Engine(world, Random(1))
        engine.step(0.0)
        world.drop_pod(make_pod("a", "web"))
        engine.step(5.0)
        assert world.gone["uid-ns-a"].tally.requests > 50
        engine.step(5.0)
        assert world.entries[("ns", "Service", "web")].unserved > 50

    def test_the_same_seed_gives_the_same_counts(
        self, clock: Clock, make_pod: MakePod, make_service: MakeService
    ) -> None:
        def run(seed: int) -> tuple[int, list[int]]:
            world = World(Load(), clock)
            world.put_pod(make_pod("a", "web"))
            world.put_service(make_service("web", app="web"))
            engine = Engine(world, Random(seed))
            for _ in range(40):
                engine.step(0.25)
            return life(world, "a").tally.requests, life(world, "a").counters.latency.counts

        assert run(3) == run(3)
        assert run(3) != run(4)

    def test_late_errors_count_from_the_moment_the_pod_turned_ready(
        self, world: World, clock: Clock, make_pod: MakePod, make_service: MakeService
    ) -> None:
        world.put_pod(make_pod("a", "web", image="x:v1-late50", ready=False))
        world.put_service(make_service("web", app="web"))
        clock.now += 100
        world.put_pod(make_pod("a", "web", image="x:v1-late50"))
        engine = pass_time(world, clock, 58)
        assert life(world, "a").tally.errors < 15
        world.reset()
        clock.now += 3
        engine.step(50.0)
        assert life(world, "a").tally.errors > 300


class TestPods:
    def test_a_new_pod_of_the_same_name_starts_at_zero_and_the_old_one_is_gone(
        self, world: World, clock: Clock, make_pod: MakePod, make_service: MakeService
    ) -> None:
        world.put_service(make_service("web", app="web"))
        world.put_pod(make_pod("a", "web", uid="one"))
        pass_time(world, clock, 10)
        assert life(world, "a").tally.requests > 0
        world.put_pod(make_pod("a", "web", uid="two"))
        assert life(world, "a").tally.requests == sum(life(world, "a").counters.requests.values()) == 0
        assert [(x.record.uid, x.gone) for x in world.lives()] == [("one", True), ("two", False)]

    def test_a_late_delete_of_the_old_pod_leaves_the_new_one_alone(self, world: World, make_pod: MakePod) -> None:
        world.put_pod(make_pod("a", uid="two"))
        world.drop_pod(make_pod("a", uid="one"))
        assert ("ns", "a") in world.pods

    def test_a_new_list_forgets_what_is_not_in_it(
        self, world: World, make_pod: MakePod, make_service: MakeService, make_ingress: MakeIngress
    ) -> None:
        world.put_pod(make_pod("a"))
        world.replace_pods([make_pod("b")])
        assert list(world.pods) == [("ns", "b")]
        assert world.gone["uid-ns-a"].gone
        world.put_service(make_service("s", app="x"))
        world.replace_services([])
        world.put_ingress(make_ingress("i", "s"))
        world.replace_ingresses([])
        assert not world.services
        assert not world.ingresses

    def test_a_pod_that_was_ready_before_the_simulator_started_is_not_late_anew(
        self, world: World, clock: Clock, make_pod: MakePod
    ) -> None:
        world.put_pod(make_pod("a", ready_at=clock.now - 500))
        assert life(world, "a").ready_since == clock.now - 500

    def test_reset_clears_the_ledger_but_not_the_metrics(
        self, world: World, clock: Clock, make_pod: MakePod, make_service: MakeService
    ) -> None:
        world.put_pod(make_pod("a", "web"))
        world.put_pod(make_pod("b", "web"))
        world.put_service(make_service("web", app="web"))
        engine = pass_time(world, clock, 10)
        world.drop_pod(make_pod("b", "web"))
        counted = sum(life(world, "a").counters.requests.values())
        world.reset()
        assert counted > 0
        assert [(x.record.name, x.tally.requests) for x in world.lives()] == [("a", 0)]
        assert sum(life(world, "a").counters.requests.values()) == counted
        engine.step(10.0)
        assert world.entries[("ns", "Service", "web")].served > 0

    def test_only_a_change_of_content_is_a_change(
        self, world: World, make_service: MakeService, make_ingress: MakeIngress
    ) -> None:
        world.put_service(make_service("s", app="x"))
        world.put_ingress(make_ingress("i", "s"))
        seen = world.revision
        world.put_service(make_service("s", app="x"))
        world.put_ingress(make_ingress("i", "s"))
        world.drop_service(make_service("other"))
        assert world.revision == seen
        assert not world.wait(seen, 0.01)
        world.touch()
        assert world.wait(seen, 0.01)


class TestOverrides:
    def test_the_last_override_wins_and_dropping_it_brings_the_tag_back(self, world: World, make_pod: MakePod) -> None:
        world.put_pod(make_pod("a", "web", image="x:v1-slow", hash="h1"))
        world.put_override(Override(behaviour_named("errors5"), tag="v1-slow"))
        assert life(world, "a").behaviour.name == "errors5"
        world.put_override(Override(behaviour_named("healthy"), app="web", hash="h1"))
        assert life(world, "a").behaviour.name == "healthy"
        assert world.drop_override(("", "", "", "web", "h1")) == 1
        assert life(world, "a").behaviour.name == "errors5"
        assert world.drop_override(None) == 1
        assert life(world, "a").behaviour.name == "slow"

    def test_an_override_holds_for_pods_that_come_later_and_for_no_others(
        self, world: World, make_pod: MakePod
    ) -> None:
        world.put_override(Override(behaviour_named("errors5"), app="web", hash="h2"))
        world.put_pod(make_pod("a", "web", hash="h1"))
        world.put_pod(make_pod("b", "web", hash="h2"))
        world.put_pod(make_pod("c", "other", hash="h2"))
        assert [life(world, name).behaviour.name for name in "abc"] == ["healthy", "errors5", "healthy"]


class TestLoad:
    def test_the_narrowest_rule_wins(self) -> None:
        load = Load()
        load.put(LoadRule(1.0, namespace="ns"))
        load.put(LoadRule(2.0, name="web"))
        load.put(LoadRule(3.0, name="web", namespace="ns"))
        load.put(LoadRule(4.0, name="web", namespace="ns", kind="Service"))
        assert load.rps("ns", "Service", "web") == 4.0
        assert load.rps("ns", "Ingress", "web") == 3.0
        assert load.rps("other", "Ingress", "web") == 2.0
        assert load.rps("ns", "Ingress", "x") == 1.0
        assert load.rps("other", "Ingress", "x") == 100.0
        assert load.rps("other", "Service", "x") == 20.0

    def test_a_rule_replaces_one_of_the_same_scope_and_can_be_dropped(self) -> None:
        load = Load()
        load.put(LoadRule(5.0, name="web"))
        load.put(LoadRule(7.0, name="web"))
        assert len(load.rules) == 1
        assert load.rps("ns", "Ingress", "web") == 7.0
        load.drop(LoadRule(0.0, name="web"))
        assert load.rps("ns", "Ingress", "web") == 100.0

    def test_defaults(self) -> None:
        load = Load()
        load.put(LoadRule(50.0))
        assert (load.ingress_rps, load.service_rps) == (50.0, 50.0)
        load.put(LoadRule(0.0, kind="Service"))
        assert (load.ingress_rps, load.service_rps) == (50.0, 0.0)
