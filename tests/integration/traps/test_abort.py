# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The traps of aborting: T7 to T10, X1 and X2."""

from __future__ import annotations

import itertools

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.frozen import freeze, frozen, thaw
from tests.integration.support.naive import Naive
from tests.integration.support.objects import PAUSE, analysis, blue_green, canary, image, routed, weight
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import (
    HASH,
    abort,
    canary_weight,
    next_second,
    promote_fully,
    reach,
    release,
    replica_sets,
    selected,
    serving,
    start,
    status,
    unready,
)
from tests.integration.support.watching import Watch
from tests.integration.traps.shortage import no_more_pods
from tests.integration.traps.templates import runs_of, unmeasured
from tests.integration.traps.waits import each


def switched(name: str, gate: str) -> list[Obj]:
    """Return a blue-green that switches by itself, and is judged by an analysis afterwards."""
    made = blue_green(name, auto=True)
    made[-1]["spec"]["strategy"]["blueGreen"]["postPromotionAnalysis"] = analysis(gate)
    return made


def switch(space: Space, name: str, tag: str = "v2") -> str:
    """Release, and wait until the active Service of a blue-green selects the new pods; return their hash."""
    new = release(space, name, tag)
    space.until(lambda: selected(space, f"{name}-active") == new, f"the switch of {name}")
    return new


