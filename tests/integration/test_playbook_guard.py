# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""playbooks/guard.yml: until somebody ends it, for a time, as a dry run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.cluster import Space, versions
from tests.integration.support.guard_account import (
    INGRESS,
    NAME,
    begin,
    end,
    holder,
    playbook_arguments,
)
from tests.integration.support.plays import ROOT, Ansible, Run
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import canary_weight, status
from tests.integration.support.terminal import press_control_c, shown

pytestmark = pytest.mark.every_pair

GUARD = ROOT / "playbooks" / "guard.yml"


def run(space: Space, folder: Path, *flags: str, code: int | None = 0, **variables: Any) -> Run:
    """Run the playbook to its end."""
    return Ansible(folder).playbook(GUARD, *playbook_arguments(space, folder, **variables), *flags, code=code)


@pytest.mark.parametrize("how", ["control-c", "sigterm"])
def test_guards_until_it_is_ended(how: str, space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """A good release goes on; ended, the guard leaves it alone and its Lease to the next one, which goes on with it."""
    _, canary = begin(space, "v2")
    act = {"control-c": press_control_c, "sigterm": end}[how]
    seen = shown(GUARD, *playbook_arguments(space, tmp_path), folder=tmp_path, terminal=False, at="window 2", act=act)
    assert seen.code != 0
    assert "Traceback" not in seen.text
    assert f"[development-1] {NAME}: revision {canary} is watched" in seen.text
    space.until(lambda: not holder(space), "the Lease given back", seconds=5)
    assert canary_weight(space, INGRESS) == 25

    again = run(space, tmp_path, guard_timeout=8)
    assert "only waits" not in again.console
    entry = again["Guard the releases"].rollouts[NAME]
    assert (entry["hash"], entry["verdict"]) == (canary, "continue")
    assert entry["windows"] > 3


def test_a_dry_run_tells_everything_and_does_nothing(space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """A mode on the command line goes before every policy, also before that of a service."""
    _, canary = begin(space, "v2-errors20")
    policy = {"services": {"trading-service": {"mode": "enforce"}}}
    found = run(space, tmp_path, guard_mode="dry_run", guard_policy_overrides=policy, guard_timeout=25)
    result = found["Guard the releases"]
    entry = result.rollouts[NAME]
    assert (result.data["verdict"], entry["mode"], entry["rollback"]) == ("rollback", "dry_run", None), result.msg
    assert found.changed == 0
    assert found["Say what came of it"].msg == result.msg
    assert status(space, NAME)["currentPodHash"] == canary
    assert canary_weight(space, INGRESS) == 25


def test_ends_by_itself_when_there_is_nothing_left_to_watch(space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """In check mode nothing is written either, not even what it would remember."""
    stable, _ = begin(space, "v2-errors20")
    before = versions(space.everything())
    checked = run(space, tmp_path, "--check", guard_until="finished", guard_timeout=20)
    assert checked["Guard the releases"].data["verdict"] == "rollback"
    assert {name: version for name, version in versions(space.everything()).items() if "guard" in name} == {}
    assert set(versions(space.everything())) == set(before)

    found = run(space, tmp_path, guard_until="finished", guard_timeout=90)
    assert found["Guard the releases"].rollouts[NAME]["stage"] == "recovered", found.console
    assert status(space, NAME)["stableRS"] == status(space, NAME)["currentPodHash"] == stable


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"guard_services": "user-service"}, "Nothing is guarded: user-service of guard_services can be neither held"),
        (
            {"guard_services": "tradng-service"},
            "Nothing is guarded: the selected services: the catalog has no service 'tradng-service', did you mean",
        ),
        ({"guard_services": "trading-service"}, f"there is no Rollout {NAME} in namespace"),
        ({"guard_policy": {"windw": "30s"}}, "tradesense_guard_policy.windw: unknown key"),
        ({"guard_mode": "dry-run"}, "value of guard_mode must be one of"),
        ({"tradesense_services": {}}, "Nothing is guarded: no service of the catalog is canary or blue_green"),
    ],
)
def test_a_mistake_is_a_sentence(
    variables: dict[str, Any], sentence: str, space: Space, sandbox: Sandbox, tmp_path: Path
) -> None:
    found = run(space, tmp_path, code=None, guard_timeout=5, **variables)
    assert sentence in found.console
