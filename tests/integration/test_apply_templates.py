# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module apply: pod templates, which belong to the release."""

from __future__ import annotations

import copy

import pytest

from tests.integration.support.cluster import Space, versions
from tests.integration.support.objects import PAUSE, canary, image, weight
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.stage import promote_fully, promoted, reach, release, replica_sets, start, status

pytestmark = pytest.mark.every_pair


def test_keep_reports_and_apply_releases(ansible: Ansible, space: Space) -> None:
    """With keep the template stays and is reported as pending, and all else is applied; apply starts the rollout."""
    start(space, canary("web", weight(50), PAUSE, env={"LEVEL": "INFO"}))
    wanted = canary("web", weight(50), PAUSE, env={"LEVEL": "DEBUG"})
    wanted["spec"]["progressDeadlineSeconds"] = 77
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("apply", name="keep", definitions=[wanted], pod_templates="keep"),
            look("kept"),
            task("apply", name="apply", definitions=[wanted]),
        ],
    )
    assert run["keep"].changed
    assert run["keep"].data["pending"] == [f"Rollout web in namespace {space.name}"]
    assert f"waiting for a release: Rollout web in namespace {space.name}" in run["keep"].msg
    before, kept = (run[name].objects["Rollout/web"] for name in ("before", "kept"))
    assert kept["spec"]["template"] == before["spec"]["template"]
    assert kept["spec"]["progressDeadlineSeconds"] == 77
    assert len([name for name in run["kept"].objects if name.startswith("ReplicaSet/")]) == 1
    assert run["apply"].changed
    assert run["apply"].data["pending"] == []
    live = reach(space, "web", "Paused", step=1)
    assert live["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "LEVEL", "value": "DEBUG"}]
    assert len(replica_sets(space, "web")) == 2


def test_keep_leaves_released_images_alone(ansible: Ansible, space: Space) -> None:
    """A provisioning in the middle of a canary neither reports nor changes the image that the release brought."""
    wanted = canary("web", weight(50), PAUSE)
    start(space, wanted)
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    run = ansible.tasks(
        space.name,
        [look("before"), task("apply", definitions=[wanted], pod_templates="keep"), look("after")],
    )
    assert not run["apply"].changed
    assert run["apply"].data["pending"] == []
    assert versions(run["before"].objects) == versions(run["after"].objects)


def test_another_order_is_no_new_revision(ansible: Ansible, space: Space) -> None:
    """The same environment in another order is the same template for people, and starts no rollout."""
    wanted = canary("web", weight(50), PAUSE, env={"A": "1", "B": "2", "C": "3"})
    start(space, wanted)
    turned = copy.deepcopy(wanted)
    turned["spec"]["template"]["spec"]["containers"][0]["env"].reverse()
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("apply", name="keep", definitions=[turned], pod_templates="keep"),
            task("apply", name="apply", definitions=[turned]),
            look("after"),
        ],
    )
    assert not run["keep"].changed
    assert not run["apply"].changed
    assert run["keep"].data["pending"] == []
    assert versions(run["before"].objects) == versions(run["after"].objects)


def test_catalog_applies_again_after_an_undo(ansible: Ansible, space: Space) -> None:
    """The template an undo brought back can be replaced, and fields removed, by the next apply."""
    old = canary("web", env={"OLD": "1", "LEVEL": "INFO"})
    new = canary("web", tag="v2", env={"LEVEL": "DEBUG"})
    start(space, old)
    first = status(space, "web")["stableRS"]
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="release", definitions=[new]),
            task("rollout_wait", rollouts=["web"]),
            task("rollout_undo", rollouts=["web"], full=True),
            task("apply", name="release again", definitions=[new]),
        ],
    )
    released = run["rollout_wait"].rollouts["web"]["current_hash"]
    assert released != first
    assert run["rollout_undo"].rollouts["web"]["current_hash"] == first
    assert run["release again"].changed
    promoted(space, "web")
    container = space.get("Rollout", "web")["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [{"name": "LEVEL", "value": "DEBUG"}]
    assert container["image"] == image("v2")
    assert status(space, "web")["stableRS"] == released


def test_catalog_takes_the_place_of_a_hand_made_release(ansible: Ansible, space: Space) -> None:
    """An image that somebody else promoted by hand is a conflict that names the field, and force takes it."""
    wanted = canary("web")
    start(space, wanted)
    release(space, "web", "v2")
    promote_fully(space, "web")
    run = ansible.tasks(
        space.name,
        [
            task("apply", name="refused", fails=True, definitions=[wanted]),
            task("apply", name="forced", definitions=[wanted], force=True),
        ],
    )
    assert 'spec.template.spec.containers[name="app"].image belongs to somebody-else' in run["refused"].msg
    assert run["forced"].changed
    promoted(space, "web")
    assert space.get("Rollout", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == image("v1")
