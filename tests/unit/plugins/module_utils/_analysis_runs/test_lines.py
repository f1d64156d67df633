# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Live lines of a run: one for each measurement, each once."""

from __future__ import annotations

from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.lines import (
    heartbeat,
    last_measured,
    news,
)

from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import metric, result, run

GOOD, BAD, UNKNOWN = ("Successful", "[0.011]"), ("Failed", "[0.21]"), ("Inconclusive", "[]")


def test_each_measurement_has_a_line() -> None:
    measured = result("errors", "Running", GOOD, ("Error", "no route"), UNKNOWN, BAD)
    lines, told = news({}, run("Running", measured, metrics=[metric(count=5)]))
    assert lines == [
        "analysis metric errors measured 0.011, needs < 0.02: ok (1 of 5)",
        "analysis metric errors could not be measured: no route",
        "analysis metric errors measured no data, needs < 0.02: no verdict (2 of 5)",
        "analysis metric errors measured 0.21, needs < 0.02: FAILED (3 of 5)",
    ]
    assert told == {"errors": 4}


def test_what_was_told_is_not_told_again() -> None:
    first = run("Running", result("errors", "Running", GOOD))
    second = run("Running", result("errors", "Running", GOOD, BAD))
    _, told = news({}, first)
    assert news(told, first) == ([], told)
    lines, told = news(told, second)
    assert lines == ["analysis metric errors measured 0.21, needs < 0.02: FAILED (2 of 3)"]
    assert told == {"errors": 2}


def test_measurements_that_the_controller_dropped_are_counted() -> None:
    """It keeps the last ten: the eleventh is news although there are ten, as before."""
    item = run("Running", result("errors", "Running", GOOD, BAD, count=12), metrics=[metric(count=20)])
    lines, told = news({"errors": 11}, item)
    assert lines == ["analysis metric errors measured 0.21, needs < 0.02: FAILED (12 of 20)"]
    assert told == {"errors": 12}
    assert len(news({"errors": 3}, item)[0]) == 2


def test_a_measurement_that_goes_on_is_told_when_it_is_done() -> None:
    item = run("Running", result("errors", "Running", GOOD))
    item["status"]["metricResults"][0]["measurements"].append({"phase": "Running", "startedAt": "now"})
    lines, told = news({}, item)
    assert len(lines) == 1
    assert told == {"errors": 1}


def test_a_dry_run_is_marked_and_one_measurement_is_not_counted() -> None:
    item = run("Running", result("errors", "Running", BAD, dryRun=True), metrics=[metric(count=1)])
    assert news({}, item)[0] == ["analysis metric errors measured 0.21, needs < 0.02: FAILED (dry run)"]


def test_a_run_that_nobody_has_seen_has_no_lines() -> None:
    assert news({}, run("")) == ([], {})
    assert heartbeat(run("")) == "the controller has not taken it up yet"


def test_when_nothing_happens_it_is_told_what_is_lacking() -> None:
    item = run("Running", result("errors", "Running", GOOD), metrics=[metric(), metric("latency")])
    assert heartbeat(item) == "metric errors has 1 of 3 measurements; metric latency has not been measured yet"
    assert heartbeat(run("Running", result("errors", "Successful", GOOD))) == "all metrics are done"


def test_the_last_measurement_of_each_metric() -> None:
    item = run(
        "Successful",
        result("errors", "Successful", BAD, GOOD),
        result("latency", "Successful", GOOD),
        metrics=[metric(), metric("latency", successCondition="result[0] <= 1")],
    )
    assert (
        last_measured(item) == "metric errors measured 0.011, needs < 0.02; metric latency measured 0.011, needs <= 1"
    )
