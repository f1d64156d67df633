# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Pause and resume, as little stories: what is held is held where it is, and what goes on passes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Await, Done, Guards, Send
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.pause import Pause, Resume
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects

from tests.unit.plugins.builders import NAME, deployment
from tests.unit.plugins.scenes import canary, later, view

# A pause is right whatever the controller writes meanwhile: no resourceVersion, no conflict.
PAUSE, RESUME = (Send({"spec": {"paused": held}}, pinned=False) for held in (True, False))
HELD = {"phase": "Paused", "message": "manually paused"}


def held(step: int = 3, **status: Any) -> Objects:
    """Return a canary that somebody paused by hand in a step."""
    return canary(step=step, spec={"paused": True}, status={**HELD, **status})


def test_a_pause_holds_whatever_step_there_is() -> None:
    before = view(canary(step=3))
    assert Pause()(before, before, 0) == PAUSE
    text = "it is paused by hand in step 3 of 7; analysis runs go on measuring"
    assert Pause()(before, view(held()), 1) == Done(text)


def test_a_pause_is_not_done_before_the_controller_holds() -> None:
    before = view(canary(step=3))
    sent = later(canary(step=3, spec={"paused": True}), metadata={"generation": 13})
    assert Pause()(before, view(sent), 1) == Await("the controller (waiting for rollout spec update to be observed)")
    seen = canary(step=3, spec={"paused": True})
    assert Pause()(before, view(seen), 1) == Await("the controller to pause it (Progressing)")


def test_the_second_pause_changes_nothing() -> None:
    now = view(held())
    assert Pause()(now, now, 0) == Done("it is paused by hand already in step 3 of 7")


def test_an_aborted_rollout_that_is_held_stays_degraded() -> None:
    before = view(canary(step=3))
    aborted = view(held(phase="Degraded", abort=True, abortedAt="2026-11-23T10:05:00Z"))
    assert isinstance(Pause()(before, aborted, 1), Done)


def test_a_pause_that_somebody_takes_back_is_told() -> None:
    before = view(canary(step=3))
    with pytest.raises(DeliveryError, match="somebody resumed it meanwhile"):
        Pause()(before, before, 1)


@pytest.mark.parametrize("verb", [Pause, Resume])
def test_nothing_is_decided_before_the_newest_template_was_seen(verb: type[Pause] | type[Resume]) -> None:
    """The guards would compare with the revision before it."""
    now = view(later(canary(step=3), metadata={"generation": 13}))
    assert isinstance(verb(Guards(revision=8))(now, now, 0), Await)


@pytest.mark.parametrize("verb", [Pause, Resume])
def test_what_is_newer_than_expected_is_left_alone(verb: type[Pause] | type[Resume]) -> None:
    now = view(held())
    with pytest.raises(DeliveryError, match="revision 6 was expected, but it is at revision 7"):
        verb(Guards(revision=6))(now, now, 0)


def test_what_was_approved_is_pinned() -> None:
    """Between the look and the patch a newer revision could come."""
    now, halted = view(canary(step=3)), view(held())
    assert Pause(Guards(revision=7))(now, now, 0) == Send({"spec": {"paused": True}})
    assert Resume(Guards(step=3))(halted, halted, 0) == Send({"spec": {"paused": False}})


def test_a_resume_takes_the_pause_back_and_nothing_else() -> None:
    """The plugin's promote would raise the step index too."""
    before = view(held())
    assert Resume()(before, before, 0) == RESUME
    assert Resume()(before, view(canary(step=3)), 1) == Done("it goes on in step 3 of 7")


def test_a_resume_is_not_done_while_the_status_still_says_paused() -> None:
    before = view(held())
    stale = view(canary(step=3, status=HELD))
    assert Resume()(before, stale, 1) == Await("the controller to let it go on")


def test_the_pause_of_a_step_is_no_business_of_a_resume() -> None:
    now = view(canary(step=1))
    text = "it is not paused by hand; CanaryPauseStep still holds it, and rollout_promote ends that"
    assert Resume()(now, now, 0) == Done(text)


def test_a_resumed_abort_says_how_it_ends() -> None:
    aborted: dict[str, Any] = {
        "abort": True,
        "abortedAt": "2026-11-23T10:05:00Z",
        "phase": "Degraded",
        "message": "RolloutAborted: x",
    }
    before, after = view(held(**aborted)), view(canary(step=3, status=aborted))
    assert Resume()(before, after, 1) == Done("it goes on with its abort, which rollout_abort brings to its end")


def test_somebody_pausing_again_is_told() -> None:
    before = view(held())
    with pytest.raises(DeliveryError, match="somebody paused it again meanwhile"):
        Resume()(before, view(later(held())), 1)


def test_deployments_have_both_verbs() -> None:
    running = view(Objects(deployments=[deployment()]), NAME)
    halted = view(Objects(deployments=[deployment(spec={"paused": True})]), NAME)
    assert Pause()(running, running, 0) == PAUSE
    assert Pause()(running, halted, 1) == Done("it is paused by hand; analysis runs go on measuring")
    assert Resume()(halted, halted, 0) == RESUME
    assert Resume()(halted, running, 1) == Done("it goes on")
