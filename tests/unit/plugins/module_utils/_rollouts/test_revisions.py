# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The revisions of a workload: what each is, and what its ReplicaSet and pods say of it."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.revisions import Revision, revisions_of
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import FIRST, IMAGE, NAME, NEW, OLD, container, laid_over, pod
from tests.unit.plugins.scenes import canary, view

STUCK = {
    "phase": "Pending",
    "conditions": [],
    "containerStatuses": [container("app", {"waiting": {"reason": "ImagePullBackOff"}})],
}


def newest(given: Obj | None = None, *pods: Obj) -> Revision:
    """Return the revision in flight, with something laid over its ReplicaSet."""
    objects = canary(step=1)
    objects.pods = list(pods)
    objects.replica_sets = [
        laid_over(item, given or {}) if item["metadata"]["name"].endswith(NEW) else item
        for item in objects.replica_sets
    ]
    return revisions_of(view(objects))[0]


def test_revisions_come_the_newest_first_with_their_roles() -> None:
    found = revisions_of(view(canary(step=1)))
    assert [(item.number, item.hash, item.roles, item.live) for item in found] == [
        (7, NEW, ("canary",), True),
        (6, OLD, ("stable",), True),
        (5, FIRST, (), False),
    ]
    assert (found[0].name, found[0].images) == (f"{NAME}-{NEW}", (f"{IMAGE}:v2.8.0",))
    assert (found[1].desired, found[1].current, found[1].ready, found[1].available) == (10, 10, 10, 10)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, "Healthy"),
        ({"status": {"availableReplicas": 0}}, "Progressing"),
        ({"spec": {"replicas": 0}}, "ScalingDown"),
        ({"spec": {"replicas": 0}, "status": {"replicas": 0}}, "ScaledDown"),
    ],
)
def test_a_replica_set_in_one_word(given: Obj, status: str) -> None:
    assert newest(given).status == status


def test_a_pod_in_trouble_is_trouble_of_its_revision() -> None:
    assert newest({"status": {"availableReplicas": 0}}, pod("x2x4z", given={"status": STUCK})).status == "Degraded"
    # What goes away does not matter any more.
    gone = {"metadata": {"deletionTimestamp": "x"}, "status": STUCK}
    assert newest({}, pod("x2x4z", given=gone)).status == "Healthy"


def test_pods_that_cannot_be_made_have_a_reason() -> None:
    """A quota, for instance: there is no pod that could tell."""
    condition = {"type": "ReplicaFailure", "status": "True", "message": "exceeded\nquota: team"}
    found = newest({"status": {"availableReplicas": 0, "conditions": [condition]}})
    assert (found.status, found.message) == ("Degraded", "exceeded quota: team")
    over = {**condition, "status": "False"}
    assert newest({"status": {"conditions": [over]}}).message == ""


def test_the_moment_of_scaling_down_counts_while_there_are_pods() -> None:
    deadline = {"metadata": {"annotations": {"scale-down-deadline": "2026-11-23T10:15:32Z"}}}
    assert newest(deadline).scale_down_at == "2026-11-23T10:15:32Z"
    assert newest({**deadline, "spec": {"replicas": 0}}).scale_down_at == ""
    assert newest().scale_down_at == ""


def test_a_revision_that_is_being_scaled_down_is_still_shown() -> None:
    assert newest({"spec": {"replicas": 0}}).live
    objects = canary(at_rest=True)
    objects.pods = [pod("last", FIRST, given={"metadata": {"deletionTimestamp": "x"}})]
    assert [item.live for item in revisions_of(view(objects))] == [True, True]
