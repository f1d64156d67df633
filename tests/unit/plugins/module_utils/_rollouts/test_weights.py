# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Step and weight of a canary, set and actual."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import Step, Weight
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.weights import percent, step_of, weight_of
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NEW, OLD, laid_over
from tests.unit.plugins.scenes import canary, view

UNROUTED = {"strategy": {"canary": {"trafficRouting": None}}}


def weighed(**how: Any) -> Weight:
    """Return the weight of the canary scene."""
    found = view(canary(**how)).weight
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("step", "status", "expected"),
    [
        (0, {}, 10),
        (1, {}, 10),
        (2, {}, 30),
        (4, {}, 30),
        (6, {}, 60),
        (0, {"currentStepIndex": 7}, 100),
        (3, {"abort": True, "abortedAt": "2026-11-23T10:00:00Z"}, 0),
    ],
)
def test_the_weight_that_is_set_follows_the_steps(step: int, status: Obj, expected: int) -> None:
    found = view(canary(step=step, status=status)).weight
    assert found is not None
    assert found.set == expected


def test_before_the_first_weight_the_canary_gets_nothing() -> None:
    steps = [{"pause": {}}, {"setWeight": 50}]
    found = view(canary(step=1, spec={"strategy": {"canary": {"steps": steps}}}, status={"currentStepIndex": 0})).weight
    assert found is not None
    assert found.set == 0


def test_without_a_router_the_weight_is_the_share_of_pods() -> None:
    assert weighed(spec=UNROUTED) == Weight(set=10, actual=1 * 100 // 11)
    assert weighed(spec=UNROUTED, status={"availableReplicas": 0}) == Weight(set=10, actual=0)
    assert weighed(spec=UNROUTED, at_rest=True) == Weight(set=100, actual=100)


def test_without_steps_the_weight_is_what_is_so_far() -> None:
    """All of it is wanted at once, but the router (or the share of pods) says what there is."""
    assert weighed(spec={"strategy": {"canary": {"steps": []}}}, weight=0) == Weight(set=100, actual=0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"canary": {"weights": {"canary": {"weight": 0, "podTemplateHash": OLD}}}}, 100),
        ({"canary": {"weights": {"canary": {"weight": 100, "podTemplateHash": OLD}}}}, 100),
        # Restored in the middle of a release: the router still sends a part to the revision that goes.
        ({"canary": {"weights": {"canary": {"weight": 40, "podTemplateHash": NEW}}}}, 60),
        ({"canary": {"weights": {"canary": {"weight": 0, "podTemplateHash": NEW}}}}, 100),
        ({"canary": None}, 100),
    ],
)
def test_what_is_promoted_has_what_no_other_has(given: Obj, expected: int) -> None:
    assert weighed(at_rest=True, status=given) == Weight(set=100, actual=expected)


def test_before_the_router_was_told_anything_the_canary_has_nothing() -> None:
    assert weighed(status={"canary": None}) == Weight(set=10, actual=0)


def test_before_the_first_promotion_the_pods_that_there_are_have_everything() -> None:
    first = {"stableRS": None, "canary": None, "currentStepIndex": 7, "availableReplicas": 1}
    assert weighed(status=first) == Weight(set=100, actual=100)
    assert weighed(status={**first, "availableReplicas": 0}) == Weight(set=100, actual=0)


def test_what_the_controller_has_not_counted_is_no_step_yet() -> None:
    """So it is of a Rollout that is new, or has never been valid."""
    item = laid_over(canary().rollouts[0], {"status": {"currentStepIndex": None}})
    assert step_of(item) is None
    assert weight_of({**item, "status": {}}, None) == Weight(set=10, actual=0)


@pytest.mark.parametrize("index", [0, 3, 7])
def test_the_step_is_the_one_the_controller_counted(index: int) -> None:
    assert step_of(canary(status={"currentStepIndex": index}).rollouts[0]) == Step(index, 7)


def test_weights_of_another_whole_are_told_in_per_cent() -> None:
    strategy = {"canary": {"trafficRouting": {"maxTrafficWeight": 1000}, "steps": [{"setWeight": 125}, {"pause": {}}]}}
    assert weighed(step=1, weight=125, spec={"strategy": strategy}) == Weight(set=12.5, actual=12.5)


@pytest.mark.parametrize(
    ("value", "total", "expected"),
    [(25, 100, "25"), (0, 100, "0"), (125, 1000, "12.5"), (250, 1000, "25"), (1, 3, "33.33")],
)
def test_a_whole_number_stays_one(value: int, total: int, expected: str) -> None:
    assert str(percent(value, total)) == expected
