# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Live lines: one for each thing that happened, none for what did not."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.progress import (
    describe_step,
    heartbeat,
    transitions,
    versions,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import (
    DEPLOYMENT_HASH,
    NEW,
    OLD,
    STEPS,
    analysis_run,
    deployment,
    metric,
    replica_set,
    template,
)
from tests.unit.plugins.scenes import blue_green, canary, later, view

NEXT = {"template": template("v2.8.0")}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (STEPS[0], "set weight 10"),
        (STEPS[1], "pause until promoted"),
        ({"pause": None}, "pause until promoted"),
        ({"pause": {"duration": 300}}, "pause 300s"),
        ({"pause": {"duration": "5m"}}, "pause 5m"),
        (STEPS[3], "analysis error-rate, latency"),
        ({"setCanaryScale": {"replicas": 0}}, "scale the canary to 0 pods"),
        ({"setCanaryScale": {"weight": 25}}, "scale the canary to 25 %"),
        ({"setCanaryScale": {"matchTrafficWeight": True}}, "scale the canary to the traffic weight"),
        ({"experiment": {"templates": [{"name": "baseline"}, {"name": "next"}]}}, "experiment with baseline, next"),
        ({"setHeaderRoute": {"name": "testers", "match": []}}, "route by header testers"),
        ({"setMirrorRoute": {"name": "shadow"}}, "mirror shadow"),
        ({"plugin": {"name": "acme/check"}}, "plugin acme/check"),
        ({"somethingNew": {}}, "somethingNew"),
        ({}, "empty step"),
    ],
)
def test_a_step_in_words(step: Obj, expected: str) -> None:
    assert describe_step(step) == expected


def test_the_first_look_says_where_a_release_stands() -> None:
    assert transitions(None, view(canary(at_rest=True))) == ["Healthy with revision 7 (v2.7.0)"]
    assert transitions(None, view(canary(step=1, spec=NEXT))) == [
        "revision 7 (v2.8.0), canary",
        "step 2/7 pause until promoted, weight 10 %, 1 of 10 pods new",
        "Paused: CanaryPauseStep",
    ]


def test_the_same_twice_says_nothing() -> None:
    now = view(canary(step=1))
    assert transitions(now, now) == []


def test_a_step_is_a_line() -> None:
    lines = transitions(view(canary(step=1)), view(canary(step=2)))
    assert lines == ["step 3/7 set weight 30, weight 10 %, 1 of 10 pods new"]


def test_a_release_is_told_once_although_its_number_comes_before_its_hash() -> None:
    at_rest = canary(at_rest=True)
    numbered = later(at_rest, metadata={"annotations": {"rollout.argoproj.io/revision": "8"}})
    assert transitions(view(at_rest), view(numbered)) == []
    hashed = later(numbered, status={"currentPodHash": NEW})
    assert transitions(view(numbered), view(hashed))[0] == "revision 8 (v2.7.0), canary"


def test_only_new_measurements_are_told() -> None:
    first = canary(step=3)
    first.analysis_runs = [
        analysis_run("r", "Running", metrics=[metric("errors", "result[0] < 0.02", ("Successful", "[0.01]"))])
    ]
    then = canary(step=3)
    measured = metric("errors", "result[0] < 0.02", ("Successful", "[0.01]"), ("Failed", "[0.21]"))
    then.analysis_runs = [analysis_run("r", "Running", kind="Background", metrics=[measured])]
    assert transitions(view(first), view(then)) == [
        "analysis background: metric errors measured 0.21, needs < 0.02: FAILED"
    ]


def test_at_the_first_look_old_runs_are_no_news() -> None:
    objects = canary(step=3)
    bad = metric("errors", "result[0] < 0.02", ("Error", ""))
    objects.analysis_runs = [analysis_run("old", "Failed", metrics=[bad])]
    assert not any("analysis" in line and "metric" in line for line in transitions(None, view(objects)))
    objects.analysis_runs = [analysis_run("new", "Running", kind="PrePromotion", metrics=[bad])]
    assert "analysis before promotion: metric errors could not be measured: " in transitions(None, view(objects))


def test_an_abort_is_told_once_and_without_steps() -> None:
    status = {"abort": True, "abortedAt": "x", "phase": "Degraded", "message": "RolloutAborted: bad"}
    before, now = view(canary(step=3)), view(canary(step=3, status={**status, "currentStepIndex": 0}))
    assert transitions(before, now) == ["aborted: RolloutAborted: bad"]
    assert transitions(now, now) == []


def test_an_abort_is_told_when_the_controller_gives_its_reason() -> None:
    """Right after the request the message is that it was not observed yet: told then, the reason never comes."""
    asked = view(canary(step=3, status={"abort": True}))
    assert transitions(view(canary(step=3)), asked) == []
    status = {"abort": True, "abortedAt": "x", "phase": "Degraded", "message": "RolloutAborted: bad"}
    assert transitions(asked, view(canary(step=3, status=status))) == ["aborted: RolloutAborted: bad"]


def test_a_switch_of_production_traffic_is_a_line() -> None:
    lines = transitions(view(blue_green()), view(blue_green(active=NEW)))
    assert lines == [f"production traffic switched from {OLD} to {NEW}"]


def test_the_end_is_told() -> None:
    status = {"currentPodHash": NEW, "stableRS": NEW}
    lines = transitions(view(canary(step=6, weight=60)), view(canary(at_rest=True, status=status)))
    assert lines[-1] == "Healthy"


def test_a_phase_that_is_not_settled_is_no_news() -> None:
    before, now = view(canary(step=1)), view(canary(step=1, status={"pauseConditions": None}))
    assert transitions(before, now) == []


def test_a_deployment_counts_its_pods() -> None:
    sets = [replica_set(OLD, 7, 3, label=DEPLOYMENT_HASH)]
    objects = Objects(deployments=[deployment(status={"updatedReplicas": 1})], replica_sets=sets)
    assert transitions(None, view(objects))[-1] == "1 of 3 pods new"


def test_a_heartbeat_says_where_it_stands() -> None:
    assert heartbeat(view(canary(step=1))) == (
        "Paused (CanaryPauseStep), step 2/7 pause until promoted, weight 10 %, 1 of 10 pods new, "
        "11 of 10 pods available"
    )
    assert heartbeat(view(canary(at_rest=True))) == "Healthy, 10 of 10 pods available"


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (["tradesense/a:v1"], "v1"),
        (["registry.example:5000/a:v1", "registry.example:5000/b:v1"], "v1"),
        (["a:v1", "b:v2"], "v1, v2"),
        (["registry.example:5000/a"], "registry.example:5000/a"),
        ([], ""),
    ],
)
def test_versions_are_the_tags(images: list[str], expected: str) -> None:
    containers = [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]
    assert versions(view(canary(step=1, spec={"template": {"spec": {"containers": containers}}}))) == expected


def test_a_template_held_elsewhere_has_no_versions_and_no_failure() -> None:
    assert versions(view(canary(step=1, spec={"template": None}))) == ""
