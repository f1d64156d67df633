# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which fields of an object differ."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.changes import changed_fields


def pod(*containers: Any) -> Any:
    return {"spec": {"template": {"spec": {"containers": list(containers)}}}}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 1}}, ["a.b"]),
        ({"a": {}}, {"a": {"b": {"c": 1}}}, ["a.b"]),
        ({"a": {"b": 1}}, {}, ["a"]),
        ({}, {"a": {"b": 1}}, ["a"]),
        ({"a": {"b": 1}}, {"a": None}, ["a"]),
        ({"data": {"tls.crt": "x"}}, {"data": {"tls.crt": "y"}}, ["data[tls.crt]"]),
        ({"x.y": 1}, {"x.y": 2}, ["[x.y]"]),
        (
            pod({"name": "api", "image": "i:1"}, {"name": "proxy", "image": "p:1"}),
            pod({"name": "api", "image": "i:2"}, {"name": "proxy", "image": "p:1"}),
            ["spec.template.spec.containers[api].image"],
        ),
        (
            pod({"name": "api"}, {"name": "old", "image": "x"}),
            pod({"name": "api"}, {"name": "new", "image": "x"}),
            ["spec.template.spec.containers[old]", "spec.template.spec.containers[new]"],
        ),
        (pod({"name": "a"}, {"name": "b"}), pod({"name": "b"}, {"name": "a"}), ["spec.template.spec.containers"]),
        ({"rules": [{"host": "a"}, {"host": "b"}]}, {"rules": [{"host": "a"}, {"host": "c"}]}, ["rules[1].host"]),
        ({"rules": [{"host": "a"}]}, {"rules": [{"host": "a"}, {"host": "b"}]}, ["rules"]),
        ({"env": []}, {"env": [{"name": "A"}]}, ["env"]),
        ({"verbs": ["get", "list"]}, {"verbs": ["get", "watch"]}, ["verbs[1]"]),
        # Two of one name cannot be told apart by it.
        (
            {"ports": [{"name": "dns", "port": 53}, {"name": "dns", "port": 53}]},
            {"ports": [{"name": "dns", "port": 53}, {"name": "dns", "port": 54}]},
            ["ports[1].port"],
        ),
        ({"a": 1}, {"a": "1"}, ["a"]),
    ],
)
def test_the_paths_of_what_changed(before: Any, after: Any, expected: list[str]) -> None:
    assert changed_fields(before, after) == expected
