# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a task says of its run."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.outcome import (
    failure_of,
    sentence,
    timeout_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import metric, result, run

WHERE = "https://api.example, namespace team"
DATA: Obj = {"changed": True, "run": {}}
GOOD = run("Successful", result("errors", "Successful", ("Successful", "[0.011]")))
FAILED = run("Failed", result("errors", "Failed", ("Failed", "[0.21]")))
UNKNOWN = run("Inconclusive", result("errors", "Inconclusive", ("Inconclusive", "[]")))
ERROR = run("Error", result("errors", "Error", ("Error", "no route")))
ENDED = run("Successful", terminate=True, message="Run Terminated")


def test_sentences_of_tasks_that_do_not_fail() -> None:
    assert sentence("check", GOOD) == "analysis run check is Successful: metric errors measured 0.011, needs < 0.02."
    assert sentence("check", FAILED) == "analysis run check is Failed: metric errors measured 0.21, needs < 0.02."
    assert sentence("check", run(""), created=True) == "analysis run check was created."
    assert sentence("check", run(""), created=True, check_mode=True) == "analysis run check would be created."
    assert sentence("check", run("Running")) == "analysis run check is Running."


@pytest.mark.parametrize(
    ("item", "reason", "words"),
    [
        (FAILED, "AnalysisFailed", "is Failed: metric errors measured 0.21, needs < 0.02"),
        (UNKNOWN, "AnalysisInconclusive", "is Inconclusive: metric errors measured no data, needs < 0.02"),
        (ERROR, "AnalysisError", "is Error: metric errors could not be measured: no route"),
        (ENDED, "Terminated", "was terminated before it came to a verdict"),
    ],
)
def test_a_verdict_that_is_not_accepted_fails_the_task(item: Obj, reason: str, words: str) -> None:
    failure = failure_of("check", item, ["Successful"], where=WHERE, result=DATA)
    assert failure is not None
    assert failure.msg == f"analysis run check {words}"
    assert (failure.reason, failure.where, failure.result) == (reason, WHERE, DATA)
    assert failure.hint


def test_a_verdict_that_is_accepted_does_not() -> None:
    assert failure_of("check", GOOD, ["Successful"], where=WHERE, result=DATA) is None
    assert failure_of("check", UNKNOWN, ["Successful", "Inconclusive"], where=WHERE, result=DATA) is None


def test_a_terminated_run_is_never_accepted() -> None:
    every = ["Successful", "Failed", "Error", "Inconclusive"]
    assert failure_of("check", ENDED, every, where=WHERE, result=DATA) is not None


def test_success_may_be_what_is_not_wanted() -> None:
    failure = failure_of("check", GOOD, ["Failed"], where=WHERE, result=DATA)
    assert failure is not None
    assert failure.sentence() == (
        f"{WHERE}: analysis run check is Successful: metric errors measured 0.011, needs < 0.02. Accept names Failed."
    )


def test_a_timeout_says_what_each_metric_lacks_and_what_became_of_the_run() -> None:
    item = run(
        "Running",
        result("errors", "Running", ("Successful", "[0]")),
        metrics=[metric(count=30), metric("latency", initialDelay="1m")],
    )
    failure = timeout_of("check", item, 60, "it was terminated", where=WHERE, result=DATA)
    assert failure.msg == (
        "analysis run check has no verdict after 60 s: metric errors has 1 of 30 measurements; "
        "metric latency has not been measured yet (its first measurement comes after 1m); it was terminated"
    )
    assert failure.reason == "Timeout"
    assert failure.hint == "raise timeout, the analysis takes 290 s at least"
    assert timeout_of("check", item, 600, "", where=WHERE, result=DATA).hint.startswith("look at what its metrics lack")


def test_a_controller_that_does_not_react_is_said_to_be_so() -> None:
    failure = timeout_of("check", run(""), 5, "it was asked to end", where=WHERE, result=DATA)
    assert failure.msg == "the controller did not react to analysis run check within 5 s; it was asked to end"
    assert failure.hint.startswith("is argo-rollouts running, without --instance-id")
    labelled = run("", metadata={"labels": {"argo-rollouts.argoproj.io/controller-instance-id": "blue"}})
    failure = timeout_of("check", labelled, 5, "", where=WHERE, result=DATA)
    assert failure.hint == "is argo-rollouts running, with --instance-id blue?"
