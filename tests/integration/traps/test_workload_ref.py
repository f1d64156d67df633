# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The traps of a pod template that a Deployment holds: T5 and S4."""

from __future__ import annotations

import copy

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.frozen import freeze, thaw
from tests.integration.support.naive import Naive
from tests.integration.support.objects import PAUSE, blue_green, canary, deployment, image, service, weight
from tests.integration.support.plays import Ansible, task
from tests.integration.support.stage import promoted, reach, replica_sets, selected, serving, start, status, taken
from tests.integration.support.watching import Watch
from tests.integration.traps.waits import each


def held(workload: Obj, *, by: str = "", scale_down: str = "never", replicas: int = 0) -> list[Obj]:
    """Return a Rollout without a template of its own, and the Deployment that holds it, named by the Rollout and `-pods`."""
    by = by or f"{workload['metadata']['name']}-pods"
    holder = deployment(by, replicas=replicas)
    holder["spec"]["selector"] = copy.deepcopy(workload["spec"]["selector"])
    holder["spec"]["template"] = workload["spec"].pop("template")
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": by, "scaleDown": scale_down}
    workload["spec"]["workloadRef"] = reference
    return [holder, workload]


def test_t5_a_status_that_does_not_know_the_new_template(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T5: Healthy, says the plugin of a release that has not begun; ours compares the generations, and waits."""
    start(space, *held(canary("web", weight(50), PAUSE)))
    first = status(space, "web")["stableRS"]
    freeze(space, "web")
    naive.set_image("web-pods", "v2", kind="Deployment")
    assert naive.status("web") == "Healthy"
    options: Obj = {"rollouts": ["web"]}
    run = ansible.tasks(
        space.name,
        [
            task("rollout_info", **options),
            task("rollout_wait", name="healthy", timeout=1, fails=True, **options),
            task("rollout_promote", name="too early", full=True, timeout=1, fails=True, **options),
            task("rollout_undo", name="undo too early", timeout=1, fails=True, **options),
            thaw("web"),
            task("rollout_wait", name="paused", state=["ready_for_promotion"], **options),
        ],
    )
    unseen = "waiting for the referenced workload's update to be observed"
    seen = run["rollout_info"].rollouts["web"]
    assert (seen["phase"], seen["message"]) == ("Progressing", unseen)
    for name in ("healthy", "too early", "undo too early"):
        assert run[name].data["reason"] == "Timeout"
        assert unseen in run[name].msg
        assert not run[name].changed
    assert run["paused"].rollouts["web"]["stable_hash"] == first


def test_t5_a_deployment_of_the_same_name(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T5: whoever migrates keeps the name; ours finds the template, and knows that its status is stale, all the same."""
    start(space, *held(canary("web", weight(50), PAUSE), by="web"))
    first = status(space, "web")["stableRS"]
    freeze(space, "web")
    naive.set_image("web", "v2", kind="Deployment")
    assert naive.status("web") == "Healthy"
    options: Obj = {"rollouts": ["web"]}
    run = ansible.tasks(
        space.name,
        [
            task("rollout_info", **options),
            thaw("web"),
            task("rollout_wait", state=["ready_for_promotion"], **options),
            task("rollout_undo", **options),
        ],
    )
    assert run["rollout_info"].rollouts["web"]["phase"] == "Progressing"
    assert run["rollout_undo"].rollouts["web"]["current_hash"] == first
    container = space.get("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == image("v1")


def test_t5_all_verbs_reach_the_template_where_it_is(ansible: Ansible, space: Space) -> None:
    """T5: set image, promote, abort and undo, in flight, paused by hand and after promotion."""
    made = blue_green("api")
    start(space, *held(canary("web", weight(50), PAUSE)), *made[:-1], *held(made[-1]))
    names = ["web", "api"]
    first = {name: status(space, name)["stableRS"] for name in names}
    options: Obj = {"rollouts": names}
    ready = {"state": ["ready_for_promotion"], **options}
    run = ansible.tasks(
        space.name,
        [
            task("rollout_set_image", images={"app": image("v2")}, **options),
            task("rollout_wait", **ready),
            task("rollout_abort", **options),
            task("rollout_undo", name="after abort", **options),
            task("rollout_set_image", images={"app": image("v3")}, **options),
            task("rollout_wait", **ready),
            task("rollout_pause", **options),
            task("rollout_undo", name="in flight", **options),
            task("rollout_set_image", images={"app": image("v3")}, **options),
            task("rollout_promote", full=True, **options),
            task("rollout_undo", name="after promotion", full=True, **options),
        ],
    )
    for name in names:
        for step in ("after abort", "in flight", "after promotion"):
            item = run[step].rollouts[name]
            assert item["changed"]
            assert item["current_hash"] == item["stable_hash"] == first[name]
            assert item["on_stable"] is True
        assert run["rollout_promote"].rollouts[name]["stable_hash"] != first[name]
        assert space.get("Deployment", f"{name}-pods")["spec"]["replicas"] == 0
        assert not space.get("Rollout", name)["spec"].get("paused")
        assert replica_sets(space, name)[first[name]] == 2
    assert selected(space, "api-active") == first["api"]
    assert serving(space, "api-active") == 2


def test_s4_the_deployment_comes_back_beside_the_rollout(ansible: Ansible, space: Space, naive: Naive) -> None:
    """S4: applied again with its number, it brings its pods back into the shared Service; ours leaves that to its owner."""
    names = ["plain", "ours"]
    wanted = {name: held(canary(name), scale_down="onsuccess", replicas=2) for name in names}
    for name in names:
        space.apply(service(name, name), wanted[name][0])
    each(space, names, lambda name: serving(space, name) == 2, "the pods of the Deployment")
    for name in names:
        space.apply(wanted[name][1])
    for name in names:
        reach(space, name, "Healthy")
    each(space, names, lambda name: not _pods_wanted(space, name), "the Deployment at 0")
    for name in names:
        # With its second revision the Rollout has forgotten that it ever scaled the Deployment down.
        old = status(space, name)["stableRS"]
        naive.set_image(f"{name}-pods", "v2", kind="Deployment")
        wanted[name][0]["spec"]["template"]["spec"]["containers"][0]["image"] = image("v2")
        taken(space, name, old)
    for name in names:
        promoted(space, name)
    each(space, names, lambda name: serving(space, name) == 2, "the pods of the Rollout alone")
    naive.apply(wanted["plain"][0])
    space.until(lambda: serving(space, "plain") == 4, "the pods of both in one Service")
    with Watch(space, "Deployment") as watch:
        run = ansible.tasks(space.name, [task("apply", definitions=[wanted["ours"][0]])])
    assert {item["spec"]["replicas"] for item in watch.states("ours-pods")} == {0}
    assert run["apply"].objects["Deployment/ours-pods"]["notes"]
    assert serving(space, "ours") == 2
    assert _pods_wanted(space, "plain") == 2, "and nobody corrects it"


def _pods_wanted(space: Space, name: str) -> int:
    return int(space.get("Deployment", f"{name}-pods")["spec"]["replicas"])
