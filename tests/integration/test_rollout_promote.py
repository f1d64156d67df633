# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_promote, with the traps of promotion on the real controller."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration.support.cluster import Space, versions
from tests.integration.support.objects import (
    PAUSE,
    analysis,
    blue_green,
    canary,
    deployment,
    image,
    measuring,
    routed,
    weight,
)
from tests.integration.support.plays import Ansible, Data, look, task
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


def test_promotes_step_by_step_and_repeats(ansible: Ansible, space: Space) -> None:
    """Check mode changes nothing; each promotion ends one pause; expected_step makes a repetition harmless."""
    start(space, *routed("web", weight(20), PAUSE, weight(60), PAUSE))
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_promote", name="check", rollouts=["web"], check=True, diff=True),
            look("checked"),
            task("rollout_promote", name="first", rollouts=["web"], expected_step=1, diff=True),
            task("rollout_promote", name="repeated", rollouts=["web"], expected_step=1, fails=True),
            task("rollout_wait", rollouts=["web"], state=["ready_for_promotion"]),
            task("rollout_promote", name="second", rollouts=["web"], expected_step=3),
            task("rollout_wait", name="through", rollouts=["web"]),
            task("rollout_promote", name="done", rollouts=["web"]),
        ],
    )
    assert versions(run["before"].objects) == versions(run["checked"].objects)
    assert run["check"].changed
    assert run["first"].changed
    assert run["first"].rollouts["web"]["result"].startswith("step 1 passed, now in step ")
    [entry] = run["first"].data["diff"]
    assert entry["before"] == "revision 2, Paused CanaryPauseStep\n"
    assert entry["after"].startswith("step 1 passed")
    assert run["repeated"].data["reason"] == "NotExpected"
    assert "step 1 was expected, but it is at step" in run["repeated"].msg
    assert run["rollout_wait"].rollouts["web"]["step"] == {"index": 3, "total": 4}
    assert run["second"].changed
    assert run["done"].rollouts["web"]["result"] == "revision 2 is already promoted"
    assert not run["done"].changed
    assert canary_weight(space, "web-web-canary") == 0


def test_blue_green_switches(ansible: Ansible, space: Space) -> None:
    """The promotion of a blue-green ends when the active Service selects the new pods, and they are ready."""
    start(space, *blue_green("web"))
    new = release(space, "web", "v2")
    reach(space, "web", "Paused")
    run = ansible.tasks(
        space.name,
        [
            task("rollout_promote", rollouts=["web"], expected_hash=new),
            look("promoted"),
            task("rollout_wait", rollouts=["web"]),
            task("rollout_promote", name="again", rollouts=["web"]),
        ],
    )
    assert run["promoted"].objects["Service/web-active"]["spec"]["selector"]["rollouts-pod-template-hash"] == new
    assert not run["again"].changed
    assert serving(space, "web-active") == 2


def test_two_at_once_advance_one_step(ansible: Ansible, space: Space, sandbox: Sandbox, tmp_path: Path) -> None:
    """Two promotions of the same step at the same moment advance it once (T1)."""
    start(space, *routed("web", weight(20), PAUSE, weight(40), PAUSE, weight(60), PAUSE))
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    twins = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        twins.append(Ansible(tmp_path / name, ansible.door))
    tasks = [{**task("rollout_promote", rollouts=["web"], expected_step=1), "ignore_errors": True}]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda twin: twin.tasks(space.name, tasks, strict=False), twins))
    results = [run["rollout_promote"] for run in runs]
    reach(space, "web", "Paused", step=3)
    assert status(space, "web")["currentStepIndex"] == 3
    assert any(result.changed for result in results), [result.msg for result in results]
    for result in results:
        assert not result.failed or "step 1 was expected" in result.msg, result.msg


