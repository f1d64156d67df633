# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which Service an Ingress leads to."""

from __future__ import annotations

import json

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._migration.routes import (
    Route,
    is_canary,
    restored,
    routes_of,
    service_of,
    switched,
    without,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import canary_ingress
from tests.unit.plugins.migrations import HOST, ingress

MAIN = {"service": {"name": "main", "port": {"number": 80}}}
ROUTE = Route(HOST, "/")


def backends(rules: list[Obj]) -> list[str]:
    return [service_of(backend) for _, backend in routes_of({"spec": {"rules": rules}})]


def test_routes() -> None:
    made = ingress("i", "old", paths=("/", "/api"))
    made["spec"]["rules"] += [
        {"host": "other.test"},
        {"http": {"paths": [{"backend": {"resource": {"kind": "Bucket"}}}]}},
    ]
    assert [str(route) for route, _ in routes_of(made)] == [f"{HOST}/", f"{HOST}/api", "*/"]
    assert service_of(routes_of(made)[2][1]) == ""
    assert routes_of({"metadata": {}, "spec": {}}) == []


def test_a_switch_changes_the_route_alone_and_can_be_taken_back() -> None:
    made = ingress("i", "old", paths=("/", "/api"), port=8000)
    rules, noted = switched(made, {ROUTE: MAIN}, ["old"])
    assert backends(rules) == ["main", "old"]
    assert backends(made["spec"]["rules"]) == ["old", "old"], "what was given stays as it is"
    assert json.loads(noted) == [
        {"host": HOST, "path": "/", "backend": {"service": {"name": "old", "port": {"number": 8000}}}}
    ]
    turned = {**made, "spec": {**made["spec"], "rules": rules}}
    assert restored(turned, noted, "main") == made["spec"]["rules"]
    assert switched(turned, {ROUTE: MAIN}, ["old"]) == (rules, "")


def test_what_goes_elsewhere_is_not_switched() -> None:
    made = ingress("i", "somebody-elses")
    assert switched(made, {ROUTE: MAIN}, ["old"]) == (made["spec"]["rules"], "")


def test_what_somebody_turned_meanwhile_is_not_taken_back() -> None:
    rules, noted = switched(ingress("i", "old"), {ROUTE: MAIN}, ["old"])
    turned = ingress("i", "third")
    assert rules != turned["spec"]["rules"]
    assert restored(turned, noted, "main") == turned["spec"]["rules"]


@pytest.mark.parametrize("noted", ["", "created", "{}", "[1]", '[{"host": "x"}]'])
def test_a_note_that_says_nothing_changes_nothing(noted: str) -> None:
    made = ingress("i", "main")
    assert restored(made, noted, "main") == made["spec"]["rules"]


def test_routes_are_taken_out() -> None:
    made = ingress("i", "old", paths=("/", "/api"))
    [rule] = without(made, {ROUTE})
    assert [path["path"] for path in rule["http"]["paths"]] == ["/api"]
    assert without(made, {ROUTE, Route(HOST, "/api")}) == []
    bare = {"spec": {"rules": [{"host": "bare.test"}]}}
    assert without(bare, {ROUTE}) == [{"host": "bare.test"}], "a rule without paths is the default backend's"


def test_a_canary_is_told_from_others() -> None:
    assert is_canary(canary_ingress(10))
    assert not is_canary(ingress("i", "old"))
    assert not is_canary(ingress("i", "old", annotations={"nginx.ingress.kubernetes.io/canary": "false"}))
