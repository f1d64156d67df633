# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The status for people and as data."""

from __future__ import annotations

import json

from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.report import details, table, tree

from tests.unit.plugins.builders import FIRST, IMAGE, NAME, NEW, OLD, analysis_run, metric, template
from tests.unit.plugins.scenes import blue_green, canary, changed, view

NEXT = {"template": template("v2.8.0")}


def test_details_are_plain_data_newest_revision_first() -> None:
    objects = canary(step=3)
    measured = metric("errors", "result[0] < 0.02", ("Failed", "[0.21]"))
    objects.analysis_runs = [analysis_run("r", "Failed", metrics=[measured])]
    found = details(view(objects))
    assert json.loads(json.dumps(found)) == found
    assert found["serving"] == {"hash": OLD, "ready": {OLD: 10}, "canary_weight": 10}
    assert [item["hash"] for item in found["revisions"]] == [NEW, OLD, FIRST]
    assert found["revisions"][0] == {
        "hash": NEW,
        "revision": 7,
        "replica_set": f"{NAME}-{NEW}",
        "desired": 1,
        "ready": 1,
        "images": [f"{IMAGE}:v2.8.0"],
    }
    assert found["analysis_runs"][0]["measurements"] == [
        {"metric": "errors", "phase": "Failed", "value": "0.21", "condition": "< 0.02", "message": ""}
    ]


def test_what_serves_is_nothing_where_it_cannot_be_seen() -> None:
    objects = changed(canary(step=1), lambda these: these.services.clear())
    assert details(view(objects))["serving"] is None


def test_a_table_lines_up() -> None:
    lines = table({"a": view(canary(step=1, spec=NEXT)), "longer-name": view(blue_green(at_rest=True))})
    assert lines == [
        "SERVICE      STRATEGY    PHASE    REVISION  VERSION  PODS   STEP  WEIGHT",
        "a            canary      Paused   7         v2.8.0   1/10   1/7   10 %",
        "longer-name  blue_green  Healthy  7         v2.7.0   10/10  -     -",
    ]


def test_a_tree_shows_what_is_live_with_its_role() -> None:
    objects = canary(step=3, weight=30)
    measured = metric("errors", "result[0] < 0.02", ("Successful", "[0.01]"), ("Failed", "[0.21]"))
    objects.analysis_runs = [analysis_run("r", "Failed", metrics=[measured])]
    assert tree({NAME: view(objects)}) == [
        f"{NAME}  canary  Progressing (more replicas need to be updated), step 3/7, weight 30 %",
        f"  revision 7  {NEW}  {IMAGE}:v2.8.0  1/1 ready  current",
        "    analysis r  Failed",
        "      metric errors measured 0.21, needs < 0.02: Failed",
        f"  revision 6  {OLD}  {IMAGE}:v2.7.0  10/10 ready  stable, serving",
    ]


def test_an_empty_tree_says_so() -> None:
    assert tree({}) == ["There is no rollout and no deployment."]


def test_a_tree_at_rest_shows_the_stable_revision_only() -> None:
    lines = tree({NAME: view(blue_green(at_rest=True))})
    assert lines == [
        f"{NAME}  blue_green  Healthy",
        f"  revision 6  {OLD}  {IMAGE}:v2.7.0  10/10 ready  stable, serving",
    ]
