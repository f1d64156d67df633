# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Restart, as little stories: every pod is new in the end, and a named moment makes the task repeatable."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import View
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import Await, Done, Guards, Send
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.verbs.restart import Restart, moment_of
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAME, NEW, OLD, deployment, pod
from tests.unit.plugins.scenes import canary, later, view

NOW = datetime.datetime(2026, 11, 23, 10, 0, 0, tzinfo=datetime.UTC)
TEXT, EARLIER, LATER = "2026-11-23T10:00:00Z", "2026-11-23T09:00:00Z", "2026-11-23T11:00:00Z"


def verb(at: str | None = None, **more: Any) -> Restart:
    """Return a restart asked for at NOW, of what is older than `at`."""
    return Restart(moment_of(at) if at else NOW, at is not None, NOW, **more)


def rollout(asked: str = "", done: str = "", *, pods: Sequence[str] = [TEXT] * 10, **more: Any) -> View:
    """Return a canary at rest whose restart was asked for, and done; `pods` says when each was made, - for one not ready."""
    spec = {"restartAt": asked} if asked else {}
    status = {"restartedAt": done} if done else {}
    objects = canary(at_rest=True, spec={**spec, **more.pop("spec", {})}, status={**status, **more})
    return view(dataclasses.replace(objects, pods=[_pod(index, made) for index, made in enumerate(pods)]))


def _pod(index: int, made: str) -> Obj:
    given: Obj = {"metadata": {"creationTimestamp": made.lstrip("-")}}
    if made.startswith("-"):
        given["status"] = {"conditions": [{"type": "Ready", "status": "False"}]}
    return pod(str(index), OLD, given=given)


def rolling(moment: str = "", **more: Any) -> View:
    """Return a Deployment whose template carries the annotation of a restart."""
    annotations = {"annotations": {"kubectl.kubernetes.io/restartedAt": moment}} if moment else {}
    spec = {"template": {"metadata": annotations}, **more.pop("spec", {})}
    return view(Objects(deployments=[deployment(spec=spec, **more)]), NAME)


def test_pods_older_than_now_are_replaced() -> None:
    before = rollout()
    assert verb()(before, before, 0) == Send({"spec": {"restartAt": TEXT}})
    assert verb()(before, rollout(TEXT), 1) == Await("the controller to replace its pods (Healthy)")
    assert verb()(before, rollout(TEXT, TEXT), 1) == Done(f"all pods are newer than {TEXT}")


@pytest.mark.parametrize(
    ("pods", "lacks"),
    [
        ([*[TEXT] * 9, EARLIER], f"1 old pod of {OLD} to go"),
        ([TEXT] * 9, f"9 of 10 new pods of {OLD} available"),
        ([*[TEXT] * 8, f"-{TEXT}", f"-{LATER}"], f"8 of 10 new pods of {OLD} available"),
    ],
)
def test_it_is_not_done_with_the_last_eviction(pods: list[str], lacks: str) -> None:
    """The controller says so in `restartedAt`, while its numbers are those of the pods that it has just evicted."""
    assert verb()(rollout(), rollout(TEXT, TEXT, pods=pods), 1) == Await(lacks)


def test_a_pod_that_is_ready_but_not_long_enough_is_not_available() -> None:
    objects = canary(at_rest=True, spec={"restartAt": TEXT}, status={"restartedAt": TEXT})
    for item in objects.replica_sets:
        item["status"]["availableReplicas"] = 4
    young = view(dataclasses.replace(objects, pods=[_pod(index, TEXT) for index in range(10)]))
    assert verb()(rollout(), young, 1) == Await(f"4 of 10 new pods of {OLD} available")


def test_it_is_not_done_before_the_controller_has_counted_the_new_pods() -> None:
    before = rollout()
    counting = rollout(TEXT, TEXT, phase="Progressing", message="more replicas need to be updated")
    assert verb()(before, counting, 1) == Await(
        "the controller to count its new pods (more replicas need to be updated)"
    )


