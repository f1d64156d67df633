# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_wait: states, live lines, and ends before the time is over."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.integration.support.cluster import Space
from tests.integration.support.objects import PAUSE, analysis, blue_green, canary, image, measuring, routed, weight
from tests.integration.support.plays import Ansible, Run, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import abort, reach, release, start

BAD = "vector(0.21)"
# How long something waits to happen, so that the task under test sees it: a module takes longer to start.
PAUSES = {"action": "5s", "module": "12s"}


def told(run: Run, ansible: Ansible) -> list[str]:
    """Return the lines of progress, which the module hands back and the action shows."""
    if ansible.door == "module":
        return [str(line) for result in run.verbs("rollout_wait") for line in result.data.get("progress", [])]
    return [line.split("] ", 1)[1] for _, line in run.lines if " [test] " in line]


def test_reaches_each_named_state(ansible: Ansible, space: Space) -> None:
    """All at once: a canary in a step, one at its pause, a blue-green before promotion, one healthy, one aborted."""
    start(
        space,
        *(item for name in ("paused", "aborted") for item in routed(name, weight(20), PAUSE)),
        *blue_green("ready"),
        canary("healthy"),
    )
    for name in ("paused", "aborted", "ready"):
        release(space, name, "v2")
        reach(space, name, "Paused")
    abort(space, "aborted")
    run = ansible.tasks(
        space.name,
        [
            task("rollout_wait", name="healthy", rollouts=["healthy"], timeout=20),
            task("rollout_wait", name="paused", rollouts=["paused", "ready"], state=["paused"], timeout=20),
            task("rollout_wait", name="step", rollouts=["paused"], state=["step"], step=1, timeout=20, check=True),
            task(
                "rollout_wait",
                name="any",
                rollouts=["paused", "ready", "aborted", "healthy"],
                state=["ready_for_promotion", "aborted", "healthy"],
                timeout=20,
            ),
            task("rollout_wait", name="degraded", rollouts=["aborted"], state=["degraded"], timeout=20),
        ],
    )
    assert not any(result.changed for result in run.results)
    assert run["healthy"].msg == "healthy is healthy."
    assert run["step"].msg == "paused is step."
    assert {name: item["state"] for name, item in run["paused"].rollouts.items()} == {
        "paused": "paused",
        "ready": "paused",
    }
    assert {name: item["state"] for name, item in run["any"].rollouts.items()} == {
        "paused": "ready_for_promotion",
        "ready": "ready_for_promotion",
        "aborted": "aborted",
        "healthy": "healthy",
    }
    assert run["degraded"].rollouts["aborted"]["state"] == "degraded"
    assert run["any"].data["table"][0].split()[:3] == ["SERVICE", "STRATEGY", "PHASE"]


def test_until_any_ends_with_the_first(ansible: Ansible, space: Space) -> None:
    """One rollout in a state of until_any ends the wait, although the other is still on its way."""
    start(space, *blue_green("ready"), canary("slow", weight(50), {"pause": {"duration": "1h"}}))
    release(space, "slow", "v2")
    release(space, "ready", "v2")
    started = time.monotonic()
    states = ["healthy", "ready_for_promotion"]
    run = ansible.tasks(
        space.name,
        [
            task(
                "rollout_wait", rollouts=["slow", "ready"], state=states, until_any=["ready_for_promotion"], timeout=100
            )
        ],
    )
    assert time.monotonic() - started < 70
    states_reached = {name: item["state"] for name, item in run["rollout_wait"].rollouts.items()}
    assert states_reached == {"slow": "", "ready": "ready_for_promotion"}


