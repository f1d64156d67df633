# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_retry on the real controller."""

from __future__ import annotations

from tests.integration.support.cluster import Space
from tests.integration.support.objects import PAUSE, blue_green, canary, deployment, routed, weight
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.stage import abort, canary_weight, promoted, reach, release, start, status


def test_begins_again_and_repeats(ansible: Ansible, space: Space) -> None:
    """An aborted canary and an aborted blue-green go through their gates once more; the second call has nothing to do."""
    start(space, *routed("web", weight(20), PAUSE), *blue_green("api"))
    names = ["web", "api"]
    for name in names:
        release(space, name, "v2")
        reach(space, name, "Paused")
        abort(space, name)
    run = ansible.tasks(
        space.name,
        [
            task("rollout_retry", name="check", rollouts=names, check=True),
            look("checked"),
            task("rollout_retry", name="retry", rollouts=names, expected_revision=2),
            task("rollout_retry", name="again", rollouts=names),
            task("rollout_wait", rollouts=names, state=["ready_for_promotion"], timeout=30),
            task("rollout_promote", rollouts=names),
            task("rollout_wait", name="through", rollouts=names, timeout=30),
            task("rollout_retry", name="at rest", rollouts=names),
        ],
    )
    assert run["check"].changed
    for name in names:
        assert run["checked"].objects[f"Rollout/{name}"]["status"]["abort"] is True
        entry = run["retry"].rollouts[name]
        assert entry["changed"]
        assert not entry["aborted"]
        assert entry["phase"] != "Degraded"
        assert entry["result"] == "revision 2 is released again, from its first step"
        assert run["again"].rollouts[name]["result"] == "there is nothing to try again: revision 2 is on its way"
        assert run["at rest"].rollouts[name]["result"] == "there is nothing to try again: revision 2 is live"
        promoted(space, name)
    assert not run["again"].changed
    assert not run["at rest"].changed
    assert canary_weight(space, "web-web-canary") == 0


def test_refuses_what_a_retry_would_not_cure(ansible: Ansible, space: Space) -> None:
    """Held by hand, failed without an abort, and a Deployment: a sentence each, and nothing changes."""
    late = canary("late", weight(50), PAUSE)
    late["spec"]["progressDeadlineSeconds"] = 2
    start(space, *routed("held", weight(20), PAUSE), late)
    space.apply(deployment("users"))
    release(space, "held", "v2")
    reach(space, "held", "Paused")
    abort(space, "held")
    space.patch("Rollout", "held", {"spec": {"paused": True}})
    release(space, "late", "v2-neverready")
    reach(space, "late", "Degraded")
    space.until(lambda: not space.get("Rollout", "held")["status"].get("pauseConditions"), "the abort to be recorded")
    everything = ["held", "late", "users"]
    run = ansible.tasks(
        space.name,
        [look("before"), task("rollout_retry", rollouts=everything, fails=True), look("after")],
    )
    errors = {name: entry["error"] for name, entry in run["rollout_retry"].rollouts.items()}
    assert "it is paused by hand (spec.paused), and a retry would not go on" in errors["held"]
    assert "a retry changes nothing: the progress deadline passed" in errors["late"]
    assert "a Deployment cannot be retried" in errors["users"]
    assert not run["rollout_retry"].changed
    for name in ("held", "late"):
        specs = [run[at].objects[f"Rollout/{name}"]["spec"] for at in ("before", "after")]
        assert specs[0] == specs[1]
    assert status(space, "held")["abort"] is True
