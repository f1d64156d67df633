# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The status as data, and as a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.report.data import details, document
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.report.table import summary, table

from tests.unit.plugins.builders import FIRST, IMAGE, NAME, NEW, OLD, analysis_run, metric, pod, template
from tests.unit.plugins.scenes import blue_green, canary, changed, view

NEXT = {"template": template("v2.8.0")}


def test_details_are_plain_data_newest_revision_first() -> None:
    objects = canary(step=3)
    measured = metric("errors", "result[0] < 0.02", ("Failed", "[0.21]"))
    measured["result"]["failed"] = 1
    objects.analysis_runs = [analysis_run("r", "Failed", metrics=[measured])]
    objects.pods = [pod("x2x4z")]
    found = details(view(objects))
    assert json.loads(json.dumps(found)) == found
    assert found["serving"] == {"hash": OLD, "ready": {OLD: 10}, "canary_weight": 10}
    assert [item["hash"] for item in found["revisions"]] == [NEW, OLD, FIRST]
    assert found["revisions"][0] == {
        "hash": NEW,
        "revision": 7,
        "replica_set": f"{NAME}-{NEW}",
        "roles": ["canary"],
        "status": "Healthy",
        "message": "",
        "desired": 1,
        "ready": 1,
        "available": 1,
        "images": [f"{IMAGE}:v2.8.0"],
        "scale_down_at": "",
        "banned": False,
        "pods": [
            {
                "name": f"{NAME}-{NEW}-x2x4z",
                "status": "Running",
                "message": "",
                "ready": True,
                "containers": {"ready": 1, "total": 1},
                "restarts": 0,
                "created": "2026-11-23T10:00:00Z",
            }
        ],
    }
    [run] = found["analysis_runs"]
    assert run["measurements"] == [
        {"metric": "errors", "phase": "Failed", "value": "0.21", "condition": "< 0.02", "message": ""}
    ]
    assert run["metrics"] == [
        {
            "name": "errors",
            "phase": "Failed",
            "condition": "< 0.02",
            "successful": 0,
            "failed": 1,
            "inconclusive": 0,
            "error": 0,
            "dry_run": False,
        }
    ]


def test_what_serves_is_nothing_where_it_cannot_be_seen() -> None:
    objects = changed(canary(step=1), lambda these: these.services.clear())
    assert details(view(objects))["serving"] is None


def test_a_document_says_when_it_was_true() -> None:
    moment = datetime(2026, 11, 23, 10, 15, 2, tzinfo=UTC)
    assert document("team", moment, {}) == {"namespace": "team", "read_at": "2026-11-23T10:15:02Z", "rollouts": {}}


def test_a_table_lines_up() -> None:
    lines = table({"a": view(canary(step=1, spec=NEXT)), "longer-name": view(blue_green(at_rest=True))})
    assert lines == [
        "SERVICE      STRATEGY    PHASE    REVISION  VERSION  PODS   STEP  WEIGHT",
        "a            canary      Paused   7         v2.8.0   1/10   1/7   10 %",
        "longer-name  blue_green  Healthy  7         v2.7.0   10/10  -     -",
    ]


def test_a_summary_counts_phases_the_most_common_first() -> None:
    views = {"a": view(canary(step=1)), "b": view(canary(at_rest=True)), "c": view(canary(at_rest=True))}
    assert summary(views, "team") == "3 rollouts and deployments in namespace team, 2 Healthy, 1 Paused"
    assert summary({}, "team") == "0 rollouts and deployments in namespace team"