def test_t7_an_abort_after_a_full_promotion(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T7: the abort is acknowledged and removed on the next pass; ours takes the full promotion back with it."""
    start(space, *(item for name in ("plain", "ours") for item in routed(name, weight(30), PAUSE)))
    start(space, *(item for name in ("plain-too", "ours-too") for item in blue_green(name)))
    names = ["plain", "plain-too", "ours", "ours-too"]
    stable = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        release(space, name, "v2-neverready")
        assert naive.promote(name, full=True) == f"rollout '{name}' fully promoted"
    for name in names[:2]:
        assert naive.abort(name) == f"rollout '{name}' aborted"
    each(space, names[:2], lambda name: not status(space, name).get("abort"), "the abort to be removed")
    for name in names[:2]:
        assert status(space, name)["promoteFull"] is True
    run = ansible.tasks(space.name, [task("rollout_abort", rollouts=names[2:])])
    for name in names[2:]:
        assert run["rollout_abort"].rollouts[name]["aborted"]
        assert status(space, name)["abort"] is True
        assert not status(space, name).get("promoteFull")
    assert canary_weight(space, "ours-ours-canary") == 0
    assert selected(space, "ours-too-active") == stable["ours-too"]
    assert serving(space, "ours-stable") == serving(space, "ours-too-active") == 2
    for name in names[:2]:
        assert not status(space, name).get("abort")


def test_t7_an_abort_inside_the_rollback_window(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T7: on its way back to an earlier revision every abort is removed; ours brings the stable template back instead."""
    made = blue_green("web")
    made[-1]["spec"]["rollbackWindow"] = {"revisions": 3}
    start(space, *made)
    first = status(space, "web")["stableRS"]
    next_second(space, "web")
    release(space, "web", "v2")
    reach(space, "web", "Paused")
    promote_fully(space, "web")
    stable = status(space, "web")["stableRS"]
    space.until(lambda: replica_sets(space, "web")[first] == 0, "the old pods gone")
    with no_more_pods(space):
        assert release(space, "web", "v1") == first
        assert naive.abort("web") == "rollout 'web' aborted"
        space.until(lambda: not status(space, "web").get("abort"), "the abort to be removed")
        assert status(space, "web")["currentPodHash"] == first, "and it goes on its way"
        run = ansible.tasks(space.name, [task("rollout_abort", rollouts=["web"])])
    item = run["rollout_abort"].rollouts["web"]
    assert item["result"] == f"{stable} serves all traffic; its template was restored"
    assert status(space, "web")["currentPodHash"] == stable
    assert selected(space, "web-active") == stable
    assert serving(space, "web-active") == 2


def test_t8_an_abort_of_what_is_paused_by_hand(ansible: Ansible, space: Space, naive: Naive, sandbox: Sandbox) -> None:
    """T8: aborted, says the status, and the bad pods keep their traffic; ours ends the pause and looks at the traffic."""
    gate = unmeasured("gate", sandbox.prometheus)
    start(space, gate, *switched("plain", "gate"), *switched("ours", "gate"))
    start(space, canary("plain-pods", weight(50), PAUSE), canary("ours-pods", weight(50), PAUSE))
    new = {name: switch(space, name) for name in ("plain", "ours")}
    for name in ("plain-pods", "ours-pods"):
        new[name] = release(space, name, "v2")
        reach(space, name, "Paused", step=1)
    stable = {name: status(space, name)["stableRS"] for name in new}
    for name in new:
        naive.pause(name)
        reach(space, name, "Paused")
    for name in ("plain", "plain-pods"):
        naive.abort(name)
    each(space, ("plain", "plain-pods"), lambda name: status(space, name).get("abortedAt"), "the abort")
    # Of the blue-green even the pods that are selected are taken away (X1); of the basic canary, none.
    space.until(lambda: serving(space, "plain-active") == 0, "no endpoint left")
    assert selected(space, "plain-active") == new["plain"]
    assert replica_sets(space, "plain-pods")[new["plain-pods"]] == 1
    names = ["ours", "ours-pods", "plain", "plain-pods"]
    run = ansible.tasks(space.name, [task("rollout_abort", rollouts=names)])
    for name in names:
        assert run["rollout_abort"].rollouts[name]["changed"]
        assert not space.get("Rollout", name)["spec"].get("paused")
    for name in ("ours", "plain"):
        assert selected(space, f"{name}-active") == stable[name]
        assert serving(space, f"{name}-active") == 2
    for name in ("ours-pods", "plain-pods"):
        assert replica_sets(space, name) == {stable[name]: 2, new[name]: 0}


def test_t9_an_abort_with_nothing_in_flight(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T9: acknowledged and forgotten, and the bad release stays; ours says what to do instead."""
    start(space, canary("web", weight(50), PAUSE), *blue_green("api"))
    for name in ("web", "api"):
        release(space, name, "v2")
        reach(space, name, "Paused")
        promote_fully(space, name)
        assert naive.abort(name) == f"rollout '{name}' aborted"
    each(space, ("web", "api"), lambda name: not status(space, name).get("abort"), "the abort to be forgotten")
    for name in ("web", "api"):
        item = reach(space, name, "Healthy")
        assert item["spec"]["template"]["spec"]["containers"][0]["image"] == image("v2")
        assert item["status"]["stableRS"] == item["status"]["currentPodHash"]
    run = ansible.tasks(space.name, [task("rollout_abort", rollouts=["web", "api"], fails=True)])
    for name in ("web", "api"):
        error = run["rollout_abort"].rollouts[name]["error"]
        assert "nothing is in flight: revision 2 is the stable one. To take back a promoted revision" in error
    assert not run["rollout_abort"].changed


def test_t9_an_abort_in_the_same_moment_as_a_new_image(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T9: the new template erases the abort, and the release goes on; ours waits until there is something to abort."""
    start(space, canary("plain", weight(50), PAUSE), canary("ours", weight(50), PAUSE))
    with frozen(space, "plain"):
        naive.set_image("plain", "v2")
        assert naive.abort("plain") == "rollout 'plain' aborted"
    reach(space, "plain", "Paused", step=1)
    assert not status(space, "plain").get("abort")
    freeze(space, "ours")
    naive.set_image("ours", "v2")
    run = ansible.tasks(
        space.name,
        [
            task("rollout_abort", name="too early", rollouts=["ours"], timeout=1, fails=True),
            thaw("ours"),
            task("rollout_abort", name="in time", rollouts=["ours"]),
        ],
    )
    assert "waiting for rollout spec update to be observed" in run["too early"].msg
    assert not run["too early"].changed
    assert run["in time"].changed
    item = status(space, "ours")
    assert item["abort"] is True
    assert item["abortedAt"]
    assert replica_sets(space, "ours") == {item["stableRS"]: 2, item["currentPodHash"]: 0}


def test_t10_the_status_right_after_a_retry(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T10: still Degraded by the abort that was just taken back; ours knows that the controller has not seen it."""
    start(space, canary("web", weight(50), PAUSE))
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    abort(space, "web")
    freeze(space, "web")
    naive.retry("web")
    assert naive.status("web").startswith("Degraded")
    assert not status(space, "web")["abort"]
    run = ansible.tasks(
        space.name,
        [
            task("rollout_info", rollouts=["web"]),
            task("rollout_wait", name="patient", rollouts=["web"], state=["paused"], timeout=1, fails=True),
            thaw("web"),
            task("rollout_wait", name="paused", rollouts=["web"], state=["paused"]),
        ],
    )
    seen = run["rollout_info"].rollouts["web"]
    assert (seen["phase"], seen["message"]) == ("Progressing", "waiting for the retry to be observed")
    assert run["patient"].data["reason"] == "Timeout", "not the dead end that Degraded looks like"
    assert run["paused"].rollouts["web"]["step"]["index"] == 1


def test_x1_a_blue_green_whose_new_pods_are_sick(
    ansible: Ansible, space: Space, naive: Naive, sandbox: Sandbox
) -> None:
    """X1: aborted by hand or by its analysis, it ends with no endpoint beside healthy stable pods; ours brings them back."""
    names = ["plain", "ours", "itself"]
    start(space, unmeasured("gate", sandbox.prometheus), *(item for name in names for item in switched(name, "gate")))
    stable = {name: status(space, name)["stableRS"] for name in names}
    new = {name: switch(space, name) for name in names}
    each(space, names, lambda name: runs_of(space, name), "the analysis after the switch")
    for name in names:
        unready(space, new[name], most=1 if name == "itself" else None)
    left = {"plain": 0, "ours": 0, "itself": 1}
    each(space, names, lambda name: serving(space, f"{name}-active") == left[name], "pods that are not ready")
    naive.abort("plain")
    [run] = runs_of(space, "itself")
    space.patch("AnalysisRun", run["metadata"]["name"], {"status": {"phase": "Failed", "message": "by a test"}})
    each(space, ("plain", "itself"), lambda name: replica_sets(space, name)[new[name]] == 0, "the new pods gone")
    each(space, ("plain", "itself"), lambda name: serving(space, f"{name}-active") == 0, "no endpoint left")
    for name in ("plain", "itself"):
        assert status(space, name)["abortedAt"]
        assert selected(space, f"{name}-active") == new[name]
        assert replica_sets(space, name)[stable[name]] == 2, "idle beside it"
    # Aborted by hand, aborted already by the plugin, aborted by the controller itself.
    play = ansible.tasks(space.name, [task("rollout_abort", rollouts=names)])
    for name in names:
        item = play["rollout_abort"].rollouts[name]
        assert item["changed"]
        assert item["result"] == f"{stable[name]} serves all traffic; its template was restored"
        assert selected(space, f"{name}-active") == stable[name]
        assert serving(space, f"{name}-active") == 2


def test_x2_the_canary_service_flaps_after_an_abort(ansible: Ansible, space: Space, naive: Naive) -> None:
    """X2: until the bad pods are gone it goes to and fro; our abort does not wait for that, our undo avoids or ends it.

    What flaps keeps the controller from all other tests: each half ends it as soon as it was seen.
    """
    names = ["plain", "undone", "aborted"]
    start(space, *(item for name in names for item in _left_for_long(name)))
    stable = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        release(space, name, "v2")
    for name in names:
        reach(space, name, "Paused", step=1)
    with Watch(space, "Service") as watch:
        run = ansible.tasks(
            space.name,
            [
                task("rollout_abort", rollouts=["aborted"]),
                look(),
                task("rollout_undo", rollouts=["aborted", "undone"]),
            ],
        )
        each(space, names[1:], lambda name: selected(space, f"{name}-canary") == stable[name], "stable pods alone")
        naive.abort("plain")
        space.until(lambda: changes(watch, "plain-canary") > 5, "the canary Service going to and fro")
        ended = {name: changes(watch, f"{name}-canary") for name in names[1:]}
        naive.set_image("plain", "v1")
        reach(space, "plain", "Healthy")
        assert ended == {name: changes(watch, f"{name}-canary") for name in ended}, "they have come to rest"
    assert ended["undone"] == 1, "from the new pods to the stable ones, once"
    assert run["rollout_abort"].rollouts["aborted"]["result"].startswith("revision 2 is aborted, ")
    sets = [item for key, item in run["look"].objects.items() if key.startswith("ReplicaSet/aborted-")]
    assert sum(item["spec"]["replicas"] for item in sets) == 3, "it did not wait until the bad pod is gone"
    ingress = run["look"].objects["Ingress/aborted-aborted-canary"]
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/canary-weight"] == "0"
    for name in names[1:]:
        assert canary_weight(space, f"{name}-{name}-canary") == 0
        assert selected(space, f"{name}-stable") == stable[name]
        assert serving(space, f"{name}-stable") == 2


def _left_for_long(name: str) -> list[Obj]:
    """Return a routed canary whose pods stay for a minute after an abort; by default it is half of that."""
    made = routed(name, weight(30), PAUSE)
    made[-1]["spec"]["strategy"]["canary"]["abortScaleDownDelaySeconds"] = 60
    return made


def changes(watch: Watch, service: str) -> int:
    """Return how often a Service was made to select other pods."""
    seen = [item["spec"]["selector"].get(HASH) for item in watch.states(service)]
    return sum(one != other for one, other in itertools.pairwise(seen))
