# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Analysis runs: what was measured against what."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.run import (
    Measurement,
    Metric,
    describe,
    run_of,
    shown_value,
    threshold,
    why_bad,
)

from tests.unit.plugins.builders import NEW, analysis_run, metric

GUARDED = "len(result) > 0 && !isNaN(result[0]) && result[0] < 0.02"


def test_a_run_with_its_measurements_in_order() -> None:
    item = analysis_run(
        "web-6c96ffff68-7-3",
        "Running",
        metrics=[
            metric("error-rate", GUARDED, ("Successful", "[0.0012345678]"), ("Failed", "[0.21]")),
            metric("latency", "result[0] <= 0.5", ("Successful", "[0.2]")),
        ],
    )
    item["status"]["metricResults"][0]["measurements"].append({"phase": "Running", "startedAt": "now"})
    run = run_of(item)
    assert (run.name, run.phase, run.kind, run.hash) == ("web-6c96ffff68-7-3", "Running", "Step", NEW)
    assert [(m.metric, m.value, m.condition) for m in run.measurements] == [
        ("error-rate", "0.00123457", "< 0.02"),
        ("error-rate", "0.21", "< 0.02"),
        ("latency", "0.2", "<= 0.5"),
    ]
    assert len({m.key for m in run.measurements}) == 3


def test_each_metric_counts_its_results() -> None:
    bad = metric("errors", GUARDED, ("Successful", "[0.01]"), ("Failed", "[0.21]"))
    bad["result"].update(successful=1, failed=1, inconclusive=2, error=3, dryRun=True)
    run = run_of(analysis_run("r", "Running", metrics=[bad, metric("latency", "")]))
    assert run.metrics == (
        Metric("errors", "Failed", "< 0.02", successful=1, failed=1, inconclusive=2, error=3, dry_run=True),
        Metric("latency", "Pending", ""),
    )


def test_conditions_and_names_have_the_arguments_of_the_run() -> None:
    """The controller judges what they stand for; a reader needs the number, not its name."""
    item = analysis_run(
        "r", "Failed", metrics=[metric("{{args.what}}", "result[0] < {{ args.limit }}", ("Failed", "[7]"))]
    )
    item["spec"]["args"] = [{"name": "limit", "value": "5"}, {"name": "what", "value": "errors"}]
    result = item["status"]["metricResults"][0]
    result["name"] = "errors"
    assert why_bad(run_of(item)) == "analysis run r is Failed: metric errors measured 7, needs < 5"


def test_a_metric_with_a_failure_condition_alone_needs_its_opposite() -> None:
    assert threshold({"failureCondition": "len(result) > 0 && result[0] >= 0.05"}) == "not >= 0.05"
    assert threshold({"failureCondition": "result[0] >= 0.05", "successCondition": "result[0] < 0.02"}) == "< 0.02"


def test_a_run_that_was_just_created_is_pending() -> None:
    run = run_of({"metadata": {"name": "new"}})
    assert (run.phase, run.measurements, run.message) == ("Pending", (), "")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("result[0] < 0.02", "< 0.02"),
        ("result < 0.02", "< 0.02"),
        (GUARDED, "< 0.02"),
        ("!isNil(result) && result[0] >= 0.95", ">= 0.95"),
        ("result[0] >= 0.95 && result[0] <= 1", "result[0] >= 0.95 && result[0] <= 1"),
        ("len(result) > 0", "len(result) > 0"),
        ("", ""),
    ],
)
def test_the_threshold_is_told_without_its_guards(condition: str, expected: str) -> None:
    assert threshold({"successCondition": condition} if condition else {}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("[0.0213]", "0.0213"), ("0.98765432", "0.987654"), ("[]", ""), ("[NaN]", "nan"), ("[0.1,0.2]", "0.1,0.2")],
)
def test_values_are_shown_without_the_brackets_of_a_vector(value: str, expected: str) -> None:
    assert shown_value(value) == expected


@pytest.mark.parametrize(
    ("measurement", "expected"),
    [
        (Measurement("k", "m", "Failed", "0.21", "< 0.02"), "metric m measured 0.21, needs < 0.02"),
        (Measurement("k", "m", "Inconclusive", "", "< 0.02"), "metric m measured no data, needs < 0.02"),
        (Measurement("k", "m", "Successful", "1", ""), "metric m measured 1, has no success condition"),
        (Measurement("k", "m", "Error", "", "< 1", "no route"), "metric m could not be measured: no route"),
    ],
)
def test_a_measurement_in_words(measurement: Measurement, expected: str) -> None:
    assert describe(measurement) == expected


def test_the_cause_names_each_bad_metric_with_its_last_bad_value() -> None:
    run = run_of(
        analysis_run(
            "r",
            "Failed",
            metrics=[
                metric("errors", "result[0] < 0.02", ("Failed", "[0.03]"), ("Failed", "[0.21]")),
                metric("latency", "result[0] < 1", ("Successful", "[0.4]")),
            ],
        )
    )
    assert why_bad(run) == "analysis run r is Failed: metric errors measured 0.21, needs < 0.02"


def test_a_metric_within_its_limits_and_a_dry_run_are_not_blamed() -> None:
    """Who is told that latency failed looks in the wrong place."""
    tolerated = metric("latency", "result[0] < 1", ("Failed", "[1.4]"), ("Successful", "[0.4]"))
    dry = metric("orders", "result[0] > 0.98", ("Failed", "[0.5]"))
    dry["result"]["dryRun"] = True
    guilty = metric("errors", "result[0] < 0.02", ("Failed", "[0.21]"))
    run = run_of(analysis_run("r", "Failed", metrics=[tolerated, dry, guilty]))
    assert why_bad(run) == "analysis run r is Failed: metric errors measured 0.21, needs < 0.02"


def test_a_run_that_succeeded_or_goes_on_has_no_cause() -> None:
    good = metric("errors", "result[0] < 0.02", ("Failed", "[0.03]"), ("Successful", "[0.01]"))
    assert why_bad(run_of(analysis_run("r", "Successful", metrics=[good]))) == ""
    assert why_bad(run_of(analysis_run("r", "Running", metrics=[good]))) == ""


def test_a_run_that_failed_before_it_measured_tells_its_message() -> None:
    item = analysis_run("r", "Error")
    item["status"]["message"] = "the template does not exist"
    assert why_bad(run_of(item)) == "analysis run r is Error: the template does not exist"


def test_a_long_message_becomes_one_line() -> None:
    item = analysis_run("r", "Error", metrics=[metric("m", "", ("Error", ""))])
    item["status"]["metricResults"][0]["measurements"][0]["message"] = "Post:\n  connection\n refused"
    assert why_bad(run_of(item)).endswith("could not be measured: Post: connection refused")
