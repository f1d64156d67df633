# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_info."""

from __future__ import annotations

from tests.integration.support.cluster import Space, versions
from tests.integration.support.objects import PAUSE, analysis, blue_green, deployment, image, measuring, routed, weight
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import reach, release, start, status


def test_tells_where_everything_stands(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """A canary in flight, a blue-green and a Deployment: phases, weights, images, revisions, measurements."""
    steps = [weight(25), {"analysis": analysis("fine")}, PAUSE]
    start(space, measuring("fine", sandbox.prometheus, "vector(0.011)"), *routed("web", *steps), *blue_green("api"))
    space.apply(deployment("users"))
    stable = status(space, "web")["stableRS"]
    current = release(space, "web", "v2")
    reach(space, "web", "Paused", step=2)
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_info", name="all", show="tree", check=True),
            task("rollout_info", name="one", rollouts=["api"], show="table"),
            look("after"),
        ],
    )
    everything = run["all"]
    assert not everything.changed
    assert everything.msg == f"3 rollouts and deployments in namespace {space.name}."
    assert versions(run["before"].objects) == versions(run["after"].objects)
    web = everything.rollouts["web"]
    assert {key: web[key] for key in ("kind", "strategy", "phase", "message")} == {
        "kind": "Rollout",
        "strategy": "canary",
        "phase": "Paused",
        "message": "CanaryPauseStep",
    }
    assert (web["revision"], web["stable_revision"]) == (2, 1)
    assert (web["current_hash"], web["stable_hash"]) == (current, stable)
    assert (web["in_flight"], web["aborted"], web["paused"]) == (True, False, True)
    assert web["pause_reasons"] == ["CanaryPauseStep"]
    assert web["step"] == {"index": 2, "total": 3}
    assert web["weight"] == {"set": 25, "actual": 25}
    assert web["serving"] == {"hash": stable, "ready": {stable: 2}, "canary_weight": 25}
    assert {item["image"]: item["tags"] for item in web["images"]} == {
        image("v2"): ["canary"],
        image("v1"): ["stable"],
    }
    assert [(item["revision"], item["hash"], item["images"]) for item in web["revisions"]] == [
        (2, current, [image("v2")]),
        (1, stable, [image("v1")]),
    ]
    [analysis_run] = web["analysis_runs"]
    assert (analysis_run["phase"], analysis_run["hash"]) == ("Successful", current)
    assert [item["value"] for item in analysis_run["measurements"]] == ["0.011"] * 3
    assert analysis_run["measurements"][0]["condition"] == "< 0.02"
    users = everything.rollouts["users"]
    assert (users["kind"], users["strategy"], users["phase"]) == ("Deployment", "rolling", "Healthy")
    assert users["replicas"] == {"desired": 2, "current": 2, "updated": 2, "ready": 2, "available": 2}
    assert set(run["one"].rollouts) == {"api"}
    assert run["one"].rollouts["api"]["strategy"] == "blue_green"
    lines = run.console if ansible.door == "action" else "\n".join(everything.data["progress"])
    assert "web  canary  Paused (CanaryPauseStep), step 2/3, weight 25 %" in lines
    assert f"revision 1  {stable}  {image('v1')}  2/2 ready  stable, serving" in lines
    assert "metric error-share measured 0.011, needs < 0.02: Successful" in lines
