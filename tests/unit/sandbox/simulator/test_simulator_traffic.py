# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from random import Random

import pytest

from sandbox.simulator.records import CanaryRule
from sandbox.simulator.routing import (
    Branch,
    PodIndex,
    canary_choice,
    entry_points,
    marked_headers,
    weight_share,
)
from sandbox.simulator.traffic import Route, route_of, split
from tests.unit.sandbox.simulator.simulator_builders import MakeIngress, MakePod, MakeService

RULE = CanaryRule(header="X-Canary", header_value="yes", cookie="canary", weight=30)


def totals(routes: list[Route[str]], rounds: int = 400, batch: int = 25) -> tuple[dict[str, int], int]:
    rng = Random(11)
    found: dict[str, int] = {}
    unserved = 0
    for _ in range(rounds):
        shares, lost = split(rng, batch, routes)
        unserved += lost
        for pod, count in shares:
            found[pod] = found.get(pod, 0) + count
        assert sum(count for _, count in shares) + lost == batch
    return found, unserved


class TestEntryPoints:
    def test_an_ingress_takes_load_and_its_services_do_not(
        self, make_ingress: MakeIngress, make_service: MakeService
    ) -> None:
        found = entry_points(
            [make_ingress("web", "active")], [make_service("active", app="x"), make_service("p", app="x")]
        )
        assert [(e.kind, e.name) for e in found] == [("Ingress", "web"), ("Service", "p")]

    def test_a_canary_ingress_is_no_entry_point_and_its_service_gets_no_direct_load(
        self, make_ingress: MakeIngress, make_service: MakeService
    ) -> None:
        found = entry_points(
            [make_ingress("web", "stable"), make_ingress("web-canary", "canary", canary=RULE)],
            [make_service("stable", app="x"), make_service("canary", app="x")],
        )
        assert [(e.kind, e.name) for e in found] == [("Ingress", "web")]
        assert found[0].branches == (Branch("stable", "canary", RULE),)

    @pytest.mark.parametrize(
        "other",
        [{"host": "b.example"}, {"namespace": "elsewhere"}],
        ids=["another host", "another namespace"],
    )
    def test_a_canary_of_another_host_or_namespace_changes_nothing(
        self, make_ingress: MakeIngress, other: dict[str, str]
    ) -> None:
        found = entry_points([make_ingress("web", "s"), make_ingress("c", "k", canary=RULE, **other)], [])
        assert found[0].branches == (Branch("s"),)

    def test_a_canary_covers_only_the_paths_it_names(self, make_ingress: MakeIngress) -> None:
        found = entry_points([make_ingress("web", "a", "b"), make_ingress("c", "k", canary=RULE)], [])
        assert found[0].branches == (Branch("a", "k", RULE), Branch("b"))

    def test_the_first_of_two_canaries_counts(self, make_ingress: MakeIngress) -> None:
        other = CanaryRule(weight=99)
        found = entry_points(
            [make_ingress("web", "s"), make_ingress("c2", "k2", canary=other), make_ingress("c1", "k1", canary=RULE)],
            [],
        )
        assert found[0].branches == (Branch("s", "k1", RULE),)

    def test_system_services_and_those_without_a_selector_take_no_load(self, make_service: MakeService) -> None:
        services = [
            make_service("kubernetes", namespace="default", app="x"),
            make_service("dns", namespace="kube-system", app="x"),
            make_service("external"),
            make_service("mine", namespace="default", app="x"),
        ]
        assert [e.name for e in entry_points([], services)] == ["mine"]

    def test_the_same_name_in_another_namespace_is_another_service(
        self, make_ingress: MakeIngress, make_service: MakeService
    ) -> None:
        found = entry_points([make_ingress("web", "s")], [make_service("s", namespace="other", app="x")])
        assert [(e.namespace, e.kind) for e in found] == [("ns", "Ingress"), ("other", "Service")]


class TestCanaryChoice:
    """ingress-nginx: header, then cookie, then weight."""

    @pytest.mark.parametrize(
        ("headers", "cookies", "choice"),
        [
            ({}, {}, None),
            ({"X-Canary": "yes"}, {}, True),
            ({"X-Canary": "yes"}, {"canary": "never"}, True),
            ({"X-Canary": "no"}, {}, None),
            ({"X-Canary": "always"}, {}, None),
            ({"X-Canary": "never"}, {}, None),
            ({"X-Canary": "never"}, {"canary": "always"}, True),
            ({}, {"canary": "always"}, True),
            ({}, {"canary": "never"}, False),
            ({}, {"canary": "maybe"}, None),
            ({"Other": "yes"}, {}, None),
        ],
    )
    def test_with_a_header_value(self, headers: dict[str, str], cookies: dict[str, str], choice: bool | None) -> None:
        assert canary_choice(RULE, headers, cookies) is choice

    @pytest.mark.parametrize(("value", "choice"), [("always", True), ("never", False), ("yes", None)])
    def test_without_a_header_value(self, value: str, choice: bool | None) -> None:
        rule = CanaryRule(header="X-Canary", cookie="canary", weight=50)
        assert canary_choice(rule, {"X-Canary": value}, {}) is choice
        if choice is not None:
            assert canary_choice(rule, {"X-Canary": value}, {"canary": "always"}) is choice

    def test_a_pattern_counts_only_without_a_value(self) -> None:
        pattern = CanaryRule(header="H", header_pattern="^be")
        assert canary_choice(pattern, {"H": "beta"}, {}) is True
        assert canary_choice(pattern, {"H": "always"}, {}) is None
        both = CanaryRule(header="H", header_value="x", header_pattern="^be")
        assert canary_choice(both, {"H": "beta"}, {}) is None
        assert canary_choice(CanaryRule(header="H", header_pattern="["), {"H": "["}, {}) is None

    def test_the_headers_of_users_who_ask_for_the_canary(self) -> None:
        assert marked_headers(RULE) == {"X-Canary": "yes"}
        assert marked_headers(CanaryRule(header="H")) == {"H": "always"}
        assert marked_headers(CanaryRule(weight=5)) == {}

    def test_weight_share(self) -> None:
        assert weight_share(CanaryRule(weight=30)) == 0.3
        assert weight_share(CanaryRule(weight=30, weight_total=1000)) == 0.03
        assert weight_share(CanaryRule(weight=200)) == 1.0
        assert weight_share(CanaryRule()) == 0.0


