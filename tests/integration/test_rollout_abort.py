# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_abort, with the traps of aborting on the real controller."""

from __future__ import annotations

from tests.integration.support.cluster import Space, versions
from tests.integration.support.objects import PAUSE, blue_green, canary, deployment, image, routed, weight
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.stage import (
    canary_weight,
    promoted,
    reach,
    release,
    selected,
    serving,
    start,
    status,
    unready,
)


def test_aborts_and_repeats(ansible: Ansible, space: Space) -> None:
    """Check mode changes nothing; the real call takes all traffic off the canary; the second has nothing to do."""
    start(space, *routed("web", weight(30), PAUSE), *blue_green("api"))
    names = ["web", "api"]
    stable = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        release(space, name, "v2")
        reach(space, name, "Paused")
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_abort", name="check", rollouts=names, check=True, diff=True),
            look("checked"),
            task("rollout_abort", name="abort", rollouts=names, expected_revision=2, diff=True),
            look("aborted"),
            task("rollout_abort", name="again", rollouts=names),
        ],
    )
    assert versions(run["before"].objects) == versions(run["checked"].objects)
    assert run["check"].changed
    assert run["abort"].changed
    assert not run["again"].changed
    assert len(run["abort"].data["diff"]) == 2
    for name in names:
        item = run["abort"].rollouts[name]
        assert item["aborted"]
        assert item["phase"] == "Degraded"
        assert item["stable_hash"] == stable[name]
        assert item["result"] == f"revision 2 is aborted, {stable[name]} serves all traffic"
        assert run["again"].rollouts[name]["result"] == "revision 2 is aborted already"
    ingress = run["aborted"].objects["Ingress/web-web-canary"]
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"] == "0"
    assert serving(space, "web-stable") == serving(space, "api-active") == 2
    assert selected(space, "api-active") == stable["api"]


def test_after_a_full_promotion(ansible: Ansible, space: Space) -> None:
    """An abort while a full promotion waits for pods is not lost (T7)."""
    start(space, *routed("web", weight(30), PAUSE), *blue_green("api"))
    names = ["web", "api"]
    stable = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        release(space, name, "v2-neverready")
        space.patch("Rollout", name, {"status": {"promoteFull": True}}, subresource="status")
    run = ansible.tasks(space.name, [task("rollout_abort", rollouts=names)])
    for name in names:
        assert run["rollout_abort"].rollouts[name]["aborted"]
        assert not status(space, name).get("promoteFull")
        assert status(space, name)["stableRS"] == stable[name]
    assert canary_weight(space, "web-web-canary") == 0
    assert selected(space, "api-active") == stable["api"]
    assert serving(space, "api-active") == serving(space, "web-stable") == 2


def test_while_paused_by_hand(ansible: Ansible, space: Space) -> None:
    """An abort of a rollout that somebody paused is finished, not only recorded (T8)."""
    start(space, *blue_green("web"))
    stable = status(space, "web")["stableRS"]
    release(space, "web", "v2")
    reach(space, "web", "Paused")
    space.patch("Rollout", "web", {"spec": {"paused": True}})
    run = ansible.tasks(space.name, [task("rollout_abort", rollouts=["web"])])
    assert run["rollout_abort"].changed
    assert selected(space, "web-active") == stable
    assert serving(space, "web-active") == 2
    assert not space.get("Rollout", "web")["spec"].get("paused")


def test_blue_green_with_sick_pods_goes_back(ansible: Ansible, space: Space) -> None:
    """After the switch, with new pods that are not ready, the abort still ends with ready endpoints on stable (X1)."""
    wanted = blue_green("web", auto=True)
    wanted[2]["spec"]["strategy"]["blueGreen"]["postPromotionAnalysis"] = {"templates": [{"templateName": "slow"}]}
    start(space, endless("slow"), *wanted)
    stable = status(space, "web")["stableRS"]
    new = release(space, "web", "v2")
    space.until(lambda: selected(space, "web-active") == new, "the switch to the new pods")
    unready(space, new)
    space.until(lambda: serving(space, "web-active") == 0, "no endpoints")
    run = ansible.tasks(space.name, [task("rollout_abort", rollouts=["web"])])
    assert run["rollout_abort"].changed
    assert selected(space, "web-active") == stable
    assert serving(space, "web-active") == 2


def endless(name: str) -> dict[str, object]:
    """Return an AnalysisTemplate that goes on for longer than any test."""
    metric = {
        "name": "waits",
        "initialDelay": "1h",
        "count": 1,
        "provider": {"prometheus": {"address": "http://127.0.0.1:9", "query": "vector(1)"}},
    }
    api = "argoproj.io/v1alpha1"
    return {"apiVersion": api, "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": {"metrics": [metric]}}


def test_refuses_at_rest(ansible: Ansible, space: Space) -> None:
    """With nothing in flight there is nothing to abort (T9), nor with another revision than the caller saw."""
    start(space, canary("web"), canary("api", weight(50), PAUSE))
    space.apply(deployment("users"))
    release(space, "api", "v2")
    reach(space, "api", "Paused")
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_abort", name="rest", rollouts=["web"], fails=True),
            task("rollout_abort", name="newer", rollouts=["api"], expected_revision=1, fails=True),
            task("rollout_abort", name="rolling", rollouts=["users"], fails=True),
            look("after"),
        ],
    )
    assert "nothing is in flight: revision 1 is the stable one. " in run["rest"].msg
    assert "To take back a promoted revision, use rollout_undo." in run["rest"].msg
    assert run["rest"].data["reason"] == "Refused"
    assert "revision 1 was expected, but it is at revision 2" in run["newer"].msg
    assert "a Deployment cannot be aborted" in run["rolling"].msg
    rollouts = {name for name in run["before"].objects if name.startswith("Rollout/")}
    for name in rollouts:
        assert versions(run["before"].objects)[name] == versions(run["after"].objects)[name]


def test_in_the_same_moment_as_a_new_image(ansible: Ansible, space: Space) -> None:
    """An abort right after a new image is not erased by it (T9)."""
    start(space, *routed("web", weight(30), PAUSE))
    stable = status(space, "web")["stableRS"]
    run = ansible.tasks(
        space.name,
        [
            task("rollout_set_image", rollouts=["web"], images={"app": image("v2")}),
            task("rollout_abort", rollouts=["web"]),
        ],
    )
    item = run["rollout_abort"].rollouts["web"]
    assert (item["aborted"], item["stable_hash"]) == (True, stable)
    assert status(space, "web").get("abortedAt")
    release(space, "web", "v3")
    reach(space, "web", "Paused")
    space.patch("Rollout", "web", {"status": {"promoteFull": True}}, subresource="status")
    promoted(space, "web")
