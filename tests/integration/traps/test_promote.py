# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The traps of promotion: T1 to T4 and T6."""

from __future__ import annotations

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.frozen import freeze, frozen, thaw
from tests.integration.support.naive import Naive
from tests.integration.support.objects import PAUSE, analysis, blue_green, canary, image, measuring, routed, weight
from tests.integration.support.plays import Ansible, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import (
    canary_weight,
    promoted,
    reach,
    release,
    selected,
    serving,
    start,
    status,
)
from tests.integration.support.watching import Watch
from tests.integration.traps.templates import doubtful, runs_of, steady
from tests.integration.traps.waits import each


def pauses_at(states: list[Obj]) -> set[int]:
    """Return the steps at which a Rollout was ever seen paused by a step."""
    return {
        int(item["status"]["currentStepIndex"])
        for item in states
        for condition in (item.get("status") or {}).get("pauseConditions") or []
        if condition["reason"] == "CanaryPauseStep"
    }


def test_t1_a_second_promotion_before_the_controller_worked(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T1: two promotions in quick succession skip a pause that nobody saw; ours waits, and then knows its step is over."""
    steps = [weight(50), PAUSE, PAUSE, PAUSE]
    start(space, canary("plain", *steps), canary("ours", *steps))
    for name in ("plain", "ours"):
        release(space, name, "v2")
        reach(space, name, "Paused", step=1)
    with Watch(space, "Rollout") as watch:
        with frozen(space, "plain"):
            naive.promote("plain")
            naive.promote("plain")
        reach(space, "plain", "Paused", step=3)
        freeze(space, "ours")
        naive.promote("ours")
        ours: Obj = {"rollouts": ["ours"], "expected_step": 1}
        run = ansible.tasks(
            space.name,
            [
                task("rollout_promote", name="too early", timeout=1, fails=True, **ours),
                thaw("ours"),
                task("rollout_wait", rollouts=["ours"], state=["ready_for_promotion"]),
                task("rollout_promote", name="too late", fails=True, **ours),
            ],
        )
        reach(space, "ours", "Paused", step=2)
    assert pauses_at(watch.states("plain")) == {1, 3}, "the pause of step 2 was skipped"
    assert run["too early"].data["reason"] == "Timeout"
    assert "waited for the controller (waiting for rollout to unpause)" in run["too early"].msg
    assert not run["too early"].changed
    assert run["too late"].data["reason"] == "NotExpected"
    assert pauses_at(watch.states("ours")) == {1, 2}


def test_t2_a_full_promotion_right_after_a_new_image(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T2: the plugin reports a full promotion and sends none, a plain patch is erased; ours waits until it can be taken."""
    names = ["plugin", "patch", "ours"]
    start(space, *(canary(name, weight(50), PAUSE) for name in names))
    with frozen(space, "plugin", "patch"):
        naive.set_image("plugin", "v2")
        assert naive.promote("plugin", full=True) == "rollout 'plugin' fully promoted"
        naive.set_image("patch", "v2")
        answer = space.patch("Rollout", "patch", {"status": {"promoteFull": True}}, subresource="status")
        assert answer["status"]["promoteFull"] is True
    for name in ("plugin", "patch"):
        reach(space, name, "Paused", step=1)
        assert not status(space, name).get("promoteFull")
    freeze(space, "ours")
    naive.set_image("ours", "v2")
    options: Obj = {"rollouts": ["ours"], "full": True}
    run = ansible.tasks(
        space.name,
        [
            task("rollout_promote", name="too early", timeout=1, fails=True, **options),
            thaw("ours"),
            task("rollout_promote", name="in time", **options),
        ],
    )
    assert run["too early"].data["reason"] == "Timeout"
    assert not run["too early"].changed
    assert run["in time"].changed
    assert run["in time"].rollouts["ours"]["result"] == "revision 2 is fully promoted"
    promoted(space, "ours")
    assert space.get("Rollout", "ours")["spec"]["template"]["spec"]["containers"][0]["image"] == image("v2")


def test_t3_a_promotion_that_is_meant_as_resume(ansible: Ansible, space: Space, naive: Naive, sandbox: Sandbox) -> None:
    """T3: the only way the plugin knows out of a pause drops the running analysis; ours are two verbs."""
    steps = [weight(50), {"analysis": analysis("steady")}, PAUSE]
    start(space, steady("steady", sandbox.prometheus), canary("plain", *steps), canary("ours", *steps))
    for name in ("plain", "ours"):
        release(space, name, "v2")
    each(space, ("plain", "ours"), lambda name: runs_of(space, name), "the analysis")
    for name in ("plain", "ours"):
        naive.pause(name)
        reach(space, name, "Paused")
    assert naive.promote("plain") == "rollout 'plain' promoted"
    reach(space, "plain", "Paused", step=2)
    [dropped] = runs_of(space, "plain")
    assert dropped["spec"]["terminate"] is True
    space.until(
        lambda: runs_of(space, "plain")[0]["status"]["phase"] == "Successful", "the dropped run counts as passed"
    )
    run = ansible.tasks(
        space.name,
        [
            task("rollout_promote", rollouts=["ours"], fails=True),
            task("rollout_resume", rollouts=["ours"]),
        ],
    )
    assert "it is paused by hand (spec.paused), and promoting it would also skip its step" in run["rollout_promote"].msg
    assert run["rollout_resume"].changed
    assert status(space, "ours")["currentStepIndex"] == 1
    [kept] = runs_of(space, "ours")
    assert (kept["status"]["phase"], kept["spec"].get("terminate")) == ("Running", None)


def test_t4_an_inconclusive_analysis_in_the_background(
    ansible: Ansible, space: Space, naive: Naive, sandbox: Sandbox
) -> None:
    """T4: one promotion goes through both pauses to full release, without one good measurement; ours refuses it."""
    start(space, doubtful("doubtful", sandbox.prometheus), *watched("plain"), *watched("ours"))
    stable = status(space, "ours")["stableRS"]
    for name in ("plain", "ours"):
        release(space, name, "v2")
    # Even the first pause is not kept: the one for the analysis makes the controller believe it was ended by hand.
    each(
        space, ("plain", "ours"), lambda name: status(space, name).get("currentStepIndex") == 2, "past its first pause"
    )
    naive.promote("plain")
    promoted(space, "plain")
    assert {run["status"]["phase"] for run in runs_of(space, "plain")} == {"Inconclusive"}
    run = ansible.tasks(
        space.name,
        [
            task("rollout_promote", name="plain", rollouts=["ours"], fails=True),
            task("rollout_promote", name="forced", rollouts=["ours"], force=True, fails=True),
            task("rollout_promote", name="skip", rollouts=["ours"], skip_current_step=True, fails=True),
            task("rollout_undo", rollouts=["ours"]),
        ],
    )
    for name in ("plain", "forced", "skip"):
        assert "its background analysis was inconclusive" in run[name].msg
        assert run[name].data["reason"] == "Refused"
        assert not run[name].changed
        assert run[name].rollouts["ours"]["step"]["index"] == 2
    assert len(runs_of(space, "ours")) == 1
    assert selected(space, "ours-stable") == stable
    assert canary_weight(space, "ours-ours-canary") == 0
    assert serving(space, "ours-stable") == 2


def watched(name: str) -> list[Obj]:
    """Return a routed canary with two pauses and an analysis in the background that comes to no verdict."""
    made = routed(name, weight(20), PAUSE, weight(60), PAUSE)
    made[-1]["spec"]["strategy"]["canary"]["analysis"] = analysis("doubtful")
    return made


def test_t4_an_inconclusive_step_and_an_inconclusive_gate(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """T4: an inconclusive step is passed alone, without the pause behind it; a gate measures anew and does not open."""
    steps = [weight(50), {"analysis": analysis("doubtful")}, PAUSE, PAUSE]
    start(space, doubtful("doubtful", sandbox.prometheus), canary("web", *steps), *blue_green("api", gate="doubtful"))
    stable = status(space, "api")["stableRS"]
    for name in ("web", "api"):
        release(space, name, "v2")
    for name in ("web", "api"):
        reach(space, name, "Paused")
    each(space, ("web", "api"), lambda name: inconclusive(space, name), "the pause for the analysis")
    run = ansible.tasks(
        space.name,
        [
            task("rollout_promote", name="step", rollouts=["web"], expected_step=1),
            task("rollout_promote", name="gate", rollouts=["api"], fails=True),
            task("rollout_promote", name="anew", rollouts=["api"], force=True),
        ],
    )
    assert run["step"].rollouts["web"]["result"] == "step 1 passed, now in step 2 of 4"
    reach(space, "web", "Paused", step=2)
    assert len(runs_of(space, "web")) == 1
    assert "its analysis was inconclusive: the controller would measure anew" in run["gate"].msg
    assert not run["gate"].changed
    assert run["anew"].rollouts["api"]["result"].startswith("its analysis measures anew")
    assert len(runs_of(space, "api")) == 2
    assert selected(space, "api-active") == stable


def inconclusive(space: Space, name: str) -> bool:
    """Return whether a Rollout is paused for an inconclusive analysis."""
    reasons = [item["reason"] for item in status(space, name).get("pauseConditions") or []]
    return "InconclusiveAnalysisRun" in reasons


def test_t6_a_full_promotion_of_an_aborted_revision(
    ansible: Ansible, space: Space, naive: Naive, sandbox: Sandbox
) -> None:
    """T6: what an analysis has just stopped goes to everybody, unmeasured; ours asks for force."""
    bad = measuring("bad", sandbox.prometheus, "vector(1)")
    steps = [weight(50), {"analysis": analysis("bad")}]
    plain = [canary("plain", *steps), *blue_green("plain-too", gate="bad")]
    ours = [canary("ours", *steps), *blue_green("ours-too", gate="bad")]
    start(space, bad, *plain, *ours)
    names = ["plain", "plain-too", "ours", "ours-too"]
    stable = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        release(space, name, "v2-errors50")
    each(space, names, lambda name: status(space, name).get("abortedAt"), "the abort")
    for name in names[:2]:
        assert naive.promote(name, full=True) == f"rollout '{name}' fully promoted"
    for name in names[:2]:
        promoted(space, name)
        assert status(space, name)["stableRS"] != stable[name]
        assert len(runs_of(space, name)) == 1, "nothing was measured again"
    run = ansible.tasks(
        space.name,
        [
            task("rollout_promote", name="full", rollouts=names[2:], full=True, fails=True),
            task("rollout_promote", name="plain", rollouts=names[2:], fails=True),
        ],
    )
    for name in names[2:]:
        for result in run.results:
            assert "revision 2 was aborted" in result.rollouts[name]["error"]
            assert not result.changed
        assert status(space, name)["stableRS"] == stable[name]
        assert status(space, name)["abort"] is True
    assert selected(space, "ours-too-active") == stable["ours-too"]
