# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Questions to results: answers that agree with the states, and errors for what is no answer."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.answers import (
    QUESTIONS,
    holds,
    images,
    problems,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.report.data import details, entry_of
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import IMAGE, NAME, NEW, OLD, analysis_run, container, metric, pod
from tests.unit.plugins.scenes import blue_green, canary, changed, view

ABORTED = {
    "abort": True,
    "abortedAt": "x",
    "phase": "Degraded",
    "message": "RolloutAborted: bad",
    "pauseConditions": None,
    "controllerPause": None,
}
INCONCLUSIVE = [{"reason": "InconclusiveAnalysisRun", "startTime": "x"}]


def entry(objects: Objects) -> Obj:
    """Return the entry that rollout_info returns."""
    found = view(objects)
    return {**entry_of(found), **details(found)}


CALM, PAUSED, MOVING = (entry(canary(at_rest=True)), entry(canary(step=1)), entry(canary(step=2)))
STOPPED, BACK = entry(canary(step=1, status=ABORTED)), entry(canary(step=1, weight=0, status=ABORTED))
PREVIEWED = entry(blue_green())


@pytest.mark.parametrize(
    ("found", "true"),
    [
        (CALM, {"healthy", "on_stable"}),
        (PAUSED, {"paused", "promotable", "in_flight"}),
        (MOVING, {"progressing", "in_flight"}),
        (STOPPED, {"degraded", "aborted", "in_flight"}),
        (BACK, {"degraded", "aborted", "in_flight", "on_stable"}),
        (PREVIEWED, {"paused", "promotable", "in_flight", "on_stable"}),
        (entry(canary(step=4)), {"paused", "in_flight"}),
        (entry(canary(step=1, spec={"paused": True})), {"paused", "in_flight"}),
    ],
)
def test_what_is_so_of_a_rollout(found: Obj, true: set[str]) -> None:
    assert {question for question in QUESTIONS if holds(question, found)} == true


