# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a run has come to: above all, a terminated one has come to nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.state import (
    kind_of,
    lacking,
    metrics_of,
    over,
    owner_of,
    phase_of,
    rollout_of,
    why,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAME, analysis_run, owned_by
from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import argument, metric, result, run

GOOD = ("Successful", "[0.01]")
BAD = ("Failed", "[0.21]")


def cut_job(phase: str, **given: Any) -> Obj:
    """Return a metric's result whose last measurement, a job, was ended before it was done."""
    made = result("errors", phase, ("Inconclusive", ""), **given)
    made["measurements"][0]["message"] = "Metric Terminated"
    return made


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (run(""), "Pending"),
        (run("Running"), "Running"),
        (run("Running", terminate=True), "Running"),
        (run("Successful", result("errors", "Successful", GOOD)), "Successful"),
        # Ended by hand: Successful is what Argo calls it, with or without any measurement, and even with failed ones.
        (run("Successful", terminate=True, message="Run Terminated"), "Terminated"),
        (run("Successful", result("errors", "Running", BAD), terminate=True, message="Run Terminated"), "Terminated"),
        (run("Inconclusive", cut_job("Inconclusive"), terminate=True, message="Metric x"), "Terminated"),
        (run("Successful", cut_job("Successful"), terminate=True), "Terminated"),
        # It was done before it was told to end.
        (run("Successful", result("errors", "Successful", GOOD), terminate=True), "Successful"),
        (run("Failed", result("errors", "Failed", BAD), terminate=True, message="Metric x"), "Failed"),
        (run("Error", terminate=True, message="Run Terminated"), "Error"),
        # A dry run's job says nothing about the run, nor does a job that another metric's failure ended.
        (run("Successful", cut_job("Successful", dryRun=True), terminate=True), "Successful"),
        (run("Failed", cut_job("Inconclusive")), "Failed"),
    ],
)
def test_the_phase_of_a_terminated_run_is_no_verdict(item: Obj, expected: str) -> None:
    assert phase_of(item) == expected


@pytest.mark.parametrize(
    ("phase", "expected"), [("", False), ("Running", False), ("Successful", True), ("Error", True)]
)
def test_when_a_run_is_over(phase: str, expected: bool) -> None:
    assert over(run(phase)) is expected


def test_a_terminated_run_is_over() -> None:
    assert over(run("Successful", terminate=True, message="Run Terminated"))


def test_whose_a_run_is() -> None:
    step = analysis_run("web-1", "Running")
    assert (kind_of(step), rollout_of(step), owner_of(step)["uid"]) == ("Step", NAME, f"uid-{NAME}")
    own = run("Running")
    assert (kind_of(own), rollout_of(own), owner_of(own)) == ("Standalone", "", {})
    experiment = run("Running", metadata={"ownerReferences": owned_by("baseline", "Experiment")})
    assert (kind_of(experiment), rollout_of(experiment)) == ("Experiment", "")
    known = run("Running", metadata={"ownerReferences": [{"kind": "Rollout", "name": "web"}]})
    assert rollout_of(known) == "", "an owner that does not control it"


def test_metrics_find_their_results_although_arguments_are_in_their_names() -> None:
    named = metric("{{args.service}}-errors")
    item = run("Running", result("api-errors", "Running", GOOD), metrics=[named], args=[argument("service", "api")])
    [(found, measured)] = metrics_of(item)
    assert found["name"] == "api-errors"
    assert measured is not None
    assert measured["phase"] == "Running"


def test_what_is_still_lacking_is_told_of_each_metric_that_is_not_done() -> None:
    item = run(
        "Running",
        result("done", "Successful", GOOD),
        result("errors", "Running", GOOD),
        metrics=[metric("done"), metric("errors"), metric("late", initialDelay="1m")],
    )
    assert lacking(item) == [
        "metric errors has 1 of 3 measurements",
        "metric late has not been measured yet (its first measurement comes after 1m)",
    ]


def test_why_names_metric_value_and_threshold_with_arguments_put_in() -> None:
    limited = metric(successCondition="result[0] < {{args.limit}}")
    item = run("Failed", result("errors", "Failed", BAD), metrics=[limited], args=[argument("limit", "0.02")])
    assert why(item) == "analysis run check is Failed: metric errors measured 0.21, needs < 0.02"


def test_why_tells_the_message_of_a_run_that_the_controller_found_invalid() -> None:
    item = run("Error", message="Analysis spec invalid: metrics[0]: no provider specified")
    assert why(item) == "analysis run check is Error: Analysis spec invalid: metrics[0]: no provider specified"


def test_why_explains_too_few_successes_in_succession() -> None:
    """No measurement was bad in the end, and the controller gives no message."""
    item = run(
        "Inconclusive",
        result("errors", "Inconclusive", GOOD, GOOD, consecutiveSuccess=2),
        metrics=[metric(consecutiveSuccessLimit=3)],
    )
    assert why(item) == ("analysis run check is Inconclusive: metric errors has 2 of 3 successes in succession")
