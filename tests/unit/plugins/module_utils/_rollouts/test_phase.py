# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The phase: Argo Rollouts' own rules in their order, and the moments in which the status speaks of the past."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.phase import (
    Phase,
    condition,
    phase_of,
    unobserved,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import OLD, deployment, laid_over, replica_set
from tests.unit.plugins.scenes import canary

UNSEEN = "waiting for rollout spec update to be observed"
UNPAUSING = "waiting for rollout to unpause"
ABORTING = "waiting for the abort to be observed"
RETRYING = "waiting for the retry to be observed"
ABORTED_CONDITION = [{"type": "Progressing", "status": "False", "reason": "RolloutAborted"}]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ""),
        # The order of the rules: an unseen generation comes before everything else.
        ({"metadata": {"generation": 13}}, UNSEEN),
        ({"metadata": {"generation": 13}, "status": {"pauseConditions": None}}, UNSEEN),
        ({"status": {"observedGeneration": None}}, UNSEEN),
        # Controllers before 1.0 wrote a hash there, which may even consist of digits only: it is not compared.
        ({"status": {"observedGeneration": "7d9f8c6b5"}}, ""),
        ({"status": {"observedGeneration": "5799645748"}}, ""),
        # An unpause does not change the generation: only controllerPause tells that it was not taken yet.
        ({"status": {"pauseConditions": None}}, UNPAUSING),
        ({"status": {"pauseConditions": []}}, UNPAUSING),
        ({"status": {"pauseConditions": None, "controllerPause": None}}, ""),
        # Neither does an abort, nor a retry: for some milliseconds the phase is that of before.
        ({"status": {"abort": True}}, ABORTING),
        ({"status": {"abort": True, "abortedAt": "2026-11-23T10:00:00Z", "conditions": ABORTED_CONDITION}}, ""),
        ({"status": {"abort": False, "phase": "Degraded", "conditions": ABORTED_CONDITION}}, RETRYING),
        ({"status": {"abort": None, "phase": "Degraded", "conditions": ABORTED_CONDITION}}, RETRYING),
    ],
)
def test_when_the_status_of_a_rollout_cannot_be_trusted(given: Obj, expected: str) -> None:
    item = laid_over(canary(step=1).rollouts[0], given)
    assert unobserved(item) == expected
    phase = phase_of(item)
    assert phase.settled == (not expected)
    if expected:
        assert phase == Phase("Progressing", expected, settled=False)


@pytest.mark.parametrize(("revision", "paused", "settled"), [(6, True, False), (7, True, True), (6, False, True)])
def test_a_paused_rollout_that_got_a_new_template_is_not_believed_to_know_it(
    revision: int, paused: bool, settled: bool
) -> None:
    """It notes the new generation, because it is paused, before it turns to the new template: seen with 1.10, for 20 ms."""
    item = canary(step=1 if paused else 2).rollouts[0]
    assert phase_of(item, current=replica_set(OLD, revision, 10)).settled is settled
    assert phase_of(item).settled


@pytest.mark.parametrize(
    ("seen", "generation", "settled"), [("5", 5, True), ("4", 5, False), (None, 5, False), (5, 5, True)]
)
def test_a_stale_healthy_of_a_referenced_workload_is_not_believed(seen: object, generation: int, settled: bool) -> None:
    """After a new image the Rollout stays Healthy until the controller has looked at the Deployment again."""
    item = laid_over(canary(at_rest=True).rollouts[0], {"status": {"workloadObservedGeneration": seen}})
    assert phase_of(item, deployment("held", generation=generation)).settled is settled


@pytest.mark.parametrize("name", ["Healthy", "Degraded", "Progressing", "Paused"])
def test_a_settled_phase_is_the_controllers(name: str) -> None:
    item = laid_over(canary(at_rest=True).rollouts[0], {"status": {"phase": name, "message": "why"}})
    assert phase_of(item) == Phase(name, "why")


def test_a_rollout_nobody_has_looked_at_is_progressing() -> None:
    item = canary(at_rest=True).rollouts[0]
    assert phase_of({**item, "status": {"observedGeneration": "12"}}).settled is False
    assert phase_of({**item, "status": {}}).settled is False
    assert phase_of({"kind": "Rollout", "metadata": {"name": "x"}}).settled is False


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({}, {}, Phase("Healthy")),
        (
            {},
            {"observedGeneration": 4},
            Phase("Progressing", "waiting for deployment spec update to be observed", settled=False),
        ),
        ({"paused": True}, {}, Phase("Paused", "manually paused")),
        ({}, {"updatedReplicas": 2}, Phase("Progressing", "more replicas need to be updated")),
        ({}, {"replicas": 4}, Phase("Progressing", "old replicas are pending termination")),
        ({}, {"availableReplicas": 2}, Phase("Progressing", "updated replicas are still becoming available")),
        ({"replicas": 0}, {"replicas": 0, "updatedReplicas": None, "availableReplicas": None}, Phase("Healthy")),
        (
            {},
            {"updatedReplicas": 1, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]},
            Phase("Degraded", "progress deadline exceeded"),
        ),
    ],
)
def test_the_phase_of_a_deployment(spec: Obj, status: Obj, expected: Phase) -> None:
    assert phase_of(deployment(spec=spec, status=status)) == expected


def test_a_condition_that_is_not_there_is_empty() -> None:
    item = canary(step=1).rollouts[0]
    assert condition(item, "Progressing")["reason"] == "RolloutPaused"
    assert condition(item, "InvalidSpec") == {}
    assert condition({}, "Progressing") == {}
