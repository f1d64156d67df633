# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a result tells of a run, and what it never tells."""

from __future__ import annotations

from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.entry import entry_of

from tests.unit.plugins.builders import NAME, NEW, analysis_run
from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import SECRET, argument, metric, result, run


def test_a_run_of_its_own() -> None:
    item = run(
        "Failed",
        result("errors", "Failed", ("Successful", "[0.0112345678]"), ("Error", "no\n route"), ("Failed", "[0.21]")),
        metrics=[metric(failureCondition="result[0] >= 0.02", failureLimit=1, count="{{args.count}}")],
        args=[argument("count", "5")],
        message="Metric\nfailed",
        metadata={"creationTimestamp": "2026-11-23T09:59:59Z"},
    )
    item["status"].update({"startedAt": "2026-11-23T10:00:00Z", "completedAt": "2026-11-23T10:00:02Z"})
    assert entry_of(item) == {
        "name": "check",
        "kind": "Standalone",
        "rollout": "",
        "revision": 0,
        "hash": "",
        "step": None,
        "phase": "Failed",
        "message": "Metric failed",
        "termination_requested": False,
        "created": "2026-11-23T09:59:59Z",
        "started": "2026-11-23T10:00:00Z",
        "finished": "2026-11-23T10:00:02Z",
        "arguments": {"count": "5"},
        "metrics": [
            {
                "name": "errors",
                "provider": "prometheus",
                "phase": "Failed",
                "message": "",
                "success_condition": "len(result) > 0 && result[0] < 0.02",
                "failure_condition": "result[0] >= 0.02",
                "dry_run": False,
                "count": 2,
                "successful": 1,
                "failed": 1,
                "inconclusive": 0,
                "error": 1,
                "limits": {
                    "count": 5,
                    "failed": 1,
                    "inconclusive": 0,
                    "consecutive_error": 4,
                    "consecutive_success": 0,
                },
                "measurements": [
                    {
                        "phase": phase,
                        "value": value,
                        "condition": "< 0.02",
                        "started": f"2026-11-23T10:00:0{index}Z",
                        "finished": f"2026-11-23T10:00:0{index}Z",
                        "message": message,
                    }
                    for index, (phase, value, message) in enumerate(
                        [("Successful", "0.0112346", ""), ("Error", "", "no route"), ("Failed", "0.21", "")]
                    )
                ],
            }
        ],
    }


def test_a_run_that_was_just_created() -> None:
    entry = entry_of(run(""))
    assert (entry["phase"], entry["started"], entry["finished"]) == ("Pending", "", "")
    assert (entry["metrics"][0]["phase"], entry["metrics"][0]["measurements"]) == ("Pending", [])
    bare = {"metadata": {"name": "odd"}}
    assert entry_of(bare)["metrics"] == []


def test_a_run_of_a_rollout() -> None:
    item = analysis_run(f"{NAME}-{NEW}-7-3", "Running", annotations={"rollout.argoproj.io/revision": "7"})
    item["metadata"]["labels"]["step-index"] = "3"
    entry = entry_of(item)
    assert {key: entry[key] for key in ("kind", "rollout", "revision", "hash", "step")} == {
        "kind": "Step",
        "rollout": NAME,
        "revision": 7,
        "hash": NEW,
        "step": 3,
    }


def test_no_secret_is_told() -> None:
    """The controller keeps the query with the Secret's value in it, and a plain argument may be one that should be secret."""
    measured = result("errors", "Successful", ("Successful", "[0]"))
    measured["metadata"] = {"ResolvedPrometheusQuery": "up{token='hush'}"}
    item = run(
        "Successful",
        measured,
        metrics=[metric(successCondition="result[0] < 1 || '{{args.api-key}}' == ''")],
        args=[argument("login", **SECRET), argument("api-key", "hush")],
    )
    assert "hush" not in str(entry_of(item))
    assert entry_of(item)["arguments"] == {"login": "Secret prometheus, key token", "api-key": "not shown"}
