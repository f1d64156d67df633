# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard on real releases, through both doors: real controller, real Prometheus, simulated users."""

from __future__ import annotations

from tests.integration.support.cluster import Space
from tests.integration.support.guarding import INGRESS, NAME, begin, guard
from tests.integration.support.plays import Ansible
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import canary_weight, status


def test_failing_requests_are_rolled_back_and_recovery_is_verified(
    ansible: Ansible, space: Space, sandbox: Sandbox
) -> None:
    """A fifth of the canary's requests fail: stable serves everybody within seconds, and the impact is counted."""
    stable, canary = begin(space, "v2-errors20")
    result = guard(ansible, space, sandbox)
    entry = result.data["rollouts"][NAME]
    assert (result.data["verdict"], entry["verdict"], entry["stage"]) == ("rollback", "rollback", "recovered"), (
        result.msg
    )
    assert (entry["rollback"]["from"], entry["rollback"]["to"]) == (canary, stable)
    assert entry["reasons"][0]["metric"] == "error_rate"
    assert status(space, NAME)["stableRS"] == status(space, NAME)["currentPodHash"] == stable
    assert canary_weight(space, INGRESS) == 0
    assert entry["banned"] == [canary]
    assert entry["impact"]["excess_failures"] > 5


def test_a_healthy_release_is_left_alone_and_baked(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Nothing is held; after promotion the bake time goes by."""
    begin(space, "v2")
    run = guard(ansible, space, sandbox, timeout=25)
    entry = run.data["rollouts"][NAME]
    assert (entry["verdict"], entry["stage"]) == ("continue", "observing"), run.msg
    assert not run.changed