def test_full_right_after_set_image(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """A full promotion in the same moment as a new image is not lost (T2), and passes pauses and analyses."""
    steps = [weight(20), PAUSE, {"analysis": analysis("bad")}, PAUSE]
    start(space, measuring("bad", sandbox.prometheus, "vector(1)"), *routed("web", *steps), *blue_green("api"))
    names = ["web", "api"]
    run = ansible.tasks(
        space.name,
        [
            task("rollout_set_image", rollouts=names, images={"app": image("v2")}),
            task("rollout_promote", rollouts=names, full=True),
            look(),
            task("rollout_promote", name="again", rollouts=names, full=True),
        ],
    )
    for name in names:
        item = run["rollout_promote"].rollouts[name]
        assert item["result"] == "revision 2 is fully promoted"
        assert item["current_hash"] == item["stable_hash"]
        assert item["images"][0]["image"] == image("v2")
    selector = run["look"].objects["Service/web-stable"]["spec"]["selector"]
    assert selector["rollouts-pod-template-hash"] == run["rollout_promote"].rollouts["web"]["current_hash"]
    assert not run["again"].changed
    for name in names:
        promoted(space, name)


def test_refuses_what_would_skip_or_release_unchecked(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Paused by hand (T3), aborted (T6), running and an unknown step: a sentence each, and nothing changes."""
    start(
        space,
        measuring("bad", sandbox.prometheus, "vector(1)"),
        *routed("held", weight(20), PAUSE),
        *routed("aborted", weight(20), {"analysis": analysis("bad")}),
        *blue_green("starting"),
    )
    space.apply(deployment("users"))
    for name in ("held", "aborted", "starting"):
        release(space, name, "v2-neverready" if name == "starting" else "v2")
    reach(space, "held", "Paused")
    space.patch("Rollout", "held", {"spec": {"paused": True}})
    space.until(lambda: status(space, "aborted").get("abortedAt"), "the abort")
    space.until(lambda: selected(space, "starting-preview") == status(space, "starting")["currentPodHash"], "preview")
    everything: Data = {"rollouts": ["held", "aborted", "starting", "users"]}
    run = ansible.tasks(
        space.name,
        [
            task("rollout_promote", name="plain", fails=True, **everything),
            task("rollout_promote", name="full", rollouts=["aborted"], full=True, fails=True),
            task("rollout_promote", name="both", rollouts=["held"], full=True, skip_all_steps=True, fails=True),
        ],
    )
    errors = {name: item["error"] for name, item in run["plain"].rollouts.items()}
    assert "it is paused by hand (spec.paused), and promoting it would also skip its step" in errors["held"]
    aborted = "revision 2 was aborted, and promoting it would release it unchecked"
    assert aborted in errors["aborted"]
    assert aborted in run["full"].msg
    assert "it is not paused (Progressing" in errors["starting"]
    assert "a Deployment cannot be promoted" in errors["users"]
    assert all(error in run["plain"].msg for error in errors.values())
    assert run["plain"].data["reason"] == run["full"].data["reason"] == "Refused"
    assert "mutually exclusive" in run["both"].msg
    assert not any(result.changed for result in run.results)
    assert status(space, "held")["currentStepIndex"] == 1
    assert status(space, "aborted")["abort"] is True
    assert not status(space, "aborted").get("promoteFull")


def test_skips_steps_when_told(ansible: Ansible, space: Space) -> None:
    """skip_current_step passes one step, skip_all_steps the rest."""
    start(space, canary("web", weight(50), PAUSE, PAUSE, PAUSE))
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    run = ansible.tasks(
        space.name,
        [
            task("rollout_promote", name="one", rollouts=["web"], skip_current_step=True),
            task("rollout_wait", rollouts=["web"], state=["ready_for_promotion"]),
            task("rollout_promote", name="all", rollouts=["web"], skip_all_steps=True),
        ],
    )
    assert run["rollout_wait"].rollouts["web"]["step"]["index"] == 2
    assert run["all"].changed
    promoted(space, "web")


def test_timeout_names_what_was_awaited(ansible: Ansible, space: Space) -> None:
    """A promotion that does not come in time says what it waited for."""
    start(space, *blue_green("web"))
    release(space, "web", "v2-neverready")
    run = ansible.tasks(space.name, [task("rollout_promote", rollouts=["web"], full=True, timeout=2, fails=True)])
    failed = run["rollout_promote"]
    assert failed.data["reason"] == "Timeout"
    assert (
        f"Rollout web in namespace {space.name}: not done within 2 s: waited for revision 2 to be stable" in failed.msg
    )
    assert failed.changed, "the request was sent, and the result says so"
