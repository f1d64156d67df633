# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From templates to the run that Argo would make of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.building import (
    generated_name,
    manifest,
    spec_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAMESPACE
from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import argument, metric, template


def test_several_templates_become_one_run() -> None:
    first = template(
        "a",
        metric("errors", "vector({{args.limit}})"),
        args=[argument("limit")],
        dryRun=[{"metricName": "errors"}],
        measurementRetention=[{"metricName": "errors", "limit": 20}],
    )
    second = template("b", metric("latency"), cluster=True, dryRun=[{"metricName": "lat.*"}])
    assert spec_of([first, second], [argument("limit", "1")], 60) == {
        "metrics": [metric("errors", "vector({{args.limit}})"), metric("latency")],
        "args": [argument("limit", "1")],
        "dryRun": [{"metricName": "errors"}, {"metricName": "lat.*"}],
        "measurementRetention": [{"metricName": "errors", "limit": 20}],
        "ttlStrategy": {"secondsAfterCompletion": 60},
    }


def test_what_there_is_nothing_of_is_left_out() -> None:
    assert spec_of([template("a", metric())], [], None) == {"metrics": [metric()]}
    assert spec_of([template("a", metric())], [], 0)["ttlStrategy"] == {"secondsAfterCompletion": 0}


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ({"metrics": [metric("x")]}, {"metrics": [metric("x")]}, "two metrics have the same name x"),
        (
            {"dryRun": [{"metricName": ".*"}]},
            {"dryRun": [{"metricName": ".*"}]},
            r"two dryRun rules have the same name \.\*",
        ),
        (
            {"measurementRetention": [{"metricName": "x", "limit": 1}]},
            {"measurementRetention": [{"metricName": "x", "limit": 2}]},
            "two measurementRetention rules have the same name x",
        ),
    ],
)
def test_the_same_name_twice_is_refused_with_both_templates(one: Obj, other: Obj, words: str) -> None:
    def with_a_metric(name: str, **spec: Any) -> Any:
        return template(name, **{"metrics": [metric(f"of-{name}")], **spec})

    with pytest.raises(DeliveryError, match=words) as caught:
        spec_of([with_a_metric("a", **one), with_a_metric("b", **other)], [], None)
    assert caught.value.msg.endswith("one in AnalysisTemplate a and one in AnalysisTemplate b")
    assert caught.value.reason == "Duplicate"


def test_templates_without_a_metric_are_refused() -> None:
    with pytest.raises(DeliveryError, match="there is no metric in AnalysisTemplate a, ClusterAnalysisTemplate b"):
        spec_of([template("a"), template("b", cluster=True)], [], None)


def test_arguments_are_checked_before_anything_is_created() -> None:
    with pytest.raises(DeliveryError, match="argument hash of AnalysisTemplate a has no value"):
        spec_of([template("a", metric(), args=[argument("hash")])], [], None)
    with pytest.raises(DeliveryError, match="which no template declares"):
        spec_of([template("a", metric(query="{{args.hash}}"))], [], None)


def test_the_manifest() -> None:
    made = manifest({"metrics": []}, name="check", namespace=NAMESPACE, instance_id="", task="0a1b")
    assert made == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {
            "name": "check",
            "namespace": NAMESPACE,
            "annotations": {"delivery.tradesense.io/task": "0a1b"},
        },
        "spec": {"metrics": []},
    }
    labelled = manifest({}, name="check", namespace=NAMESPACE, instance_id="blue", task="")
    assert labelled["metadata"]["labels"] == {"argo-rollouts.argoproj.io/controller-instance-id": "blue"}


def test_a_generated_name_is_never_too_long() -> None:
    assert generated_name("success-rate", "0a1b2c3d") == "success-rate-0a1b2c3d"
    long = generated_name("x" * 253, "0a1b2c3d")
    assert len(long) == 253
    assert long.endswith("x-0a1b2c3d")
