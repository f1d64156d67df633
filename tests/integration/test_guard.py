# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard on real releases: real controller, real Prometheus, simulated users."""

from __future__ import annotations

from typing import Any

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import PAUSE, routed, weight
from tests.integration.support.plays import Ansible, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import canary_weight, reach, release, start, status

NAME = "tradesense-trading"
INGRESS = f"{NAME}-{NAME}-canary"
# The sandbox is scraped every second. In production a window has 30 seconds.
POLICY: Obj = {
    "window": "3s",
    "delay": "2s",
    "staleness": "10s",
    "warm_up": "3s",
    "bake": "9s",
    "min_requests": 100,
    "verify": {"windows": 2, "requests": 20},
    "no_data": {"hold_after_windows": 3},
    # Half an hour of the past would be there in production.
    "evidence": {"burstiness": 1},
}


def guard(ansible: Ansible, space: Space, sandbox: Sandbox, **options: Any) -> Any:
    """Run the guard until the release is over."""
    given = {"prometheus_url": sandbox.prometheus, "trading": [NAME], "policy": POLICY, "timeout": 120, **options}
    return ansible.tasks(space.name, [task("guard", **given)])["guard"]


def begin(space: Space, image: str) -> tuple[str, str]:
    """Bring a canary service up and release a version; return the hashes of stable and of the new revision."""
    start(space, *routed(NAME, weight(25), PAUSE, weight(100)))
    stable = status(space, NAME)["stableRS"]
    canary = release(space, NAME, image)
    reach(space, NAME, "Paused", step=1)
    return stable, canary


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
