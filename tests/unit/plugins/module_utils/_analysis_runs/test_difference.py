# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a run that exists is the wanted one."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.building import manifest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.difference import differences
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAMESPACE, owned_by
from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import argument, metric

SPEC: Obj = {
    "metrics": [metric("errors"), metric("latency")],
    "args": [argument("service", "api"), argument("token", "hush")],
    "dryRun": [{"metricName": "latency"}],
    "ttlStrategy": {"secondsAfterCompletion": 60},
}
WANTED = manifest(SPEC, name="check", namespace=NAMESPACE, instance_id="", task="new")


def live() -> Obj:
    """Return the run as the server has it, made by an earlier task and already done."""
    item = copy.deepcopy(WANTED)
    item["metadata"].update({"uid": "u", "annotations": {"delivery.tradesense.io/task": "old"}})
    item["spec"]["terminate"] = True
    return {**item, "status": {"phase": "Successful"}}


def test_the_same_run_does_not_differ() -> None:
    assert differences(WANTED, live()) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda item: item["spec"]["metrics"][1].update(count=4), ["metric latency"]),
        (lambda item: item["spec"]["metrics"].pop(0), ["metric errors"]),
        (lambda item: item["spec"]["metrics"].append(metric("orders")), ["metric orders"]),
        (lambda item: item["spec"]["args"][1].update(value="sesame"), ["argument token"]),
        (lambda item: item["spec"].pop("args"), ["argument service", "argument token"]),
        (lambda item: item["spec"].pop("dryRun"), ["dryRun of latency"]),
        (
            lambda item: item["spec"].update(measurementRetention=[{"metricName": "x", "limit": 1}]),
            ["measurementRetention of x"],
        ),
        (lambda item: item["spec"].pop("ttlStrategy"), ["ttl"]),
        (
            lambda item: item["metadata"].update(labels={"argo-rollouts.argoproj.io/controller-instance-id": "b"}),
            ["instance_id"],
        ),
        (
            lambda item: item["metadata"].update(ownerReferences=owned_by("web")),
            ["it belongs to Rollout web"],
        ),
    ],
)
def test_differences_are_named_without_values(change: Callable[[Obj], object], expected: list[str]) -> None:
    item = live()
    change(item)
    assert differences(WANTED, item) == expected
