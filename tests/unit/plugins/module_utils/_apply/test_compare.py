# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether an object already says what a manifest says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.compare import covers, spelled_as

from tests.unit.plugins.builders import laid_over, template


def resources(cpu: Any, memory: Any = "1Gi") -> dict[str, Any]:
    return {"resources": {"limits": {"cpu": cpu, "memory": memory}}}


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        ({"a": 1, "added": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": 1}, False),
        ({}, {"a": None}, True),
        ({}, {"a": ""}, True),
        ({}, {"a": []}, True),
        # Absent and false are not the same: an absent automountServiceAccountToken means true.
        ({}, {"a": False}, False),
        ({}, {"a": 0}, False),
        ({"a": "b"}, {"a": {"b": 1}}, False),
        ({"a": {"b": 1}}, {"a": "b"}, False),
        ({"a": None}, {"a": [1]}, False),
    ],
)
def test_what_the_server_added_does_not_matter(live: Any, wanted: Any, expected: bool) -> None:
    assert covers(live, wanted) is expected


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        ([{"name": "a"}, {"name": "b", "x": 1}], [{"name": "b"}], True),
        ([{"name": "b"}, {"name": "a"}], [{"name": "a"}, {"name": "b"}], True),
        ([{"name": "a", "value": "1"}], [{"name": "a", "value": "2"}], False),
        ([{"name": "a"}], [{"name": "b"}], False),
        ([1, 2], [1, 2], True),
        ([1, 2], [2, 1], False),
        ([1, 2], [1], False),
        ([{"key": "a"}], [{"key": "a"}], True),
        (None, [{"name": "a"}], False),
    ],
)
def test_named_things_are_compared_by_name_and_others_as_they_stand(live: Any, wanted: Any, expected: bool) -> None:
    assert covers(live, wanted) is expected


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        ("1", "1000m", True),
        ("1", 1, True),
        ("500m", 0.5, True),
        ("1Gi", "1024Mi", True),
        ("1G", "1000M", True),
        ("1Gi", "1G", False),
        ("2", "1000m", False),
        ("abc", "1", False),
        ("Gi", "Gi", True),
        ("1Qi", "1", False),
        ("1", True, False),
        (None, "1", False),
    ],
)
def test_quantities_are_compared_by_value(live: Any, wanted: Any, expected: bool) -> None:
    """The server stores 1000m as 1: a release would be pending for ever."""
    assert covers(resources(live), resources(wanted)) is expected
    assert covers({"emptyDir": {"sizeLimit": live}}, {"emptyDir": {"sizeLimit": wanted}}) is expected


@pytest.mark.parametrize(("live", "wanted"), [("2.1", "2.10"), ("1000", "1k"), ("1", "1.0"), ("5", "5000m")])
def test_texts_that_are_no_quantities_are_not_compared_as_such(live: str, wanted: str) -> None:
    """A label version 2.10 after 2.1, or a changed setting, would never go out."""
    labels = ({"labels": {"version": live}}, {"labels": {"version": wanted}})
    env = ({"env": [{"name": "A", "value": live}]}, {"env": [{"name": "A", "value": wanted}]})
    for there, sent in (labels, env):
        assert not covers(there, sent)
        assert spelled_as(there, sent) == sent


def test_quantities_are_sent_as_the_server_spells_them() -> None:
    """Another spelling of the same would be a conflict with the controller about nothing."""
    live = template("v2.7.0", {"spec": {"containers": [{"name": "c", **resources("1", "1Gi"), "image": "a:v1"}]}})
    wanted = template("v2.8.0", {"spec": {"containers": [{"name": "c", **resources("1000m", "2Gi"), "image": "a:v2"}]}})
    sent = spelled_as(live, wanted)
    assert sent["spec"]["containers"] == [{"name": "c", **resources("1", "2Gi"), "image": "a:v2"}]
    assert sent["metadata"]["labels"]["version"] == "v2.8.0"


def test_what_is_not_live_is_sent_as_it_is_wanted() -> None:
    assert spelled_as(None, {"limits": {"cpu": "1000m"}}) == {"limits": {"cpu": "1000m"}}
    assert spelled_as([], [{"name": "a", "limits": {"cpu": "1000m"}}]) == [{"name": "a", "limits": {"cpu": "1000m"}}]
    assert spelled_as(["1"], ["1000m"]) == ["1000m"]


def test_the_whole_template_of_the_server_covers_the_manifest() -> None:
    live = laid_over(template(), {"spec": {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst"}})
    live["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "0.5"
    live["spec"]["containers"][0]["terminationMessagePath"] = "/dev/termination-log"
    assert covers(live, template())
    assert not covers(template(), live)
