# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A pod in one word, the reason behind it, and whether somebody has to look at it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import Pod
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.pods import in_trouble, pod_of
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAME, NEW, container, pod

UNREADY: Obj = {"type": "Ready", "status": "False", "message": "containers with unready status: [app]"}
CRASHED: Obj = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "message": "password: swordfish"}}


def waiting(reason: str, message: str = "", **given: Any) -> Obj:
    return container("app", {"waiting": {"reason": reason, "message": message}}, **given)


def unready(*containers: Obj, phase: str = "Running", **status: object) -> Pod:
    """Return a pod that is not ready, with these containers."""
    given = {"phase": phase, "conditions": [UNREADY], "containerStatuses": list(containers), **status}
    return pod_of(pod("x2x4z", given={"status": given}))


def starting(*init: Obj, spec: Obj | None = None) -> Pod:
    """Return a pod whose init containers are so far."""
    usual = {"initContainers": [{"name": "first"}, {"name": "second"}]}
    status = {"phase": "Pending", "conditions": [UNREADY], "initContainerStatuses": list(init)}
    return pod_of(pod("x2x4z", given={"spec": spec or usual, "status": status}))


def test_a_pod_that_runs() -> None:
    assert pod_of(pod("x2x4z")) == Pod(
        name=f"{NAME}-{NEW}-x2x4z",
        status="Running",
        message="",
        ready=True,
        containers_ready=1,
        containers=1,
        restarts=0,
        created="2026-11-23T10:00:00Z",
    )


@pytest.mark.parametrize(
    ("found", "status", "message", "trouble"),
    [
        (unready(phase="Pending"), "Pending", "", False),
        (unready(waiting("ContainerCreating"), phase="Pending"), "ContainerCreating", "", False),
        (
            unready(waiting("ImagePullBackOff", 'Back-off pulling\nimage "x"'), phase="Pending"),
            "ImagePullBackOff",
            'Back-off pulling image "x"',
            True,
        ),
        (
            unready(waiting("CrashLoopBackOff", "back-off 10s", lastState=CRASHED, restartCount=3)),
            "CrashLoopBackOff",
            "back-off 10s; container app ended with exit code 137 (OOMKilled)",
            True,
        ),
        (
            unready(container("app", {"terminated": {"exitCode": 1, "reason": "Error"}})),
            "Error",
            "container app ended with exit code 1",
            True,
        ),
        (
            unready(container("app", {"terminated": {"signal": 9, "exitCode": 0}})),
            "Error",
            "container app ended by signal 9",
            True,
        ),
        (unready(container("app", ready=False)), "Running", "containers with unready status: [app]", False),
        (
            unready(container("job", {"terminated": {"exitCode": 0, "reason": "Completed"}}), container("app")),
            "NotReady",
            "a container is completed",
            False,
        ),
        (unready(phase="Failed", reason="Evicted", message="low on memory"), "Evicted", "low on memory", True),
        (unready(phase="Succeeded"), "Completed", "", False),
        (
            unready(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]),
            "Pending",
            "0/3 nodes",
            True,
        ),
        (
            unready(
                phase="Pending",
                conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "g"}],
            ),
            "SchedulingGated",
            "g",
            False,
        ),
    ],
)  # fmt: skip
def test_a_pod_that_is_not_ready_says_why(found: Pod, status: str, message: str, trouble: bool) -> None:
    assert (found.status, found.message, found.ready) == (status, message, False)
    assert in_trouble(found) is trouble


def test_what_a_container_wrote_when_it_ended_is_not_told() -> None:
    """A termination message is whatever the program wrote last, secrets too."""
    found = unready(waiting("CrashLoopBackOff", lastState=CRASHED), container("other", CRASHED))
    assert "swordfish" not in repr(found)


def test_a_pod_that_goes_away_is_neither_ready_nor_in_trouble() -> None:
    going = pod_of(pod("x2x4z", given={"metadata": {"deletionTimestamp": "2026-11-23T10:05:00Z"}}))
    assert (going.status, going.ready, in_trouble(going)) == ("Terminating", False, False)
    lost = {"metadata": {"deletionTimestamp": "x"}, "status": {"reason": "NodeLost"}}
    assert pod_of(pod("x2x4z", given=lost)).status == "Unknown"


@pytest.mark.parametrize(
    ("found", "status", "trouble"),
    [
        (starting(container("first"), container("second", {"waiting": {}})), "Init:0/2", False),
        (
            starting(container("first", {"terminated": {"exitCode": 0}}), container("second", {"running": {}})),
            "Init:1/2",
            False,
        ),
        (
            starting(container("first", {"terminated": {"exitCode": 2, "reason": "Error"}})),
            "Init:Error",
            True,
        ),
        (
            starting(container("first", {"waiting": {"reason": "ImagePullBackOff"}})),
            "Init:ImagePullBackOff",
            True,
        ),
        (starting(container("first", {"waiting": {"reason": "PodInitializing"}})), "Init:0/2", False),
    ],
)
def test_init_containers_come_first(found: Pod, status: str, trouble: bool) -> None:
    assert found.status == status
    assert in_trouble(found) is trouble


def test_a_sidecar_counts_as_a_container() -> None:
    spec = {"initContainers": [{"name": "proxy", "restartPolicy": "Always"}], "containers": [{"name": "app"}]}
    status = {"initContainerStatuses": [container("proxy", started=True, restartCount=2)]}
    found = pod_of(pod("x2x4z", given={"spec": spec, "status": status}))
    assert (found.status, found.containers_ready, found.containers, found.restarts) == ("Running", 2, 2, 2)


def test_a_pod_just_created_is_pending() -> None:
    found = pod_of({"metadata": {"name": "new"}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}})
    assert (found.status, found.ready, found.containers_ready, found.containers) == ("Pending", False, 0, 2)
    assert not in_trouble(found)