class TestPodIndex:
    def test_only_ready_pods_that_stay_take_requests(self, make_pod: MakePod, make_service: MakeService) -> None:
        index = PodIndex([make_pod("b"), make_pod("a"), make_pod("c", ready=False), make_pod("d", terminating=True)])
        assert [pod.name for pod in index.behind(make_service("s", app="tradesense-web"))] == ["a", "b"]

    def test_blue_green_selectors_tell_active_from_preview(self, make_pod: MakePod, make_service: MakeService) -> None:
        index = PodIndex(
            [make_pod("old", hash="old"), make_pod("new", hash="new"), make_pod("x", app="other", hash="new")]
        )
        active = make_service("active", app="tradesense-web", rollouts_pod_template_hash="old")
        preview = make_service("preview", app="tradesense-web", rollouts_pod_template_hash="new")
        assert [pod.name for pod in index.behind(active)] == ["old"]
        assert [pod.name for pod in index.behind(preview)] == ["new"]

    def test_nothing_is_behind_a_missing_service_another_namespace_or_no_selector(
        self, make_pod: MakePod, make_service: MakeService
    ) -> None:
        index = PodIndex([make_pod("a")])
        assert index.behind(None) == []
        assert index.behind(make_service("s")) == []
        assert index.behind(make_service("s", namespace="other", app="tradesense-web")) == []


class TestSplit:
    def test_requests_are_spread_evenly_over_pods(self) -> None:
        found, unserved = totals([Route(["a", "b", "c", "d"])])
        assert unserved == 0
        assert [found[pod] for pod in "abcd"] == pytest.approx([2500] * 4, rel=0.06)

    def test_several_paths_share_the_load_evenly(self) -> None:
        found, _ = totals([Route(["a"]), Route(["b", "c"])])
        assert found["a"] == pytest.approx(5000, rel=0.05)
        assert found["b"] == pytest.approx(2500, rel=0.06)

    def test_without_a_ready_pod_requests_are_unserved(self) -> None:
        assert totals([Route([])]) == ({}, 10_000)

    def test_only_the_path_without_pods_is_unserved(self) -> None:
        found, unserved = totals([Route(["a"]), Route([])])
        assert found["a"] + unserved == 10_000
        assert unserved == pytest.approx(5000, rel=0.05)

    @pytest.mark.parametrize("weight", [0, 1, 10, 60, 100])
    def test_the_weight_decides_the_canary_share(self, weight: int) -> None:
        branch = Branch("s", "c", CanaryRule(weight=weight))
        found, _ = totals([route_of(branch, ["s1", "s2"], ["c1"], header_share=0.5)], rounds=2000)
        expected = 50_000 * weight / 100
        assert found.get("c1", 0) == pytest.approx(expected, abs=5 * (expected * (1 - weight / 100)) ** 0.5)
        if weight == 100:
            assert "s1" not in found

    def test_a_weight_total_makes_finer_steps(self) -> None:
        branch = Branch("s", "c", CanaryRule(weight=5, weight_total=1000))
        found, _ = totals([route_of(branch, ["s1"], ["c1"], 0.0)], rounds=4000)
        assert found["c1"] == pytest.approx(500, rel=0.2)

    def test_marked_requests_go_to_the_canary_at_weight_zero(self) -> None:
        branch = Branch("s", "c", CanaryRule(header="X", header_value="yes", weight=0))
        found, _ = totals([route_of(branch, ["s1"], ["c1"], 0.02)], rounds=4000)
        assert found["c1"] == pytest.approx(2000, rel=0.12)

    def test_header_and_weight_add_up(self) -> None:
        branch = Branch("s", "c", CanaryRule(header="X", weight=10))
        found, _ = totals([route_of(branch, ["s1"], ["c1"], 0.2)], rounds=4000)
        assert found["c1"] == pytest.approx(100_000 * (0.2 + 0.8 * 0.1), rel=0.03)

    def test_a_canary_without_ready_pods_leaves_everything_to_the_stable_pods(self) -> None:
        branch = Branch("s", "c", CanaryRule(header="X", weight=100))
        assert totals([route_of(branch, ["s1"], [], 0.5)]) == ({"s1": 10_000}, 0)

    def test_without_stable_pods_even_the_canary_gets_nothing(self) -> None:
        branch = Branch("s", "c", CanaryRule(header="X", weight=100))
        no_pods: list[str] = []
        assert totals([route_of(branch, no_pods, ["c1"], 0.5)]) == ({}, 10_000)
