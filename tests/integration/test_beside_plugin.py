# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_info beside the real kubectl plugin: the same answers in every state, or a documented better one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.support.beside import State, bring_about
from tests.integration.support.cluster import Space
from tests.integration.support.comparison import complaint, differences
from tests.integration.support.plays import ROOT, Ansible
from tests.integration.support.plugin import Plugin
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.states import blue_greens, canaries, gates, others, routed

# The states of a group are brought about at the same time, in one namespace.
GROUPS: dict[str, list[State]] = {
    "canaries-at-rest": canaries.AT_REST,
    "canaries-in-flight": canaries.IN_FLIGHT,
    "routed": routed.STATES,
    "blue-greens": blue_greens.STATES,
    "canary-gates": gates.CANARY,
    "blue-green-gates": gates.BLUE_GREEN,
    "not-valid": others.NOT_VALID,
    "unseen": others.UNSEEN,
}
DOCUMENTATION = ROOT / "docs" / "beside-the-plugin.md"


@pytest.mark.parametrize("group", GROUPS)
def test_tells_what_the_plugin_tells(group: str, space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """Phase, message, step, weights, images, numbers of pods and the tree are the plugin's, but for what is meant."""
    states = GROUPS[group]
    space.create(*gates.around(sandbox.prometheus))
    bring_about(space, states)
    found = differences(space, states, Plugin(sandbox.argo_plugin), Ansible(tmp_path))
    problems = complaint(states, found)
    assert not problems, f"\n{problems}"


def test_every_difference_is_documented() -> None:
    """Each field that differs has its row with a state in which it does, and no row is without one."""
    differing = {
        (name, f"{group}/{state.name}")
        for group, states in GROUPS.items()
        for state in states
        for name in state.differs
    }
    documented = {(name, state) for name, states in _rows() for state in states}
    assert documented <= differing
    assert {name for name, _ in documented} == {name for name, _ in differing}


def _rows() -> list[tuple[str, list[str]]]:
    """Return the first column of the table of differences, and the states that its last column names."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [(row[0].strip(" `"), re.findall("`([^`]+)`", row[-1])) for row in rows]
