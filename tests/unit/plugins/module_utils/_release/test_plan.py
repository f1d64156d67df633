# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands in the way of a release, and what a rollback takes back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._release.plan import (
    Target,
    current_images,
    obstacles,
    release_name,
    rollback_waves,
    shortfalls,
)

WANTED = {"web": Target("tradesense-web", "tradesense/web:v2")}


def live(version: str = "v1", **given: Any) -> dict[str, Any]:
    usual = {
        "phase": "Healthy",
        "message": "",
        "revision": 3,
        "in_flight": False,
        "aborted": False,
        "current_hash": "new",
        "release": "",
        "revisions": [
            {"hash": "new", "images": [f"tradesense/web:{version}", "mesh/proxy:v9"]},
            {"hash": "old", "images": ["tradesense/web:v0"]},
        ],
    }
    return {**usual, **given}


def in_flight(version: str, **given: Any) -> dict[str, Any]:
    return live(version, in_flight=True, phase="Paused", message="CanaryPauseStep", **given)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (live("v1"), ""),
        (live("v2"), ""),
        # The same release again: this run resumes it.
        (in_flight("v2"), ""),
        # The new template takes the place of an aborted one.
        (in_flight("v3", aborted=True), ""),
        (in_flight("v3"), "another release is in flight (revision 3 with tradesense/web:v3, mesh/proxy:v9, Paused"),
    ],
)
def test_what_stands_in_the_way(found: dict[str, Any], expected: str) -> None:
    sentences = obstacles({"tradesense-web": found}, WANTED)
    assert bool(sentences) == bool(expected)
    assert all(sentence.startswith("web: ") and expected in sentence for sentence in sentences)


def test_what_the_guard_took_back_is_released_again_only_on_purpose() -> None:
    found = live("v1")
    found["revisions"].append({"hash": "bad", "revision": 4, "images": ["tradesense/web:v2"], "banned": True})
    (sentence,) = obstacles({"tradesense-web": found}, WANTED)
    assert "the guard took tradesense/web:v2 back before (revision 4, bad)" in sentence
    assert obstacles({"tradesense-web": found}, WANTED, again=True) == []
    by_hand = live("v2")
    by_hand["revisions"].append(found["revisions"][-1])
    assert obstacles({"tradesense-web": by_hand}, WANTED) == []


def test_a_service_that_does_not_exist_is_in_the_way() -> None:
    assert obstacles({}, WANTED) == ["web: tradesense-web does not exist; provision it first"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (live("v2"), []),
        (live("v1"), ["web runs tradesense/web:v1, mesh/proxy:v9 instead of tradesense/web:v2"]),
        (in_flight("v2"), ["web is Paused CanaryPauseStep"]),
        (live("v2", in_flight=True), ["web is Healthy"]),
        (live("v2", phase="Degraded", message="no pods"), ["web is Degraded no pods"]),
    ],
)
def test_what_a_release_did_not_reach(found: dict[str, Any], expected: list[str]) -> None:
    assert shortfalls({"tradesense-web": found}, WANTED) == expected


def test_a_workload_that_is_gone_is_a_shortfall() -> None:
    assert shortfalls({}, WANTED) == ["web: tradesense-web does not exist"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (in_flight("v2", release="r1"), "r1"),
        (in_flight("v2", release="r1 rolled-back"), "r9"),
        (in_flight("v3", release="r1"), "r9"),
        (live("v2", release="r1"), "r9"),
        (in_flight("v2"), "r9"),
    ],
)
def test_a_release_in_flight_is_resumed_under_its_name(found: dict[str, Any], expected: str) -> None:
    assert release_name({"tradesense-web": found}, WANTED, "r9") == expected


def test_a_new_release_gets_the_new_name() -> None:
    assert release_name({}, WANTED, "r9") == "r9"
    assert current_images({"revisions": None, "current_hash": "x"}) == []


WAVES = [["a"], ["b", "c"], ["d"]]


@pytest.mark.parametrize(
    ("rollouts", "given", "expected"),
    [
        ({"a": live(release="r1"), "b": live(release="r2"), "d": live(release="r2")}, {}, [["d"], ["b"]]),
        # Half a release must never stay: what is in flight or aborted goes too, whoever released it.
        ({"a": in_flight("v2"), "b": live(release="r2")}, {}, [["b"], ["a"]]),
        ({"a": live(release="r1", aborted=True), "c": live(release="r2")}, {}, [["c"], ["a"]]),
        # Taken back already: a second call must not go further back.
        ({"a": live(release="r1"), "b": live(release="r2 rolled-back")}, {}, []),
        # Taken back in part: the rest of it.
        ({"b": live(release="r2 rolled-back"), "c": live(release="r2")}, {}, [["c"]]),
        ({"a": live(release="r1"), "b": live(release="r2")}, {"release": "r1"}, [["a"]]),
        ({"a": live(release="r1")}, {"release": "unknown"}, []),
        ({"a": live(), "b": live()}, {"names": ["b", "a"]}, [["b"], ["a"]]),
        ({"z": in_flight("v2"), "d": in_flight("v2")}, {}, [["z"], ["d"]]),
        ({"a": live(), "b": live()}, {}, []),
        ({}, {}, []),
    ],
)
def test_what_a_rollback_takes_back(rollouts: dict[str, Any], given: dict[str, Any], expected: list[list[str]]) -> None:
    assert rollback_waves(rollouts, WAVES, **given) == expected
