# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Retry, as little stories: what was aborted begins again, and nothing else is touched."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Await, Done, Guards, Send
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.retry import Retry
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects

from tests.unit.plugins.builders import NAME, NEW, deployment
from tests.unit.plugins.scenes import canary, later, view

RETRY = Send({"status": {"abort": False}}, subresource="status")


def aborted(at: str = "2026-11-23T10:05:00Z", **more: Any) -> Objects:
    """Return an aborted canary."""
    status = {
        "abort": True,
        "abortedAt": at,
        "phase": "Degraded",
        "message": "RolloutAborted: Rollout aborted update to revision 7",
        "pauseConditions": None,
        "controllerPause": None,
        "currentStepIndex": 0,
        "conditions": [{"type": "Progressing", "status": "False", "reason": "RolloutAborted"}],
    }
    return canary(step=0, weight=0, status=status, **more)


def test_an_aborted_revision_begins_again() -> None:
    before = view(aborted())
    assert Retry(Guards(revision=7))(before, before, 0) == RETRY
    assert Retry()(before, view(canary(step=0)), 1) == Done("revision 7 is released again, from its first step")


def test_the_condition_of_the_abort_is_not_taken_for_a_new_failure() -> None:
    """For some milliseconds after the patch the controller has not rewritten the condition: the plugin ends with Degraded."""
    before = view(aborted())
    stale = view(later(aborted(), status={"abort": False, "abortedAt": None}))
    assert Retry()(before, stale, 1) == Await("the controller to begin again (waiting for the retry to be observed)")


def test_a_second_abort_is_told() -> None:
    before = view(aborted())
    with pytest.raises(DeliveryError, match="it was aborted again: RolloutAborted"):
        Retry()(before, view(aborted("2026-11-23T10:06:00Z")), 1)


def test_what_was_not_aborted_is_left_alone() -> None:
    moving, still = view(canary(step=3)), view(canary(at_rest=True))
    assert Retry()(moving, moving, 0) == Done("there is nothing to try again: revision 7 is on its way")
    assert Retry()(still, still, 0) == Done("there is nothing to try again: revision 7 is live")


def test_a_failure_without_an_abort_is_not_cured_by_a_retry() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too late"}
    now = view(canary(step=3, status={"phase": "Degraded", "conditions": [late]}))
    with pytest.raises(DeliveryError, match="it was not aborted, so a retry changes nothing: the progress deadline"):
        Retry()(now, now, 0)


def test_while_it_is_paused_by_hand_a_retry_would_go_nowhere() -> None:
    now = view(aborted(spec={"paused": True}))
    with pytest.raises(DeliveryError, match="paused by hand") as refusal:
        Retry()(now, now, 0)
    assert "resume it first" in refusal.value.hint


def test_another_template_meanwhile_is_told() -> None:
    before = view(aborted())
    newer = view(later(canary(step=0), status={"currentPodHash": f"{NEW}x"}))
    with pytest.raises(DeliveryError, match="another template"):
        Retry()(before, newer, 1)


def test_a_deployment_has_no_retry() -> None:
    now = view(Objects(deployments=[deployment()]), NAME)
    with pytest.raises(DeliveryError, match="a Deployment cannot be retried"):
        Retry()(now, now, 0)
