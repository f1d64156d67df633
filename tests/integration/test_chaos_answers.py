# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Requests that are answered badly, late or not at all, by a proxy in front of the real API server."""

from __future__ import annotations

from pathlib import Path

from tests.integration.support.cluster import Cluster, Obj, Space
from tests.integration.support.objects import PAUSE, canary, image, weight
from tests.integration.support.plays import Ansible, Data, look, seconds_of, task
from tests.integration.support.proxy import (
    Fault,
    black_hole,
    cut,
    drip,
    lost,
    misbehaving,
    status,
    swallowed,
    torn,
)
from tests.integration.support.stage import abort, in_first_pause, reach

STEPS = (weight(20), PAUSE, weight(40), PAUSE, weight(60), PAUSE)
# What a task may take beyond its timeout.
GRACE = 3.0

# What happens to the answers of which verb: the request was carried out, and nobody was told. A second promotion, sent as
# an answer to the refusal of the first one's repetition, would pass another step: the controller is given the time for it.
LOST: dict[str, Data] = {
    "promote": task("rollout_promote"),
    "restart": task("rollout_restart"),
    "abort": task("rollout_abort"),
    "set-image": task("rollout_set_image", images={"app": image("v3")}),
    "full": task("rollout_promote", full=True),
    "pause": task("rollout_pause"),
    "undo": task("rollout_undo"),
    "resume": task("rollout_resume"),
    "torn": task("rollout_promote"),
    "retry": task("rollout_retry"),
    "late": task("rollout_promote", full=True),
    "gateway": task("rollout_promote"),
}
LOSSES = {"promote": lost(after=0.5), "torn": torn, "late": lost(after=1.5), "gateway": status(504, carried_out=True)}


def patches(name: str) -> str:
    """Return the expression for the patches of a Rollout."""
    return rf"^PATCH .*/rollouts/{name}[/?]"


def on(name: str, made: Data, **options: object) -> Data:
    """Return a task under the name of the rollout that it is for."""
    [verb] = [key for key in made if key.startswith("tradesense.")]
    return {**made, "name": name, verb: {**made[verb], "rollouts": [name], **options}}


def paused(space: Space, *names: str) -> None:
    """Bring canaries up that pause with their second version in step 1."""
    in_first_pause(space, *(canary(name, *STEPS) for name in names))


def asked_of(item: Obj) -> Obj:
    """Return what of a Rollout a verb may have written."""
    wishes = ("abort", "promoteFull", "pauseConditions", "controllerPause", "currentStepIndex")
    return {"spec": item["spec"], "status": {key: item["status"].get(key) for key in wishes}}


def test_each_verb_finds_its_change_when_the_answer_is_lost(
    ansible: Ansible, space: Space, cluster: Cluster, tmp_path: Path
) -> None:
    """Sent again, the request is refused (409), and by its own doing: that is no conflict and no failure."""
    cases = ansible.some(LOST)
    paused(space, *cases)
    before = {name: space.get("Rollout", name) for name in cases}
    if "resume" in cases:
        space.patch("Rollout", "resume", {"spec": {"paused": True}})
    if "retry" in cases:
        abort(space, "retry")
    faults = [Fault(patches(name), LOSSES.get(name, lost())) for name in cases]
    tasks = [on(name, made, timeout=20) for name, made in cases.items()]
    with misbehaving(cluster, tmp_path, *faults) as (proxy, kubeconfig):
        run = ansible.tasks(space.name, [*tasks, look()], kubeconfig=kubeconfig)
    for name in cases:
        assert run[name].changed, f"{name}: {run[name].msg}"
        assert proxy.asked(patches(name)) == [True, False], name
    now = {name: run["look"].objects[f"Rollout/{name}"] for name in cases}
    stands = {name: item["status"].get("currentStepIndex") for name, item in now.items()}
    assert {stands[name] for name in ("promote", "torn", "gateway") if name in cases} == {3}
    for name in ("full", "late"):
        if name in cases:
            assert now[name]["status"]["stableRS"] == before[name]["status"]["currentPodHash"]
            assert run[name].rollouts[name]["result"] == "revision 2 is fully promoted"
    revisions = {name: item["metadata"]["annotations"]["rollout.argoproj.io/revision"] for name, item in now.items()}
    assert {name for name, revision in revisions.items() if revision != "2"} == {"set-image", "undo"} & set(cases)


