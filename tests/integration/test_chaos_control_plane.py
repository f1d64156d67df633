# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The API server dies and comes back, controllers do nothing for a while: on a sandbox of this test's own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import PAUSE, canary, deployment, image, weight
from tests.integration.support.own_sandbox import API_SERVER, ARGO, CONTROLLERS, OwnSandbox, own_sandbox, watchers
from tests.integration.support.plays import Ansible, Data, Run, seconds_of, task
from tests.integration.support.stage import abort, in_first_pause, promoted, reach, start, status

STEPS = (weight(20), PAUSE, weight(40), PAUSE, weight(60), PAUSE)
# What a task may take beyond its timeout.
GRACE = 3.0
IDLE = "The controller did not react: is {} running?"
# Rollout -> what is asked of it while its controller does nothing. The second promotion is of the first one's rollout.
VERBS: dict[str, Data] = {
    "promote": task("rollout_promote", rollouts=["promote"]),
    "again": task("rollout_promote", rollouts=["promote"]),
    "full": task("rollout_promote", rollouts=["full"], full=True),
    "pause": task("rollout_pause", rollouts=["pause"]),
    "resume": task("rollout_resume", rollouts=["resume"]),
    "abort": task("rollout_abort", rollouts=["abort"]),
    "retry": task("rollout_retry", rollouts=["retry"]),
    "restart": task("rollout_restart", rollouts=["restart"]),
    "set-image": task("rollout_set_image", rollouts=["set-image"], images={"app": image("v3")}),
    "undo": task("rollout_undo", rollouts=["undo"]),
    "wait": task("rollout_wait", rollouts=["set-image"]),
    "deployment": task("rollout_set_image", rollouts=["rolling"], images={"app": image("v2")}),
}


class Play(Ansible):
    """Runs tasks against the sandbox of this test's own, also in the background."""

    def __init__(self, folder: Path, own: OwnSandbox, space: Space, pool: ThreadPoolExecutor) -> None:
        super().__init__(folder)
        self._own = own
        self._space = space
        self._pool = pool

    def run(self, *tasks: Data) -> Run:
        """Run tasks; the first of them is a look that is not asked about."""
        return self.tasks(self._space.name, [task("rollout_info"), *tasks], kubeconfig=self._own.kubeconfig)

    def begin(self, *tasks: Data) -> Future[Run]:
        """Begin to run tasks, and wait until the API server serves their watch."""
        before = watchers(self._space.cluster)
        running = self._pool.submit(self.run, *tasks)
        self._space.until(lambda: running.done() or watchers(self._space.cluster) > before, "a watch of the play")
        return running


def test_control_plane(tmp_path: Path) -> None:
    """One after the other, because a sandbox takes longer to start than any of it."""
    with own_sandbox() as (own, cluster), ThreadPoolExecutor(2) as pool:
        space = cluster.space("chaos").make()
        play = Play(tmp_path, own, space, pool)
        names = [name for name in VERBS if name not in ("again", "wait", "deployment")]
        in_first_pause(space, *(canary(name, *STEPS) for name in [*names, "crash", "outage", "waited"]))
        start(space, deployment("rolling"))
        controllers_that_do_nothing(own, space, play, names)
        controller_that_crashes(own, space, play)
        api_server_that_restarts(own, space, play)
        api_server_that_stays_away(own, play)


