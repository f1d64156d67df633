# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What an applied object still lacks."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.readiness import failed, lacks
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import deployment, service
from tests.unit.plugins.scenes import canary, later


def item(kind: str, status: Obj | None = None, spec: Obj | None = None) -> Obj:
    return {"kind": kind, "metadata": {"name": "x", "generation": 2}, "spec": spec or {}, "status": status or {}}


SEEN = {"observedGeneration": 2}
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
QUOTA = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (service("s"), ""),
        (item("Namespace"), "is not Active"),
        (item("Namespace", {"phase": "Active"}), ""),
        (item("CustomResourceDefinition"), "is not Established"),
        (item("CustomResourceDefinition", {"conditions": [{"type": "Established", "status": "True"}]}), ""),
        (
            item("CustomResourceDefinition", {"conditions": [{"type": "Established", "status": "False"}]}),
            "is not Established",
        ),
        (item("Job"), "is not complete"),
        (item("Job", {"conditions": [{"type": "Complete", "status": "True"}]}), ""),
        (item("Job", {"conditions": [{"type": "Failed", "status": "True"}]}), "failed"),
        (
            item(
                "Job",
                {
                    "conditions": [
                        {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "x\ny"}
                    ]
                },
            ),
            "failed: BackoffLimitExceeded: x y",
        ),
        (item("Job", {"active": 1, "failed": 2}), "is not complete: 1 pods active, 2 pods failed"),
        (item("Job", spec={"suspend": True}), ""),
        (
            item("StatefulSet", {**SEEN, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 3}, {"replicas": 3}),
            "has 1 of 3 pods updated and 3 available",
        ),
        (
            item(
                "StatefulSet",
                {**SEEN, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 3},
                {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            ),
            "",
        ),
        (
            item(
                "StatefulSet",
                {**SEEN, "replicas": 3, "availableReplicas": 2},
                {"replicas": 3, "updateStrategy": {"type": "OnDelete"}},
            ),
            "has 0 of 0 pods updated and 2 available",
        ),
        (
            item("StatefulSet", {**SEEN, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 3}, {"replicas": 1}),
            "has 2 old pods left",
        ),
        (item("StatefulSet", {"observedGeneration": 1}), "was not yet seen by its controller"),
        (
            item(
                "DaemonSet",
                {**SEEN, "desiredNumberScheduled": 2, "numberAvailable": 2},
                {"updateStrategy": {"type": "OnDelete"}},
            ),
            "",
        ),
        (
            deployment(status={"availableReplicas": 1, "conditions": [LATE]}),
            "has 3 of 3 pods updated and 1 available: ProgressDeadlineExceeded: timed out",
        ),
        (
            deployment(status={"updatedReplicas": 1, "conditions": [QUOTA]}),
            "has 1 of 3 pods updated and 3 available: FailedCreate: exceeded quota",
        ),
        (item("HorizontalPodAutoscaler"), ""),
        (item("PodDisruptionBudget"), ""),
        (item("Ingress"), ""),
        (deployment(), ""),
        (deployment(status={"observedGeneration": 4}), "was not yet seen by its controller"),
        (deployment(status={"updatedReplicas": 1}), "has 1 of 3 pods updated and 3 available"),
        (deployment(status={"availableReplicas": None}), "has 3 of 3 pods updated and 0 available"),
        (deployment(status={"replicas": 4}), "has 1 old pods left"),
        (deployment(spec={"replicas": 0}, status={"replicas": 0, "updatedReplicas": 0, "availableReplicas": 0}), ""),
        (item("Deployment", SEEN), "has 0 of 1 pods updated and 0 available"),
        (item("StatefulSet", {**SEEN, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}), ""),
        (
            item("DaemonSet", {**SEEN, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}),
            "",
        ),
        (
            item("DaemonSet", {**SEEN, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}),
            "has 1 of 2 pods updated and 2 available",
        ),
        (canary(at_rest=True).rollouts[0], ""),
        (canary(step=1).rollouts[0], "is Paused: CanaryPauseStep"),
        (
            later(canary(at_rest=True), metadata={"generation": 13}).rollouts[0],
            "is Progressing: waiting for rollout spec update to be observed",
        ),
        (item("Rollout", SEEN), "is Progressing: the controller has not looked at it yet"),
    ],
)
def test_what_is_lacking(live: Obj, expected: str) -> None:
    assert lacks(live) == expected


def test_a_failed_job_is_waited_for_in_vain() -> None:
    verdict = [{"type": "Failed", "status": "True"}]
    assert failed(item("Job", {"conditions": verdict}))
    assert not failed(item("Job", {"conditions": [{"type": "Failed", "status": "False"}]}))
    assert not failed(item("Deployment", {"conditions": verdict}))
    assert not failed(item("StatefulSet", {"conditions": verdict}))


def test_a_deployment_over_its_deadline_is_too_unless_it_was_changed_since() -> None:
    assert failed(deployment(status={"availableReplicas": 1, "conditions": [LATE]}))
    assert not failed(deployment(status={"availableReplicas": 1, "conditions": [LATE], "observedGeneration": 1}))
    assert not failed(deployment(status={"availableReplicas": 1, "conditions": [QUOTA]}))


def test_but_one_that_was_over_it_before_may_be_given_what_it_lacked() -> None:
    late, fine = deployment(status={"availableReplicas": 1, "conditions": [LATE]}), deployment()
    assert not failed(late, late)
    assert failed(late, fine)
    job = item("Job", {"conditions": [{"type": "Failed", "status": "True"}]})
    assert failed(job, job)
