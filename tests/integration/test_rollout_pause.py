# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Modules rollout_pause and rollout_resume on the real controller."""

from __future__ import annotations

from tests.integration.support.cluster import Space, versions
from tests.integration.support.objects import PAUSE, analysis, canary, deployment, image, measuring, routed, weight
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import canary_weight, reach, release, start, status


def test_holds_and_lets_go_where_it_was(ansible: Ansible, space: Space) -> None:
    """In a timed pause, at rest and with Deployments; check mode, repetition and guards; no step is passed by a resume."""
    timed = {"pause": {"duration": "1h"}}
    start(space, *routed("web", weight(20), timed, weight(60), PAUSE), canary("rest"))
    space.apply(deployment("users"))
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    names = ["web", "rest", "users"]
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_pause", name="check", rollouts=names, check=True, diff=True),
            look("checked"),
            task("rollout_pause", name="newer", rollouts=["web"], expected_revision=1, fails=True),
            task("rollout_pause", name="pause", rollouts=names),
            look("paused"),
            task("rollout_pause", name="again", rollouts=names),
            task("rollout_set_image", rollouts=["users"], images={"app": image("v2")}),
            look("held"),
            task("rollout_promote", rollouts=["web"], fails=True),
            task("rollout_resume", name="resume", rollouts=names),
            task("rollout_resume", name="resumed", rollouts=names),
            look("resumed at"),
        ],
    )
    assert versions(run["before"].objects) == versions(run["checked"].objects)
    assert run["check"].changed
    assert "revision 1 was expected, but it is at revision 2" in run["newer"].msg
    assert run["pause"].changed
    for name in names:
        assert run["pause"].rollouts[name]["phase"] == "Paused"
        assert run["pause"].rollouts[name]["paused"]
    assert run["paused"].objects["Rollout/web"]["spec"]["paused"] is True
    assert run["pause"].rollouts["web"]["result"].startswith("it is paused by hand in step 1 of 4")
    assert not run["again"].changed
    waits = "the images are set; it is paused by hand, so the release waits for rollout_resume"
    assert run["rollout_set_image"].rollouts["users"]["result"] == waits
    assert (
        run["held"].objects["Deployment/users"]["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    )
    assert "it is paused by hand (spec.paused)" in run["rollout_promote"].msg
    assert run["resume"].changed
    assert not run["resumed"].changed
    text = "it is not paused by hand; CanaryPauseStep still holds it, and rollout_promote ends that"
    assert run["resumed"].rollouts["web"]["result"] == text
    assert status(space, "web")["currentStepIndex"] == 1
    assert canary_weight(space, "web-web-canary") == 20
    assert not run["resumed at"].objects["Deployment/users"]["spec"].get("paused")


def test_a_resume_does_not_pass_an_analysis(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Held in an analysis step, a resume goes on with that analysis (T3), and the rollout ends Healthy by itself."""
    steps = [weight(20), {"analysis": analysis("slow")}, weight(60)]
    start(space, measuring("slow", sandbox.prometheus, "vector(0.01)", delay="4s"), *routed("web", *steps))
    release(space, "web", "v2")
    space.until(lambda: status(space, "web").get("currentStepIndex") == 1, "the analysis step")
    space.until(lambda: space.list("AnalysisRun"), "its run")
    run = ansible.tasks(
        space.name,
        [
            task("rollout_pause", rollouts=["web"]),
            task("rollout_resume", rollouts=["web"]),
            task("rollout_wait", rollouts=["web"], timeout=60),
        ],
    )
    assert run["rollout_resume"].changed
    [measured] = space.list("AnalysisRun")
    assert measured["status"]["phase"] == "Successful"
    assert measured["status"]["metricResults"][0]["count"] == 3
    assert not measured["spec"].get("terminate")
