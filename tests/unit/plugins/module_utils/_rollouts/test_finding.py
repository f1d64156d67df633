# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Finding out which workloads are meant: what is asked for, and what is said when there are none."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import DEPLOYMENT, ROLLOUT
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.choice import Choice
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.finding import find

from tests.unit.plugins.builders import NAMESPACE
from tests.unit.plugins.fake_api import Answer, FakeApi, connected, fake_api, listing, thing

FORBIDDEN = Answer(403, {"message": "deployments.apps is forbidden", "reason": "Forbidden"})


def asking(api: FakeApi, choice: Choice) -> list[str]:
    """Find a choice among two Rollouts, without a right to list Deployments; return the names."""
    api.standing[ROLLOUT.path(NAMESPACE)] = listing("1", thing("api", "1"), thing("trading", "1"))
    api.standing[DEPLOYMENT.path(NAMESPACE)] = FORBIDDEN
    api.standing[f"/api/v1/namespaces/{NAMESPACE}"] = Answer(403, {"message": "no", "reason": "Forbidden"})
    with connected(api) as kube:
        return find(kube, NAMESPACE, choice).names


def test_rollouts_that_are_there_need_no_look_at_deployments() -> None:
    with fake_api() as api:
        assert asking(api, Choice(("trading", "api"))) == ["trading", "api"]
        assert {asked.path for asked in api.asked} == {ROLLOUT.path(NAMESPACE)}


def test_a_missing_rollout_is_not_told_as_a_missing_right_where_only_rollouts_are_meant() -> None:
    with fake_api() as api, pytest.raises(DeliveryError) as caught:
        asking(api, Choice(("tradng", "api"), rollouts_only=True))
    assert caught.value.reason == "RolloutNotFound"
    assert caught.value.msg.startswith("there is no Rollout tradng in namespace")
    assert caught.value.hint == "did you mean trading?"


def test_a_name_may_be_that_of_a_deployment_elsewhere() -> None:
    with fake_api() as api, pytest.raises(DeliveryError) as caught:
        asking(api, Choice(("users",)))
    assert caught.value.reason == "Forbidden"
