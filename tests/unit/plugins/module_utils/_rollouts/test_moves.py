# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of verbs: what a caller approved, and refusals that say what to do."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.moves import (
    Guards,
    refuse,
    refuse_deployment,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects

from tests.unit.plugins.builders import NAME, NAMESPACE, NEW, deployment
from tests.unit.plugins.scenes import blue_green, canary, view


@pytest.mark.parametrize("guards", [Guards(), Guards(revision=7), Guards(hash=NEW), Guards(step=1), Guards(7, NEW, 1)])
def test_what_was_approved_passes(guards: Guards) -> None:
    guards.check(view(canary(step=1)))


@pytest.mark.parametrize(
    ("guards", "text"),
    [
        (Guards(revision=6), "revision 6 was expected, but it is at revision 7"),
        (Guards(hash="abc"), f"hash abc was expected, but it is at hash {NEW}"),
        (Guards(step=0), "step 0 was expected, but it is at step 1"),
        (Guards(revision=0), "revision 0 was expected"),
        (Guards(hash=""), "hash  was expected"),
    ],
)
def test_anything_newer_is_refused(guards: Guards, text: str) -> None:
    with pytest.raises(DeliveryError, match=text) as refusal:
        guards.check(view(canary(step=1)))
    assert refusal.value.reason == "NotExpected"


def test_a_step_cannot_be_approved_where_there_are_none() -> None:
    with pytest.raises(DeliveryError, match="step 0 was expected, but it is at step None"):
        Guards(step=0).check(view(blue_green()))


def test_a_refusal_says_where_and_what_next() -> None:
    error = refuse(view(canary(step=1)), "it is not so", "do something else")
    assert error.reason == "Refused"
    assert error.sentence() == f"Rollout {NAME} in namespace {NAMESPACE}: it is not so. Do something else."


def test_verbs_that_deployments_do_not_have() -> None:
    refuse_deployment(view(canary(step=1)), "aborted")
    with pytest.raises(DeliveryError, match="a Deployment cannot be aborted"):
        refuse_deployment(view(Objects(deployments=[deployment()])), "aborted")
