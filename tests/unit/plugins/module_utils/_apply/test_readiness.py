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


def test_only_a_failed_job_is_waited_for_in_vain() -> None:
    verdict = [{"type": "Failed", "status": "True"}]
    assert failed(item("Job", {"conditions": verdict}))
    assert not failed(item("Job", {"conditions": [{"type": "Failed", "status": "False"}]}))
    assert not failed(item("Deployment", {"conditions": verdict}))
