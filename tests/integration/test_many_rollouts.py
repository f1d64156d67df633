# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Many rollouts in one task: by label, in parallel, and one that fails beside the others."""

from __future__ import annotations

from typing import Any

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import PAUSE, canary, deployment, image, weight
from tests.integration.support.plays import Ansible, task
from tests.integration.support.stage import reach, release, start

BACKEND = {"component": "backend", "tier": "one"}


def labelled(manifest: Obj, **labels: str) -> Obj:
    """Return a manifest with labels of its own."""
    return {**manifest, "metadata": {**manifest["metadata"], "labels": labels}}


def names(result: Any) -> list[str]:
    """Return the names that a task acted on."""
    return list(result.rollouts)


def test_labels_choose(ansible: Ansible, space: Space) -> None:
    """Rollouts and Deployments by label; a verb that only Rollouts have leaves the Deployments out."""
    steps = (weight(50), PAUSE)
    start(
        space,
        *(labelled(canary(name, *steps), **BACKEND) for name in ("api", "trading")),
        labelled(canary("web", *steps), component="frontend"),
    )
    space.apply(labelled(deployment("users"), **BACKEND))
    chosen: dict[str, Any] = {"label_selectors": ["component=backend", "tier in (one, two)"]}
    run = ansible.tasks(
        space.name,
        [
            task("rollout_info", name="info", **chosen),
            task("rollout_info", name="no info", label_selectors=["component=nothing"]),
            task("rollout_set_image", name="release", images={"app": image("v2")}, **chosen),
            task("rollout_wait", name="ready", state=["ready_for_promotion", "healthy"], timeout=30, **chosen),
            task("rollout_promote", name="promote", **chosen),
            task("rollout_wait", name="through", timeout=30, **chosen),
            task("rollout_promote", name="nothing", label_selectors=["component=nothing"], fails=True),
            task("rollout_promote", name="bad", label_selectors=["=="], fails=True),
            task("rollout_promote", name="both", rollouts=["api"], label_selectors=["component=backend"], fails=True),
            task("rollout_promote", name="neither", fails=True),
        ],
    )
    assert names(run["info"]) == names(run["release"]) == names(run["through"]) == ["api", "trading", "users"]
    assert run["no info"].rollouts == {}
    assert names(run["promote"]) == ["api", "trading"]
    assert run["ready"].rollouts["users"]["state"] == "healthy"
    assert {entry["images"][0]["image"] for entry in run["through"].rollouts.values()} == {image("v2")}
    assert space.get("Rollout", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == image("v1")
    assert "there is no Rollout with the labels component=nothing" in run["nothing"].msg
    assert run["nothing"].data["reason"] == "RolloutNotFound"
    assert "label_selectors: the API server does not understand '=='" in run["bad"].msg
    assert "mutually exclusive" in run["both"].msg
    assert "one of the following is required: rollouts, label_selectors" in run["neither"].msg


def test_one_failure_stands_beside_the_others(ansible: Ansible, space: Space) -> None:
    """Nine of ten are promoted, the tenth says why not; the task fails, and its result holds all ten."""
    every = [f"web-{number}" for number in range(10)]
    start(space, *(canary(name, weight(50), PAUSE) for name in every))
    for name in every:
        release(space, name, "v2")
    for name in every:
        reach(space, name, "Paused", step=1)
    space.patch("Rollout", every[3], {"spec": {"paused": True}})
    reach(space, every[3], "Paused")
    run = ansible.tasks(space.name, [task("rollout_promote", rollouts=every, fails=True)])
    failed = run["rollout_promote"]
    assert names(failed) == every
    assert failed.changed
    assert "error" in failed.rollouts[every[3]]
    assert not failed.rollouts[every[3]]["changed"]
    assert failed.msg.startswith(f"Task failed: Action failed: Rollout {every[3]}") or every[3] in failed.msg
    for name in [name for name in every if name != every[3]]:
        assert failed.rollouts[name]["changed"]
        assert "error" not in failed.rollouts[name]
    assert space.get("Rollout", every[3])["status"]["currentStepIndex"] == 1
