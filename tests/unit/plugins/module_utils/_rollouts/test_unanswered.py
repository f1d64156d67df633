# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Requests whose answer was lost: what tells those that were carried out from those that were not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.unanswered import carried_out
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NEW, OLD, laid_over, template
from tests.unit.plugins.scenes import canary

PAUSED = canary(step=1).rollouts[0]
PROMOTION: Obj = {"status": {"pauseConditions": None}, "metadata": {"resourceVersion": "1000"}}
SKIP: Obj = {"status": {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}}
NEXT_PAUSE = [{"reason": "CanaryPauseStep", "startTime": "2026-11-23T11:00:00Z"}]
ABORT: Obj = {"status": {"abort": True, "promoteFull": False}}
FULL: Obj = {"status": {"promoteFull": True}}
IMAGE: list[Obj] = [
    {"op": "test", "path": "/metadata/resourceVersion", "value": "1000"},
    {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "a/b:v1"},
    {"op": "add", "path": "/metadata/annotations/delivery.tradesense.io~1promoted", "value": OLD},
]
RECORD = {"metadata": {"annotations": {"delivery.tradesense.io/promoted": OLD}}}


def with_image(name: str) -> Obj:
    spec = template()["spec"]
    return {"spec": {"template": {"spec": {"containers": [{**spec["containers"][0], "image": name}]}}}}


@pytest.mark.parametrize(
    ("patch", "now", "done"),
    [
        # The pause is over, or is another one already: its controller has gone on.
        (PROMOTION, {"status": {"pauseConditions": None}}, True),
        (PROMOTION, {"status": {"pauseConditions": NEXT_PAUSE, "currentStepIndex": 6}}, True),
        # Somebody wrote something else: that is a conflict.
        (PROMOTION, {"metadata": {"annotations": {"note": "x"}}}, False),
        (PROMOTION, {"spec": {"replicas": 5}}, False),
        # A part of it is not enough.
        (SKIP, {"status": {"pauseConditions": None, "controllerPause": None}}, False),
        (SKIP, {"status": {"pauseConditions": None, "controllerPause": None, "currentStepIndex": 3}}, True),
        # What is false is not there, before as after.
        (ABORT, {"status": {"abort": True}}, True),
        (ABORT, {"status": {"abort": None}}, False),
        # The controller erases the wish once it is fulfilled.
        (FULL, {"status": {"promoteFull": True}}, True),
        (FULL, {"status": {"promoteFull": None, "stableRS": NEW}}, True),
        (FULL, {"status": {"promoteFull": None}}, False),
        # What no controller touches has to be as it was asked for.
        (IMAGE, laid_over(with_image("a/b:v1"), RECORD), True),
        (IMAGE, with_image("a/b:v1"), False),
        (IMAGE, laid_over(with_image("a/b:v2"), RECORD), False),
        ({"spec": {"paused": True}}, {"spec": {"paused": True}}, True),
        ({"spec": {"paused": True}}, {}, False),
    ],
)
def test_what_was_carried_out(patch: Any, now: Obj, done: bool) -> None:
    after = laid_over(laid_over(PAUSED, {"metadata": {"resourceVersion": "1001"}}), now)
    assert carried_out(patch, PAUSED, after) is done


def test_an_object_of_the_same_name_is_not_the_same_object() -> None:
    other = laid_over(PAUSED, {"metadata": {"uid": "another"}, "status": {"pauseConditions": None}})
    assert carried_out(PROMOTION, PAUSED, other) is False


def test_a_patch_that_would_change_nothing_was_not_what_changed_it() -> None:
    assert carried_out({"spec": {"paused": False}}, PAUSED, PAUSED) is False
