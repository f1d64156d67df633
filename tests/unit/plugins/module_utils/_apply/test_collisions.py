# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Rollouts that would run a second set of pods, or lose the template they have from a Deployment."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.collisions import in_the_way, refuse
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAME, deployment, rollout

CANARY: Obj = {"canary": {"steps": [{"setWeight": 10}]}}
REFERRING: Obj = {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME}, "template": None}


def test_a_deployment_with_the_name_and_the_labels_is_in_the_way() -> None:
    assert in_the_way(deployment(), rollout(CANARY))
    assert not in_the_way(deployment("other"), rollout(CANARY))
    assert not in_the_way(deployment(namespace="elsewhere"), rollout(CANARY))
    other = {"template": {"metadata": {"labels": {"app": "other"}}}}
    assert not in_the_way(deployment(spec=other), rollout(CANARY)), "two workloads may share a name, not pods"


def test_a_rollout_whose_place_is_taken_is_refused() -> None:
    with pytest.raises(DeliveryError) as caught:
        refuse([(rollout(CANARY), None), (rollout(CANARY, name="web"), None)], [deployment()], "https://api")
    assert caught.value.reason == "DeploymentInTheWay"
    assert "playbooks/migrate.yml" in caught.value.hint
    assert f"Rollout {NAME} in namespace" in caught.value.where
    assert "Rollout web" not in caught.value.where


def test_a_rollout_that_is_there_has_its_place() -> None:
    """A Deployment that came back beside it is for people, not for a provisioning."""
    refuse([(rollout(CANARY), rollout(CANARY))], [deployment()], "https://api")


def test_a_rollout_that_refers_to_a_deployment_is_not_finished() -> None:
    with pytest.raises(DeliveryError) as caught:
        refuse([(rollout(CANARY), rollout(CANARY, spec=REFERRING))], [], "https://api")
    assert caught.value.reason == "MigrationUnfinished"
    assert "migration_finish" in caught.value.hint
