# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The traps of applying what others own at run time: S1 to S3."""

from __future__ import annotations

import copy
from collections.abc import Callable

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.naive import Naive
from tests.integration.support.objects import PAUSE, blue_green, canary, ingress, routed, service, weight
from tests.integration.support.plays import Ansible, task
from tests.integration.support.stage import (
    HASH,
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
from tests.integration.traps.waits import each

WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"


def test_s1_the_selector_of_a_managed_service(ansible: Ansible, space: Space, naive: Naive) -> None:
    """S1: applied by force, it opens production to preview pods and then promotes them, unapproved; ours leaves it out."""
    wanted = {name: blue_green(name) for name in ("plain", "ours")}
    start(space, *(item for items in wanted.values() for item in items))
    stable = {name: status(space, name)["stableRS"] for name in wanted}
    new = {name: release(space, name, "v2") for name in wanted}
    for name in wanted:
        reach(space, name, "Paused")
    naive.apply(*wanted["plain"][:2])
    assert selected(space, "plain-active") == ""
    space.until(lambda: serving(space, "plain-active") == 4, "production traffic on preview pods")
    # The next event of the Rollout, whatever it is, makes the controller put a hash back: the new one.
    space.patch("Rollout", "plain", {"metadata": {"annotations": {"somebody": "looked"}}})
    promoted(space, "plain")
    assert selected(space, "plain-active") == status(space, "plain")["stableRS"] == new["plain"]
    with Watch(space, "Service") as watch:
        run = ansible.tasks(space.name, [task("apply", definitions=wanted["ours"][:2], force=True)])
    for item in run["apply"].data["objects"]:
        assert item["notes"] == ["spec.selector is left to the Argo Rollouts controller"]
    space.patch("Rollout", "ours", {"metadata": {"annotations": {"somebody": "looked"}}})
    for name, expected in (("ours-active", stable["ours"]), ("ours-preview", new["ours"])):
        assert {item["spec"]["selector"].get(HASH) for item in watch.states(name)} == {expected}
    assert serving(space, "ours-active") == 2
    assert reach(space, "ours", "Paused")["status"]["stableRS"] == stable["ours"]


def test_s2_the_number_of_a_scaled_workload(ansible: Ansible, space: Space, naive: Naive) -> None:
    """S2: applied by force, it takes pods away under load; left out, it falls to one. Ours leaves it to the scaler."""
    names = ("plain", "ours", "plain-without", "ours-without")
    wanted = {name: canary(name, replicas=2) for name in names}
    start(space, *(wanted[name] for name in names[1:2] + names[3:]))
    naive.apply(wanted["plain"], wanted["plain-without"])
    for name in names:
        reach(space, name, "Healthy")
    for name in names[:2]:
        naive.scale("Rollout", name, 5)
    without = {name: copy.deepcopy(wanted[name]) for name in names[2:]}
    for item in without.values():
        del item["spec"]["replicas"]
    naive.apply(wanted["plain"], without["plain-without"])
    assert space.get("Rollout", "plain")["spec"]["replicas"] == 2
    space.until(lambda: space.get("Rollout", "plain-without")["spec"].get("replicas") == 1, "one replica left of two")
    with Watch(space, "Rollout") as watch:
        definitions = [wanted["ours"], without["ours-without"]]
        run = ansible.tasks(
            space.name,
            [
                task("apply", name="check", definitions=definitions, force=True, check=True),
                task("apply", definitions=definitions, force=True),
                task("apply", name="again", definitions=definitions, force=True),
            ],
        )
    for name, number in (("ours", 5), ("ours-without", 2)):
        assert {item["spec"].get("replicas") for item in watch.states(name)} == {number}
        assert f"spec.replicas stays at {number}" in run["apply"].objects[f"Rollout/{name}"]["notes"][0]
    assert not run["check"].changed
    assert not run["again"].changed


def test_s3_the_ingress_of_the_canary(ansible: Ansible, space: Space, naive: Naive) -> None:
    """S3: applied by force, it moves the traffic of a release in flight; ours touches neither it nor, unasked, its manager."""
    made = routed("web", weight(30), PAUSE)
    start(space, *made)
    release(space, "web", "v2")
    reach(space, "web", "Paused", step=1)
    live = space.get("Ingress", "web-web-canary")
    ours = {key: live[key] for key in ("apiVersion", "kind", "spec")}
    snapshot: Obj = {**ours, "metadata": {"name": "web-web-canary", "annotations": {WEIGHT: "0"}}}
    with Watch(space, "Ingress") as watch:
        naive.apply(snapshot)
        space.until(lambda: canary_weight(space, "web-web-canary") == 30, "the weight put back by the controller")
    assert "0" in {item["metadata"]["annotations"][WEIGHT] for item in watch.states("web-web-canary")}
    main = copy.deepcopy(made[2])
    main["metadata"]["labels"] = {"tier": "edge"}
    with Watch(space, "Ingress") as watch:
        run = ansible.tasks(
            space.name,
            [
                task("apply", name="main", definitions=[main]),
                task(
                    "apply", name="canary", definitions=[{**snapshot, "metadata": canary_of("web", "99")}], fails=True
                ),
            ],
        )
    assert run["main"].changed
    assert run["canary"].data["reason"] == "Conflict"
    assert "rollouts-controller" in run["canary"].msg
    assert {item["metadata"]["annotations"][WEIGHT] for item in watch.states("web-web-canary")} == {"30"}


def canary_of(name: str, percent: str) -> Obj:
    """Return the metadata of a canary Ingress as somebody might have written it down."""
    return {"name": f"{name}-{name}-canary", "annotations": {WEIGHT: percent}}


def without(index: int) -> Callable[[list[Obj]], None]:
    """Return a change that leaves out one of a routed canary's objects."""
    return lambda made: made.__delitem__(index)


def strategy_without(key: str) -> Callable[[list[Obj]], None]:
    """Return a change that leaves out one field of a routed canary's strategy."""
    return lambda made: made[-1]["spec"]["strategy"]["canary"].__delitem__(key)


# What is wrong with a routed canary -> the change that makes it so, and the controller's words.
WRONG: dict[str, tuple[Callable[[list[Obj]], None], str]] = {
    "no-canary-service": (strategy_without("canaryService"), "Canary service and Stable service must to be set"),
    "service-missing": (without(0), 'service "service-missing-stable" not found'),
    "ingress-missing": (without(2), '"ingress-missing" not found'),
    "other-backend": (
        lambda made: made.__setitem__(2, ingress("other-backend", "elsewhere")),
        "has no rules using service",
    ),
    "other-label": (lambda made: made.__setitem__(0, service("other-label-stable", "x")), 'has unmatch label "app"'),
}


def test_s3_what_the_controller_does_not_accept(ansible: Ansible, space: Space, naive: Naive) -> None:
    """S3: configured, says kubectl, and nothing will ever run; ours waits, and ends early with the controller's words."""
    made = {name: routed(name, weight(30), PAUSE) for name in WRONG}
    for name, (change, _) in WRONG.items():
        change(made[name])
    printed = naive.apply(*(item for items in made.values() for item in items))
    for name in WRONG:
        assert f"rollout.argoproj.io/{name} serverside-applied" in printed
    each(space, WRONG, lambda name: status(space, name).get("phase") == "Degraded", "Degraded")
    tasks = [task("rollout_wait", name=name, rollouts=[name], timeout=20, fails=True) for name in WRONG]
    run = ansible.tasks(space.name, tasks)
    for name, (_, words) in WRONG.items():
        assert run[name].data["reason"] == "Unreachable", "before the timeout"
        assert "the spec is not valid" in run[name].msg
        assert words in run[name].msg
