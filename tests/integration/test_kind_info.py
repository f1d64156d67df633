# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module kind_info: which kinds the cluster serves."""

from __future__ import annotations

import pytest

from tests.integration.support.cluster import Space
from tests.integration.support.plays import Ansible, Data, task

pytestmark = pytest.mark.every_pair

ROLLOUT: Data = {"api_version": "argoproj.io/v1alpha1", "kind": "Rollout"}
SERVICE: Data = {"api_version": "v1", "kind": "Service"}
GONE: Data = {"api_version": "gone.example.com/v1", "kind": "Gone"}
# Subresources and the other versions of a group are no kinds of it.
NONE: Data = {"api_version": "apps/v1", "kind": "Scale"}


def test_kinds_are_served_or_not(ansible: Ansible, space: Space) -> None:
    """In the order asked, in check mode too; an unknown group is an answer, an empty question is not one."""
    run = ansible.tasks(
        space.name,
        [
            task("kind_info", name="both", kinds=[ROLLOUT, SERVICE]),
            task("kind_info", name="one", kinds=[ROLLOUT], check=True),
            task("kind_info", name="some", kinds=[GONE, ROLLOUT, NONE]),
            task("kind_info", name="none", kinds=[], fails=True),
            task("kind_info", name="empty", kinds=[{**ROLLOUT, "kind": ""}], fails=True),
        ],
    )
    assert run.changed == 0
    assert run["both"].data["kinds"] == [{**ROLLOUT, "served": True}, {**SERVICE, "served": True}]
    assert run["both"].msg == "The cluster serves all 2 kinds."
    assert run["one"].msg == "The cluster serves it."
    assert [kind["served"] for kind in run["some"].data["kinds"]] == [False, True, False]
    assert run["some"].msg == "The cluster does not serve Gone of gone.example.com/v1, Scale of apps/v1."
    assert run["none"].msg.startswith("no kind is named. Set kinds to a list of api_version and kind")
    assert run["empty"].msg.startswith("a kind has an empty api_version or kind.")
    assert {run[name].data["reason"] for name in ("none", "empty")} == {"BadOption"}