def test_shows_lines_while_it_happens(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """Each step, weight, measurement and the end have a line, in order; the action shows them while the task runs."""
    steps = [weight(20), {"pause": {"duration": PAUSES[ansible.door]}}, {"analysis": analysis("fine")}, weight(60)]
    start(space, measuring("fine", sandbox.prometheus, "vector(0.011)"), *routed("web", *steps))
    run = ansible.tasks(
        space.name,
        [
            task("rollout_set_image", rollouts=["web"], images={"app": image("v2")}),
            task("rollout_wait", rollouts=["web"], timeout=60),
        ],
    )
    lines = told(run, ansible)
    expected = [
        "web: revision 2 (v2), canary",
        f"web: step 2/4 pause {PAUSES[ansible.door]}, weight 20 %",
        "web: step 3/4 analysis fine, weight 20 %",
        "web: analysis metric error-share measured 0.011, needs < 0.02: ok",
        "web: Healthy",
    ]
    places = [next((i for i, line in enumerate(lines) if line.startswith(text)), -1) for text in expected]
    assert -1 not in places, lines
    assert places == sorted(places), lines
    if ansible.door == "action":
        ended = run["rollout_wait"].ended
        seen = [moment for moment, line in run.lines if "error-share measured" in line or "step 2/4 pause" in line]
        assert ended - seen[0] > 3, "the first lines came while the task was running"
        assert seen == sorted(seen)
        assert seen[-1] - seen[0] > 1


def test_ends_early_when_the_analysis_fails(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """An abort by the controller ends the wait at once, with the metric, what was measured and what it needs."""
    steps = [weight(20), {"analysis": analysis("bad")}]
    bad = measuring("bad", sandbox.prometheus, BAD, delay=PAUSES[ansible.door])
    start(space, bad, *routed("web", *steps), canary("other", weight(50), PAUSE))
    started = time.monotonic()
    run = ansible.tasks(
        space.name,
        [
            task("rollout_set_image", rollouts=["web", "other"], images={"app": image("v2")}),
            task("rollout_wait", rollouts=["web", "other"], timeout=100, fails=True),
        ],
    )
    failed = run["rollout_wait"]
    assert time.monotonic() - started < 70
    assert failed.data["reason"] == "Unreachable"
    assert "web: the rollout was aborted in revision 2: " in failed.msg
    assert "metric error-share measured 0.21, needs < 0.02" in failed.msg
    assert "\n" not in failed.msg
    assert set(failed.data["unreachable_states"]) == {"web"}
    assert set(failed.data["lacking"]) == {"other"}
    assert any("error-share measured 0.21, needs < 0.02: FAILED" in line for line in told(run, ansible))


def test_ends_early_when_the_spec_is_invalid(ansible: Ansible, space: Space) -> None:
    """A Rollout that the controller refuses can become nothing: its reason is told."""
    wrong = canary("web", weight(20))
    wrong["spec"]["strategy"]["canary"]["trafficRouting"] = {"nginx": {"stableIngress": "web"}}
    space.apply(wrong)
    run = ansible.tasks(space.name, [task("rollout_wait", rollouts=["web"], timeout=60, fails=True)])
    assert "web: the spec is not valid: " in run["rollout_wait"].msg
    assert "Canary service and Stable service must to be set to use Traffic Routing" in run["rollout_wait"].msg


def test_ends_early_when_it_is_deleted(ansible: Ansible, space: Space) -> None:
    """A Rollout that goes away while it is waited for will not get anywhere."""
    start(space, canary("web", weight(20), PAUSE))
    release(space, "web", "v2")
    reach(space, "web", "Paused")

    def delete() -> None:
        # The pause by hand says that the play runs; the task behind it is the wait.
        space.until(lambda: space.get("Rollout", "web")["spec"].get("paused"), "the pause by hand", seconds=90)
        time.sleep(float(PAUSES[ansible.door].rstrip("s")))
        space.delete("Rollout", "web")

    tasks = [task("rollout_pause", rollouts=["web"]), task("rollout_wait", rollouts=["web"], timeout=100, fails=True)]
    with ThreadPoolExecutor(1) as pool:
        deleted = pool.submit(delete)
        run = ansible.tasks(space.name, tasks)
        deleted.result()
    assert "web: it was deleted" in run["rollout_wait"].msg


def test_timeout_names_what_was_awaited(ansible: Ansible, space: Space) -> None:
    """What is still on its way when the time is over is told, with what it lacks; a paused canary is not healthy."""
    start(space, *blue_green("web"), canary("fine"), canary("held", weight(50), PAUSE))
    release(space, "held", "v2")
    release(space, "web", "v2-neverready")
    reach(space, "held", "Paused")
    run = ansible.tasks(
        space.name,
        [
            task("rollout_wait", name="late", rollouts=["web", "fine", "held"], timeout=2, fails=True),
            task("rollout_wait", name="no step", rollouts=["fine"], state=["step"], fails=True),
        ],
    )
    late = run["late"]
    assert late.data["reason"] == "Timeout"
    assert "not healthy within 2 s: web is Progressing (" in late.msg
    assert late.data["lacking"].keys() == {"web", "held"}
    assert late.data["lacking"]["held"] == "is Paused (CanaryPauseStep)"
    assert late.rollouts["fine"]["state"] == "healthy"
    assert "raise timeout" in late.data["hint"]
    assert "state step needs the option step" in run["no step"].msg
