# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Our Argo Rollouts beside the expectations of the controller's own tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.guard.argo.measurement import Answer, Measurement, Phase, evaluate, measure, spelled
from tests.bench.guard.argo.metrics import Metric, Tally, assess
from tests.conformance.vectors import Case, cases, number

FILE = "argo_vectors.json"
UNSUPPORTED = "<unsupported response type>"


@pytest.mark.parametrize("case", cases(FILE, "assess_metric_status"))
def test_the_phase_of_a_metric(case: Case) -> None:
    last = case["last_measurement_phase"]
    measurements = [Measurement(Phase(last))] if last else []
    assert (
        assess(metric(case["metric"]), tally(case["result"], measurements), terminating=case["terminating"])
        == (case["expect_phase"])
    )


@pytest.mark.parametrize("case", cases(FILE, "evaluate_result"))
def test_the_phase_of_a_measurement(case: Case) -> None:
    success, failure = case["successCondition"], case["failureCondition"]
    if case["result"] == UNSUPPORTED:
        found = measure(lambda: Answer("string", [1.0]), success, failure)
        assert found.phase == case["expect_phase"]
        return
    result = value(case["result"])
    phase, message = evaluate(result, success, failure)
    assert phase == case["expect_phase"]
    for part in case.get("expect_error_contains", []):
        assert part in message
    if "expect_value_string" in case:
        assert spelled(result) == case["expect_value_string"]


def metric(given: dict[str, Any]) -> Metric:
    known = {"interval", "count", "failureLimit", "inconclusiveLimit", "consecutiveSuccessLimit"}
    assert set(given) <= known
    interval = given.get("interval")
    return Metric(
        interval=None if interval is None else float(interval.removesuffix("s")),
        count=given.get("count", 0),
        failure_limit=given.get("failureLimit", 0),
        inconclusive_limit=given.get("inconclusiveLimit", 0),
        consecutive_success_limit=given.get("consecutiveSuccessLimit", 0),
    )


def tally(given: dict[str, int], measurements: list[Measurement]) -> Tally:
    return Tally(
        count=given.get("count", 0),
        successful=given.get("successful", 0),
        failed=given.get("failed", 0),
        inconclusive=given.get("inconclusive", 0),
        consecutive_error=given.get("consecutiveError", 0),
        consecutive_success=given.get("consecutiveSuccess", 0),
        measurements=measurements,
    )


def value(given: Any) -> Any:
    return number(given) if isinstance(given, str) else given