def test_something_is_so_of_a_result_when_it_is_so_of_all() -> None:
    for value in ({"changed": False, "rollouts": {"a": CALM, "b": CALM}}, {"a": CALM, "b": CALM}):
        assert holds("healthy", value)
    for value in ({"rollouts": {"a": CALM, "b": PAUSED}}, {"a": PAUSED, "b": CALM}):
        assert not holds("healthy", value)
    assert holds("healthy", {"rollouts": CALM}), "all rollouts there are; one is called so"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "it is empty"),
        ("web", "it is the text 'web'"),
        (3, "a value of type int"),
        ([CALM], "a value of type list"),
        (True, "a value of type bool"),
        ({}, "neither a result with rollouts nor one of them"),
        ({"phase": "Healthy"}, "neither a result with rollouts nor one of them"),
        ({"a": CALM, "b": 1}, "neither a result with rollouts nor one of them"),
        ({"rollouts": {}, "changed": False}, "the result holds no rollout at all"),
        ({"skipped": True, "changed": False}, "the task was skipped"),
        ({"failed": True, "msg": "no such namespace."}, "the task failed, so its result holds no rollout (no such"),
        ({"results": [{"rollouts": {"a": CALM}}]}, "the result of a loop: take one of its results"),
        ({key: value for key, value in CALM.items() if key not in ("states", "aborted", "in_flight", "on_stable")},
         "the entry of the rollout has no "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("question", [question for question in QUESTIONS if question != "progressing"])
def test_what_is_no_rollout_is_an_error(question: str, value: Any, reason: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        holds(question, value)
    assert reason in caught.value.msg
    assert caught.value.hint


def test_an_entry_that_does_not_tell_is_an_error_also_behind_one_that_says_no() -> None:
    unknown = entry(changed(blue_green(), lambda these: these.services.clear()))
    assert unknown["on_stable"] is None
    with pytest.raises(DeliveryError, match="where the traffic of b goes is not known"):
        holds("on_stable", {"a": PAUSED, "b": unknown})
    assert holds("in_flight", unknown)


def test_images_by_tag() -> None:
    assert images(PAUSED, "stable") == {"trading-service": f"{IMAGE}:v2.7.0"}
    assert images(PAUSED, "canary") == {"trading-service": f"{IMAGE}:v2.8.0"}
    assert images(PREVIEWED, "active") == {"trading-service": f"{IMAGE}:v2.7.0"}
    assert images(CALM, "canary") == {}


def test_images_of_what_has_none_are_an_error() -> None:
    with pytest.raises(DeliveryError, match="no tag latest"):
        images(PAUSED, "latest")
    with pytest.raises(DeliveryError, match="takes one rollout"):
        images({"rollouts": {"a": PAUSED}}, "stable")
    with pytest.raises(DeliveryError, match="takes one rollout"):
        images("web", "stable")


@pytest.mark.parametrize("objects", [canary(at_rest=True), canary(step=1), canary(step=2), blue_green()])
def test_a_release_on_its_way_is_no_problem(objects: Objects) -> None:
    assert problems(entry(objects)) == []


def test_an_abort_with_what_was_measured() -> None:
    objects = canary(step=1, status=ABORTED)
    bad = metric("errors", "result[0] < 0.02", ("Failed", "[0.21]"))
    objects.analysis_runs = [
        analysis_run("new", "Failed", metrics=[bad]),
        analysis_run("old", "Failed", pod_hash=OLD, metrics=[bad]),
    ]
    assert problems({"rollouts": {"web": entry(objects)}}) == [
        "web: revision 7 was aborted: RolloutAborted: bad",
        "web: analysis run new is Failed: metric errors measured 0.21, needs < 0.02",
    ]


def test_an_earlier_run_of_what_is_promoted_is_history() -> None:
    objects = canary(at_rest=True)
    objects.analysis_runs = [analysis_run("old", "Failed", pod_hash=OLD)]
    assert problems(entry(objects)) == []


def test_other_problems_in_a_sentence_each() -> None:
    assert problems(entry(canary(step=1, status={"phase": "Degraded", "message": "InvalidSpec: no"}))) == [
        "it is Degraded: InvalidSpec: no"
    ]
    [inconclusive] = problems(entry(canary(step=3, status={"phase": "Paused", "pauseConditions": INCONCLUSIVE})))
    assert inconclusive.startswith("its analysis was inconclusive, and it waits for a decision")
    nobody = changed(canary(at_rest=True), lambda these: these.endpoint_slices.clear())
    assert problems(entry(nobody)) == ["no pod serves its production traffic"]
    assert problems({**CALM, "error": "Rollout web: it was deleted meanwhile."}) == [
        "Rollout web: it was deleted meanwhile"
    ]


def test_pods_in_trouble_are_counted_by_their_status() -> None:
    def stuck(name: str, reason: str, message: str = "") -> Obj:
        states = [container("app", {"waiting": {"reason": reason, "message": message}})]
        return pod(name, given={"status": {"conditions": [], "containerStatuses": states}})

    objects = canary(step=2)
    objects.pods = [
        stuck("a", "ImagePullBackOff"),
        stuck("b", "ImagePullBackOff", "no such image"),
        stuck("c", "CrashLoopBackOff"),
        stuck("d", "ContainerCreating"),
        pod("e"),
    ]
    failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: team"}
    objects.replica_sets[-1]["status"]["conditions"] = [failure]
    assert problems(entry(objects)) == [
        "revision 7 cannot make its pods: exceeded quota: team",
        "2 pods of revision 7 are ImagePullBackOff: no such image",
        "a pod of revision 7 is CrashLoopBackOff",
    ]


def test_the_result_of_a_verb_has_problems_as_far_as_it_tells() -> None:
    assert problems({"rollouts": {NAME: entry_of(view(canary(step=1, status=ABORTED)))}}) == [
        f"{NAME}: revision 7 was aborted: RolloutAborted: bad"
    ]
    assert NEW in str(PAUSED)