def test_refusals_that_pass(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """Conflicts that no watch tells of, a busy server, one that restarts, cut connections: each verb acts once."""
    faults = {
        "conflicts": status(409),
        "busy": status(429, retry_after=1),
        "restarting": status(503),
        "hung-up": cut,
    }
    times = {"conflicts": 3, "busy": 1, "restarting": 4, "hung-up": 4}
    paused(space, *faults)
    tasks = [on(name, task("rollout_promote"), expected_step=1, timeout=20) for name in faults]
    scripted = [Fault(patches(name), act, times[name]) for name, act in faults.items()]
    # And everything is read through the same troubles.
    scripted += [Fault(rf"^GET .*metadata.name={name}$", act) for name, act in faults.items() if name != "conflicts"]
    with misbehaving(cluster, tmp_path, *scripted) as (proxy, kubeconfig):
        run = Ansible(tmp_path).tasks(space.name, [*tasks, look()], kubeconfig=kubeconfig)
    for name in faults:
        assert run[name].changed, f"{name}: {run[name].msg}"
        assert proxy.asked(patches(name)) == [True] * times[name] + [False], name
        assert run["look"].objects[f"Rollout/{name}"]["status"]["currentStepIndex"] in (2, 3)


def test_no_task_outlives_its_timeout(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """A server that asks for an hour, that never answers, or a byte at a time: the end comes with the timeout."""
    cases = {
        "hour": (Fault(patches("hour"), status(429, retry_after=3600), None), "TooManyRequests", "too busy"),
        "down": (Fault(patches("down"), status(503), None), "HTTP503", "failed with 503"),
        "hole": (Fault(patches("hole"), black_hole, None), "Unreachable", "did not answer in time"),
        "nothing": (Fault(r"^GET .*metadata.name=nothing$", black_hole, None), "Unreachable", "did not answer in time"),
        "drip": (Fault(r"^GET .*metadata.name=drip$", drip, None), "Unreachable", "did not answer in time"),
    }
    paused(space, *cases)
    before = {name: space.get("Rollout", name) for name in cases}
    tasks = [on(name, task("rollout_promote", fails=True), timeout=2) for name in cases]
    with misbehaving(cluster, tmp_path, *(fault for fault, _, _ in cases.values())) as (_, kubeconfig):
        run = Ansible(tmp_path).tasks(space.name, [look(), *tasks], kubeconfig=kubeconfig)
    took = seconds_of(run)
    for name, (_, reason, text) in cases.items():
        assert run[name].data["reason"] == reason, run[name].msg
        assert text in run[name].msg
        assert "\n" not in run[name].msg
        assert not run[name].changed
        assert took[name] < 2 + GRACE, took
        assert asked_of(space.get("Rollout", name)) == asked_of(before[name])


def test_a_request_that_nobody_ever_answers_is_looked_for_at_the_end(
    space: Space, cluster: Cluster, tmp_path: Path
) -> None:
    """It was carried out: the task finds that, and says so, with what came of it."""
    paused(space, "web")
    fault = Fault(patches("web"), swallowed, None)
    with misbehaving(cluster, tmp_path, fault) as (_, kubeconfig):
        run = Ansible(tmp_path).tasks(
            space.name,
            [look(), task("rollout_promote", rollouts=["web"], timeout=8)],
            kubeconfig=kubeconfig,
        )
    assert run["rollout_promote"].changed
    assert run["rollout_promote"].rollouts["web"]["result"] == "step 1 passed, now in step 3 of 6"
    assert seconds_of(run)["rollout_promote"] < 8 + GRACE
    assert reach(space, "web", "Paused")["status"]["currentStepIndex"] == 3
