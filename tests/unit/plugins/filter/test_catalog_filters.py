# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The filters: one readable line for a mistake, and documentation that matches the functions."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

NAMES = ("analysis_settings", "catalog", "guard_policy", "release_versions", "release_waves")


def load(name: str) -> tuple[Any, Callable[..., Any]]:
    """Return the file of a filter and the filter."""
    module = importlib.import_module(f"ansible_collections.tradesense.delivery.plugins.filter.{name}")
    return module, module.FilterModule().filters()[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_names_the_parameters_in_their_order(name: str) -> None:
    module, function = load(name)
    documentation = yaml.safe_load(module.DOCUMENTATION)
    parameters = list(inspect.signature(function).parameters)[1:]
    assert documentation["name"] == name
    assert [option for option in documentation["options"] if option != "_input"] == parameters
    positional = documentation["positional"].split(", ")
    assert parameters[: len(positional)] == positional


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_one_readable_line(name: str) -> None:
    _module, function = load(name)
    with pytest.raises(AnsibleFilterError) as error:
        function(["no catalog"])
    assert "tradesense_" in str(error.value)
    assert "\n" not in str(error.value)


def test_answers_are_plain_data() -> None:
    entry = {"image": "tradesense/user-service", "version": "v2.7.0", "strategy": "rolling"}
    _, catalog = load("catalog")
    _, versions = load("release_versions")
    _, waves = load("release_waves")
    assert catalog({"user-service": entry}, {"user-service": {"replicas": 2}})["user-service"]["replicas"] == 2
    assert versions({"user-service": entry}, "v2.8.0") == {"user-service": "v2.8.0"}
    assert waves({"user-service": entry}) == [["user-service"]]


def test_what_a_service_comes_after_need_not_be_selected() -> None:
    _module, problem = load("catalog_problem")
    services = {
        "users": {"image": "tradesense/users", "version": "v1", "strategy": "rolling"},
        "api": {"image": "tradesense/api", "version": "v1", "strategy": "rolling", "after": ["users"]},
    }
    assert problem(services, selected=["api"]) == ""
    assert "has no service 'web'" in problem(services, selected=["web"])
    assert "api.after[0]" in problem({"api": services["api"]}, selected=["api"])
