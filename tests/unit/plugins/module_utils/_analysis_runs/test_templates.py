# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which templates a run is made of: nested ones too, each once, in Argo's order."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.templates import Ref, with_nested
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

# Name -> names it refers to; a ClusterAnalysisTemplate's name begins with a C.
Graph = dict[str, list[str]]


def ref(name: str) -> Ref:
    return Ref(name, name.startswith("C"))


def names(graph: Graph, *wanted: str) -> list[str]:
    read_before: list[Ref] = []

    def read(item: Ref, user: str) -> Obj:
        assert item not in read_before, "one request for each template"
        read_before.append(item)
        nested = [{"templateName": name, "clusterScope": name.startswith("C")} for name in graph[item.name]]
        assert item.cluster == item.name.startswith("C")
        return {"spec": {"templates": nested}} if nested else {"spec": {}}

    return [template.ref.name for template in with_nested([ref(name) for name in wanted], read)]


@pytest.mark.parametrize(
    ("graph", "wanted", "expected"),
    [
        ({"a": []}, ["a"], ["a"]),
        ({"a": [], "b": []}, ["b", "a"], ["b", "a"]),
        # Each before what it refers to, depth first.
        ({"a": ["x", "y"], "x": ["z"], "y": [], "z": [], "b": []}, ["a", "b"], ["a", "x", "z", "y", "b"]),
        # Two ways to the same one.
        ({"a": ["x"], "b": ["x"], "x": []}, ["a", "b"], ["a", "x", "b"]),
        ({"a": ["b"], "b": []}, ["a", "b"], ["a", "b"]),
        # Those of the namespace before those of the cluster, whoever refers to them.
        ({"C1": ["x"], "x": ["C2"], "C2": [], "a": []}, ["C1", "a"], ["x", "a", "C1", "C2"]),
    ],
)
def test_the_order_is_argos(graph: Graph, wanted: list[str], expected: list[str]) -> None:
    assert names(graph, *wanted) == expected


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"a": ["a"]}, "AnalysisTemplate a -> AnalysisTemplate a"),
        ({"a": ["b"], "b": ["C"], "C": ["b"]}, "AnalysisTemplate b -> ClusterAnalysisTemplate C -> AnalysisTemplate b"),
    ],
)
def test_a_circle_is_refused_and_named(graph: Graph, circle: str) -> None:
    """Argo follows it until its stack is full."""
    with pytest.raises(DeliveryError, match="in a circle: ") as caught:
        names(graph, "a")
    assert caught.value.msg.endswith(f": {circle}")
    assert caught.value.reason == "TemplateCircle"


def test_the_reader_is_told_who_refers_to_a_template() -> None:
    told: list[tuple[str, str]] = []

    def read(item: Ref, user: str) -> Obj:
        told.append((item.name, user))
        return {"spec": {"templates": [{"templateName": "x"}]} if item.name == "a" else None}

    with_nested([Ref("a")], read)
    assert told == [("a", ""), ("x", "AnalysisTemplate a")]
