# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The comparison with the architecture finds what it should, in both directions."""

from __future__ import annotations

import base64
from typing import Any

from tests.seed.comparison import ABSENT, Difference, Expected, compare, expected

WANTED: dict[str, Any] = {
    "kind": "Service",
    "metadata": {"name": "one", "namespace": "a", "labels": {"app.kubernetes.io/name": "x"}},
    "spec": {"ports": [{"name": "http", "port": 80}, {"port": 81}], "type": "ClusterIP"},
}


def live(**spec: object) -> dict[str, Any]:
    """Return a live object with another namespace, other order and more fields."""
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}, {"name": "more", "port": 81}]
    whole = {"ports": ports, "type": "ClusterIP", "clusterIP": "10.0.0.1", **spec}
    return {
        "kind": "Service",
        "metadata": {"name": "one", "namespace": "b", "labels": {"app.kubernetes.io/name": "x", "y": "z"}},
        "spec": whole,
    }


def problems(found: dict[str, Any] | None, **differences: Difference) -> list[str]:
    """Return the sentences for an object."""
    named = {path.replace("__", "."): difference for path, difference in differences.items()}
    return compare(Expected(WANTED, "Service/one", named), found, {})


def test_what_is_there_with_its_value_is_right() -> None:
    assert problems(live()) == []


def test_what_is_missing_or_different_is_named() -> None:
    assert problems(None) == ["Service/one: there is no Service/one"]
    assert problems(live(type="NodePort")) == ["Service/one: spec.type is 'NodePort', not 'ClusterIP'"]
    assert problems(live(ports=[{"name": "http", "port": 8}])) == [
        "Service/one: spec.ports[http].port is 8, not 80",
        f"Service/one: spec.ports[1].port is {ABSENT!r}, not 81",
    ]


def test_a_listed_difference_has_to_be_one_and_to_be_true() -> None:
    node = Difference("NodePort", "why")
    assert problems(live(type="NodePort"), spec__type=node) == []
    assert problems(live(type="Other"), spec__type=node) == [
        "Service/one: spec.type is 'Other', not 'NodePort' as differences.yml says"
    ]
    assert problems(live(), spec__type=Difference("ClusterIP", "why")) == [
        "Service/one: differences.yml names spec.type, but it is what the architecture asks for"
    ]
    assert problems(live(), spec__kind=Difference(ABSENT, "why")) == [
        "Service/one: differences.yml names spec.kind, which the architecture does not have"
    ]


def test_secrets_are_compared_as_texts_with_their_placeholders_filled_in() -> None:
    wanted = {"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"URL": "x://${P}@h"}}
    data = {"URL": base64.b64encode(b"x://hunter2@h").decode()}
    found = {"kind": "Secret", "metadata": {"name": "s"}, "data": data}
    assert compare(Expected(wanted, "Secret/s"), found, {"P": "hunter2"}) == []
    assert compare(Expected(wanted, "Secret/s"), found, {"P": "hunter3"}) != []


def test_every_listed_difference_has_a_reason() -> None:
    found = [difference for one in expected() for difference in one.differences.values()]
    assert len(expected()) == 23
    assert found
    assert all(len(difference.why.split()) > 4 for difference in found)


def test_quantities_are_compared_by_what_they_amount_to() -> None:
    wanted = Expected({**WANTED, "spec": {"cpu": "1000m", "memory": "1Gi"}}, "Service/one")
    assert compare(wanted, {**live(cpu="1", memory="1024Mi")}, {}) == []
    assert compare(wanted, {**live(cpu="10m", memory="1G")}, {}) == [
        "Service/one: spec.cpu is '10m', not '1000m'",
        "Service/one: spec.memory is '1G', not '1Gi'",
    ]


def test_rules_are_compared_by_resource() -> None:
    rules = [{"apiGroups": [""], "resources": [name], "verbs": ["get", "list"]} for name in ("pods", "secrets")]
    wanted = Expected({"kind": "Role", "metadata": {"name": "one"}, "rules": rules}, "Role/one")
    grouped = [{"apiGroups": [""], "resources": ["secrets", "pods"], "verbs": ["list", "get"]}]
    assert compare(wanted, {"kind": "Role", "metadata": {}, "rules": grouped}, {}) == []
    less = [{**grouped[0], "resources": ["pods"]}, {**grouped[0], "resources": ["secrets"], "verbs": ["get"]}]
    assert compare(wanted, {"kind": "Role", "metadata": {}, "rules": less}, {}) == [
        f"Role/one: rules[secrets].verbs[1] is {ABSENT!r}, not 'list'"
    ]


def test_a_number_that_is_set_at_run_time_has_limits() -> None:
    wanted = Expected(
        {**WANTED, "spec": {"replicas": 3}}, "Service/one", {"spec.replicas": Difference({"between": [2, 4]}, "why")}
    )
    assert compare(wanted, live(replicas=4), {}) == []
    assert compare(wanted, live(replicas=5), {}) == ["Service/one: spec.replicas is 5, not between 2 and 4"]
    assert compare(wanted, live(), {}) == ["Service/one: spec.replicas is 'absent', not between 2 and 4"]