def test_a_release_in_flight_is_not_waited_for() -> None:
    objects = canary(spec={"restartAt": TEXT}, status={"restartedAt": TEXT, "phase": "Progressing"})
    pods = [pod(str(index), pod_hash) for pod_hash, count in ((OLD, 10), (NEW, 1)) for index in range(count)]
    flying = view(dataclasses.replace(objects, pods=pods))
    assert flying.in_flight
    assert isinstance(verb()(flying, flying, 1), Done)


def test_a_named_moment_makes_a_second_call_change_nothing() -> None:
    for asked in (EARLIER, TEXT):
        now = rollout(TEXT, TEXT)
        assert verb(asked)(now, now, 0) == Done(f"all pods are newer than {TEXT}")


def test_a_named_moment_waits_for_the_restart_that_goes_on() -> None:
    now = rollout(TEXT, EARLIER)
    assert verb(TEXT)(now, now, 0) == Await("the controller to replace its pods (Healthy)")


def test_without_a_moment_a_restart_that_goes_on_is_enough() -> None:
    now = rollout(EARLIER)
    assert verb()(now, now, 0) == Done(f"it is restarting already, since {EARLIER}")


def test_an_older_restart_does_not_count_for_a_newer_moment() -> None:
    now = rollout(EARLIER, EARLIER)
    assert verb(TEXT)(now, now, 0) == Send({"spec": {"restartAt": TEXT}})


def test_a_moment_to_come_is_planned_and_not_waited_for() -> None:
    before = rollout()
    assert verb(LATER)(before, before, 0) == Send({"spec": {"restartAt": LATER}})
    assert verb(LATER)(before, rollout(LATER), 1) == Done(f"its pods restart at {LATER}")
    planned = rollout(LATER)
    assert verb(LATER)(planned, planned, 0) == Done(f"its pods restart at {LATER}")


def test_a_planned_restart_does_not_stand_in_for_one_now() -> None:
    planned = rollout(LATER)
    assert verb()(planned, planned, 0) == Send({"spec": {"restartAt": TEXT}})


def test_what_the_controller_would_not_restart_is_refused() -> None:
    held = rollout(spec={"paused": True})
    with pytest.raises(DeliveryError, match="paused by hand"):
        verb()(held, held, 0)
    invalid = rollout(conditions=[{"type": "InvalidSpec", "message": "no such service"}])
    with pytest.raises(DeliveryError, match="its spec is not valid: no such service"):
        verb()(invalid, invalid, 0)


def test_guards_and_a_template_not_yet_seen() -> None:
    now = rollout()
    with pytest.raises(DeliveryError, match="hash abc was expected"):
        verb(guards=Guards(hash="abc"))(now, now, 0)
    unseen = view(later(canary(at_rest=True), metadata={"generation": 13}))
    assert isinstance(verb()(unseen, unseen, 0), Await)


def test_a_deployment_restarts_by_an_annotation() -> None:
    before = rolling()
    annotations = {"annotations": {"kubectl.kubernetes.io/restartedAt": TEXT}}
    assert verb()(before, before, 0) == Send({"spec": {"template": {"metadata": annotations}}})
    assert verb()(before, rolling(TEXT, status={"updatedReplicas": 1}), 1) == Await(
        "its new pods (more replicas need to be updated)"
    )
    assert verb()(before, rolling(TEXT), 1) == Done(f"all pods are newer than {TEXT}")
    again = rolling(TEXT)
    assert verb(EARLIER)(again, again, 0) == Done(f"all pods are newer than {EARLIER}")


def test_the_restart_of_a_deployment_cannot_be_planned() -> None:
    now = rolling()
    with pytest.raises(DeliveryError, match="cannot be planned"):
        verb(LATER)(now, now, 0)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2026-11-23T10:00:00Z", NOW), ("2026-11-23T11:00:00+01:00", NOW), ("2026-11-23 10:00:00.9z", NOW)],
)
def test_moments_are_whole_seconds_in_utc(text: str, moment: datetime.datetime) -> None:
    assert moment_of(text) == moment


@pytest.mark.parametrize("text", ["", "now", "2026-11-23T10:00:00", "10:00"])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(DeliveryError, match="is not a moment with a time zone"):
        moment_of(text)
