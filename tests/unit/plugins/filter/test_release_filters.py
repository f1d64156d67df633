# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The filters of release and rollback: readable lines for mistakes, and documentation that matches the functions."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

NAMES = ("release_migrations", "release_obstacles", "release_shortfalls", "release_name", "rollback_waves")
MORE: dict[str, tuple[Any, ...]] = {"release_name": ("r9",)}

CATALOG = {
    "user-service": {
        "name": "tradesense-user-service",
        "image": "tradesense/user-service",
        "version": "v2",
        "after": [],
        "migrations": {"command": ["migrate"]},
    },
    "api-gateway": {
        "name": "tradesense-api-gateway",
        "image": "tradesense/api-gateway",
        "version": "v2",
        "after": ["user-service"],
        "migrations": None,
    },
}


def load(name: str) -> tuple[Any, Callable[..., Any]]:
    """Return the file of a filter and the filter."""
    module = importlib.import_module(f"ansible_collections.tradesense.delivery.plugins.filter.{name}")
    return module, module.FilterModule().filters()[name]


def live(service: str, version: str, **given: Any) -> dict[str, Any]:
    usual = {"phase": "Healthy", "message": "", "revision": 3, "in_flight": False, "aborted": False, "release": ""}
    revisions = [{"hash": "h", "images": [f"tradesense/{service}:{version}"]}]
    return {**usual, "current_hash": "h", "revisions": revisions, **given}


def both(version: str, **given: Any) -> dict[str, Any]:
    return {f"tradesense-{service}": live(service, version, **given) for service in CATALOG}


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_names_the_parameters_in_their_order(name: str) -> None:
    module, function = load(name)
    documentation = yaml.safe_load(module.DOCUMENTATION)
    parameters = list(inspect.signature(function).parameters)[1:]
    assert documentation["name"] == name
    assert [option for option in documentation["options"] if option != "_input"] == parameters
    positional = documentation["positional"].split(", ")
    assert parameters[: len(positional)] == positional
    returned = yaml.safe_load(module.RETURN)["_value"]
    assert {"description", "type", "sample"} <= set(returned)
    [example] = yaml.safe_load(module.EXAMPLES)
    assert f"tradesense.delivery.{name}" in str(example)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("rollouts", "catalog"),
    [
        ([], ["no catalog"]),
        ({}, {"api-gateway": {}}),
        ({"tradesense-user-service": "text", "tradesense-api-gateway": "text"}, CATALOG),
        (None, CATALOG),
    ],
)
def test_a_mistake_is_one_readable_line(name: str, rollouts: Any, catalog: Any) -> None:
    _module, function = load(name)
    with pytest.raises(AnsibleFilterError) as error:
        function(rollouts, catalog, *MORE.get(name, ()))
    assert len(str(error.value)) > 20
    assert "\n" not in str(error.value)


def test_obstacles_and_shortfalls_compare_names_and_images_of_the_catalog() -> None:
    _, obstacles = load("release_obstacles")
    _, shortfalls = load("release_shortfalls")
    assert obstacles(both("v1"), CATALOG) == []
    assert len(obstacles(both("v1", in_flight=True), CATALOG)) == 2
    assert len(obstacles({}, CATALOG)) == 2
    assert shortfalls(both("v2"), CATALOG) == []
    assert shortfalls(both("v1"), CATALOG)[0] == (
        "user-service runs tradesense/user-service:v1 instead of tradesense/user-service:v2"
    )


def test_a_release_keeps_its_name_when_it_is_resumed() -> None:
    _, release_name = load("release_name")
    assert release_name(both("v2", in_flight=True, release="r1"), CATALOG, "r9") == "r1"
    assert release_name(both("v1"), CATALOG, "r9") == "r9"


def test_a_rollback_goes_in_the_reverse_order_of_a_release() -> None:
    _, rollback_waves = load("rollback_waves")
    waves = [["tradesense-api-gateway"], ["tradesense-user-service"]]
    assert rollback_waves(both("v2", release="r1"), CATALOG) == waves
    assert rollback_waves(both("v2", release="r1 rolled-back"), CATALOG) == []
    assert rollback_waves(both("v2", release="r1"), CATALOG, release="r0") == []
    assert rollback_waves(both("v2"), CATALOG, services=["user-service"]) == [["tradesense-user-service"]]


def test_a_service_that_does_not_exist_cannot_be_taken_back() -> None:
    _, rollback_waves = load("rollback_waves")
    with pytest.raises(AnsibleFilterError, match="user-servise"):
        rollback_waves(both("v2"), CATALOG, services=["user-servise"])


def test_only_what_has_migrations_and_not_yet_the_image_is_migrated() -> None:
    function = load("release_migrations")[1]
    assert function(both("v1"), CATALOG) == ["user-service"]
    assert function(both("v2"), CATALOG) == []
    assert function({}, CATALOG) == ["user-service"]