def controllers_that_do_nothing(own: OwnSandbox, space: Space, play: Play, names: list[str]) -> None:
    """Each verb says so within its timeout, and says changed only where something was written; all of it is done later."""
    space.patch("Rollout", "resume", {"spec": {"paused": True}})
    reach(space, "resume", "Paused")
    abort(space, "retry")
    before = written(space, names)
    with own.frozen(ARGO, CONTROLLERS):
        run = play.run(*(failing(name, made, timeout=1) for name, made in VERBS.items()))
        after = written(space, names)
    took = seconds_of(run)
    for name in VERBS:
        controller = CONTROLLERS if name == "deployment" else "argo-rollouts"
        assert run[name].data["reason"] == "Timeout", run[name].msg
        assert IDLE.format(controller) in run[name].msg, run[name].msg
        assert took[name] < 1 + GRACE, took
    changed = {name for name in VERBS if run[name].changed}
    assert changed == {name for name in names if before[name] != after[name]} | {"deployment"}
    assert changed == set(VERBS) - {"again", "wait"}
    # What was sent is carried out once somebody does it, and not more than that.
    assert reach(space, "promote", "Paused", step=3)
    promoted(space, "full")
    assert reach(space, "pause", "Paused")["spec"]["paused"]
    assert reach(space, "resume", "Paused", step=1)
    assert reach(space, "abort", "Degraded")["status"]["abort"]
    assert reach(space, "retry", "Paused", step=1)
    assert reach(space, "set-image", "Paused", step=1)
    promoted(space, "undo")


def controller_that_crashes(own: OwnSandbox, space: Space, play: Play) -> None:
    """It dies before it has taken a promotion, which ends well once it is back."""
    with own.frozen(ARGO):
        running = play.begin(task("rollout_promote", rollouts=["crash"], expected_step=1, timeout=60))
        space.until(lambda: not status(space, "crash").get("pauseConditions"), "the promotion sent")
        own.kill(ARGO)
    own.restart(ARGO)
    result = running.result()["rollout_promote"]
    assert result.changed
    assert result.rollouts["crash"]["result"].startswith("step 1 passed, now in step ")
    reach(space, "crash", "Paused", step=3)


def api_server_that_restarts(own: OwnSandbox, space: Space, play: Play) -> None:
    """A wait and a verb, which has yet to send, sit out its crash; both see what happens after it."""
    waiting = play.begin(task("rollout_wait", rollouts=["waited"], state=["step"], step=3, timeout=60))
    with own.frozen(ARGO):
        # Not seen by its controller: the promotion has to wait before it may send.
        change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image("v3")}]
        space.patch("Rollout", "outage", change, how="json")
        promoting = play.begin(task("rollout_promote", rollouts=["outage"], full=True, timeout=60))
        own.kill(API_SERVER)
        own.restart(API_SERVER)
    space.patch("Rollout", "waited", {"status": {"pauseConditions": None}}, subresource="status")
    result = promoting.result()["rollout_promote"]
    assert result.changed
    assert result.rollouts["outage"]["result"] == "revision 3 is fully promoted"
    assert waiting.result()["rollout_wait"].msg == "waited is step."


def api_server_that_stays_away(own: OwnSandbox, play: Play) -> None:
    """The task ends with its timeout and says that it speaks of the past; one that begins then is told at once."""
    waiting = play.begin(failing("late", task("rollout_wait", rollouts=["waited"]), timeout=4))
    own.kill(API_SERVER)
    run = waiting.result()
    assert run["late"].data["reason"] == "Timeout"
    assert "That is as last seen, for the API server cannot be reached (Connection refused)." in run["late"].msg
    assert seconds_of(run)["late"] < 4 + GRACE
    run = play.tasks("chaos", [failing("away", task("rollout_abort", rollouts=["waited"]))], kubeconfig=own.kubeconfig)
    assert run["away"].data["reason"] == "Unreachable"
    assert "the API server cannot be reached (Connection refused)" in run["away"].msg
    assert not run["away"].changed


def failing(name: str, made: Data, **options: object) -> Data:
    """Return a task under another name, with more options, that has to fail."""
    [verb] = [key for key in made if key.startswith("tradesense.")]
    return {"name": name, verb: {**made[verb], **options}, "ignore_errors": True}


def written(space: Space, names: list[str]) -> dict[str, Obj]:
    """Return what of each Rollout a verb may write."""
    wishes = ("abort", "promoteFull", "pauseConditions")
    found = {item["metadata"]["name"]: item for item in space.list("Rollout")}
    return {
        name: {"spec": found[name]["spec"], **{key: found[name]["status"].get(key) for key in wishes}} for name in names
    }
