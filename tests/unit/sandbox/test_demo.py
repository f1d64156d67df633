# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The demo's own judgement: it must not call a release good, or bad for the right reason, when it was not."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.demo.__main__ import _next, _why
from sandbox.demo.playbook import Outcome
from sandbox.demo.witness import NAMESPACE, Witness
from tools.errors import ToolError

ROLLOUT, INGRESS, SERVICE, IMAGE = "tradesense-x", "tradesense-x-stable", "tradesense-x-stable", "tradesense/x:v2.8.0"


class FakeWitness(Witness):
    """A witness whose cluster and simulator are data: the real ones are met by ``make demo`` itself."""

    objects: dict[str, list[dict[str, Any]]]
    served: list[dict[str, int]]

    def _objects(self, resource: str, *names: str) -> list[dict[str, Any]]:
        return self.objects.get(resource, [])

    def _served(self, ingress: str) -> dict[str, int]:
        return self.served.pop(0)


def witness(
    *, weight: str = "0", selected: str = "good", ready: int = 4, served: dict[str, int] | None = None
) -> FakeWitness:
    """Return a witness of a cluster in which, by default, all is as it should be."""
    found = FakeWitness("kubectl", "kubeconfig", "http://127.0.0.1:1")
    annotations = {"nginx.ingress.kubernetes.io/canary-weight": weight}
    objects = {
        "ingresses": [{"metadata": {"annotations": annotations}}],
        "services": [{"spec": {"selector": {"rollouts-pod-template-hash": selected}}}],
        "replicasets": [replica_set("good", IMAGE, ready), replica_set("bad", "tradesense/x:v2.9.0", 0)],
    }
    object.__setattr__(found, "objects", objects)
    object.__setattr__(found, "served", [{"good": 100, "bad": 5}, served or {"good": 400, "bad": 5}])
    return found


def replica_set(name: str, image: str, ready: int) -> dict[str, Any]:
    """Return a ReplicaSet of four pods."""
    return {
        "metadata": {"labels": {"rollouts-pod-template-hash": name}, "ownerReferences": [{"name": ROLLOUT}]},
        "spec": {"replicas": 4, "template": {"spec": {"containers": [{"image": image}]}}},
        "status": {"readyReplicas": ready},
    }


def test_the_evidence_names_weight_replica_set_and_requests() -> None:
    evidence = witness().stable_serves_all(ROLLOUT, INGRESS, SERVICE, IMAGE, seconds=0)
    assert evidence == [
        "Ingress tradesense-x-tradesense-x-stable-canary: weight 0",
        "ReplicaSet tradesense-x-good (tradesense/x:v2.8.0): 4 of 4 pods ready, selected by Service tradesense-x-stable",
        "simulator: 300 requests in 0 s, all of them to good",
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (witness(weight="25"), "still has weight 25"),
        (witness(selected="bad"), "does not run tradesense/x:v2.8.0"),
        (witness(selected="gone"), "does not run tradesense/x:v2.8.0"),
        (witness(ready=3), "only 3 of 4 pods"),
        (witness(served={"good": 400, "bad": 6}), "requests went to"),
        (witness(served={"good": 100, "bad": 5}), "requests went to"),
    ],
    ids=["weight", "selector", "unknown selector", "not ready", "a stray request", "no request at all"],
)
def test_anything_else_is_no_evidence(wrong: FakeWitness, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        wrong.stable_serves_all(ROLLOUT, INGRESS, SERVICE, IMAGE, seconds=0)


@pytest.mark.parametrize(
    "reason",
    [
        "error rate: 16 % of 94 requests failed, on stable 0.82 % of 243 requests failed",
        'Metric "error-rate-comparison" assessed Failed',
    ],
)
def test_the_bad_canary_has_to_fail_for_its_errors(reason: str) -> None:
    assert _why(f"The release of x failed. {reason} (last window); evidence 23416.") == reason


@pytest.mark.parametrize(
    "reason",
    [
        "no data for 9 s: error rate",
        "error rate: 16 % of 94 requests failed (last window)",
        'Metric "response-time-p99" assessed Failed',
    ],
)
def test_any_other_reason_is_the_wrong_one(reason: str) -> None:
    with pytest.raises(ToolError, match="not for the reason it should"):
        _why(f"The release of x failed. {reason}.")


@pytest.mark.parametrize(
    ("image", "version"),
    [("", "v2.7.0"), ("tradesense/x:v2.7.0", "v2.8.0"), ("x:v2.9.3-errors20", "v2.10.0"), ("x:latest", "v2.7.0")],
)
def test_every_demo_has_a_newer_version(image: str, version: str) -> None:
    assert _next(image) == version


def test_an_outcome_finds_recap_and_the_last_error() -> None:
    output = (
        "[ERROR]: Task failed: Action failed: first. Hint.\nfatal: [a]: FAILED!\n"
        "[ERROR]: Task failed: Action failed: The release of x failed. Reason.\n"
        "development-1              : ok=18   changed=1    unreachable=0    failed=1\n"
    )
    outcome = Outcome(2, output, 1.0)
    assert outcome.failure == "The release of x failed. Reason."
    assert outcome.recap == "development-1 : ok=18 changed=1 unreachable=0 failed=1"
    assert Outcome(0, "", 0.1).failure == ""
    assert NAMESPACE == "tradesense-development"
