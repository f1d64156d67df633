# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_undo, with the traps of going back on the real controller."""

from __future__ import annotations

from tests.integration.support.cluster import Obj, Space, versions
from tests.integration.support.objects import PAUSE, blue_green, canary, deployment, image, routed, weight
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.stage import (
    abort,
    canary_weight,
    promote_fully,
    reach,
    release,
    replica_sets,
    selected,
    serving,
    start,
    status,
    taken,
    unready,
)
from tests.integration.support.watching import Watch


def test_in_flight_back_to_stable_and_repeats(ansible: Ansible, space: Space) -> None:
    """Check mode changes nothing; the stable template serves everything again; the second call has nothing to do."""
    start(space, *routed("web", weight(30), PAUSE), *blue_green("api"))
    names = ["web", "api"]
    stable = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        release(space, name, "v2")
        reach(space, name, "Paused")
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_undo", name="check", rollouts=names, check=True, diff=True),
            look("checked"),
            task("rollout_undo", name="undo", rollouts=names, expected_revision=2, diff=True),
            look("undone"),
        ],
    )
    assert versions(run["before"].objects) == versions(run["checked"].objects)
    assert run["check"].changed
    assert run["undo"].changed
    assert len(run["undo"].data["diff"]) == 2
    for name in names:
        item = run["undo"].rollouts[name]
        assert (item["phase"], item["in_flight"], item["aborted"]) == ("Healthy", False, False)
        assert item["current_hash"] == item["stable_hash"] == stable[name]
        assert item["result"] == f"{stable[name]} serves all traffic again as revision 3"
    assert canary_weight(space, "web-web-canary") == 0
    assert selected(space, "api-active") == selected(space, "api-preview") == stable["api"]
    assert serving(space, "web-stable") == serving(space, "api-active") == 2


def test_after_promotion_with_full(ansible: Ansible, space: Space) -> None:
    """After promotion, full brings the old revision back without one canary step or pause (T14)."""
    start(space, *routed("web", weight(30), PAUSE, weight(60), PAUSE), *blue_green("api"))
    space.apply(deployment("users"))
    names = ["web", "api"]
    old = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        release(space, name, "v2")
        reach(space, name, "Paused")
        promote_fully(space, name)
    run = ansible.tasks(space.name, [task("rollout_set_image", rollouts=["users"], images={"app": image("v2")})])
    names = [*names, "users"]
    with Watch(space, "Rollout") as watch:
        run = ansible.tasks(
            space.name,
            [
                task("rollout_undo", name="undo", rollouts=names, full=True),
                look("undone"),
                task("rollout_undo", name="to the same", rollouts=["api"], to_hash=old["api"], full=True),
            ],
        )
    for name, hash_ in old.items():
        item = run["undo"].rollouts[name]
        assert (item["phase"], item["current_hash"], item["stable_hash"]) == ("Healthy", hash_, hash_)
    paused = [item for item in watch.states("web") if (item["status"].get("pauseConditions") or [])]
    assert not paused, "no step was paused at on the way back"
    users = run["undone"].objects["Deployment/users"]
    assert users["spec"]["template"]["spec"]["containers"][0]["image"] == image("v1")
    assert not run["to the same"].changed
    assert selected(space, "web-stable") == old["web"]
    assert selected(space, "api-active") == old["api"]
    assert serving(space, "web-stable") == serving(space, "api-active") == 2


def test_without_full_it_is_a_release(ansible: Ansible, space: Space) -> None:
    """Without full the old revision goes through its steps like any other."""
    start(space, *routed("web", weight(30), PAUSE))
    old = status(space, "web")["stableRS"]
    release(space, "web", "v2")
    reach(space, "web", "Paused")
    promote_fully(space, "web")
    run = ansible.tasks(space.name, [task("rollout_undo", rollouts=["web"])])
    told = run["rollout_undo"].rollouts["web"]["result"]
    assert told == f"the template of {old} is back and goes through its steps like any release"
    reach(space, "web", "Paused", step=1)
    assert canary_weight(space, "web-web-canary") == 30


def test_target_is_what_was_promoted(ansible: Ansible, space: Space) -> None:
    """Past two aborted revisions the stable one comes back; at rest, the one promoted before it (T11)."""
    start(space, canary("web", weight(50), PAUSE))
    first = status(space, "web")["stableRS"]
    options: Obj = {"rollouts": ["web"]}
    ansible.tasks(space.name, [task("rollout_set_image", images={"app": image("v2")}, **options)])
    promote_fully(space, "web")
    second = status(space, "web")["stableRS"]
    for tag in ("v3", "v4"):
        release(space, "web", tag)
        reach(space, "web", "Paused")
        abort(space, "web")
    run = ansible.tasks(
        space.name,
        [
            task("rollout_undo", name="stable", **options),
            task("rollout_undo", name="before", full=True, **options),
            task("rollout_undo", name="unknown", to_revision=99, fails=True, **options),
        ],
    )
    assert run["stable"].rollouts["web"]["stable_hash"] == second
    assert run["stable"].rollouts["web"]["phase"] == "Healthy"
    assert run["before"].rollouts["web"]["stable_hash"] == first
    assert run["unknown"].data["reason"] == "RevisionNotFound"
    assert "there is no revision 99; there are " in run["unknown"].msg


def test_removed_fields_come_back(ansible: Ansible, space: Space) -> None:
    """A release that only took fields away is taken back too (T12)."""
    start(space, canary("web", weight(50), PAUSE, env={"A": "1", "LIMIT": "5"}))
    stable = status(space, "web")["stableRS"]
    env = "/spec/template/spec/containers/0/env/1"
    space.patch("Rollout", "web", [{"op": "remove", "path": env}], how="json", fieldManager="somebody-else")
    taken(space, "web", stable)
    reach(space, "web", "Paused")
    run = ansible.tasks(space.name, [task("rollout_undo", rollouts=["web"])])
    assert run["rollout_undo"].changed
    assert run["rollout_undo"].rollouts["web"]["current_hash"] == stable
    names = [item["name"] for item in space.get("Rollout", "web")["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert names == ["A", "LIMIT"]


def test_injected_metadata_is_left_out(ansible: Ansible, space: Space) -> None:
    """What the controller put into the old ReplicaSet does not make the old template a new one (T13)."""
    marked = routed("web", weight(30), PAUSE)
    role: Obj = {"labels": {"role": "stable"}, "annotations": {"note": "stable"}}
    marked[3]["spec"]["strategy"]["canary"]["stableMetadata"] = role
    marked[3]["spec"]["strategy"]["canary"]["canaryMetadata"] = {"labels": {"role": "canary"}}
    start(space, *marked)
    stable = status(space, "web")["stableRS"]
    release(space, "web", "v2")
    reach(space, "web", "Paused")
    [injected] = [
        item for item in space.list("ReplicaSet") if item["metadata"]["labels"]["rollouts-pod-template-hash"] == stable
    ]
    assert injected["spec"]["template"]["metadata"]["labels"]["role"] == "stable"
    run = ansible.tasks(space.name, [task("rollout_undo", rollouts=["web"])])
    assert run["rollout_undo"].rollouts["web"]["current_hash"] == stable
    assert len(replica_sets(space, "web")) == 2
    template = space.get("Rollout", "web")["spec"]["template"]
    assert "role" not in template["metadata"]["labels"]
    assert "note" not in template["metadata"]["annotations"]


def test_blue_green_with_sick_pods_goes_back(ansible: Ansible, space: Space) -> None:
    """After the switch, with no new pod ready and paused by hand, stable pods serve again (X1, T8)."""
    start(space, *blue_green("web"))
    stable = status(space, "web")["stableRS"]
    new = release(space, "web", "v2")
    reach(space, "web", "Paused")
    # The old pods stay until the new ones were active for a while: the controller is between the two.
    space.patch("Rollout", "web", {"spec": {"strategy": {"blueGreen": {"scaleDownDelaySeconds": 60}}}})
    space.patch("Rollout", "web", {"status": {"pauseConditions": None}}, subresource="status")
    space.until(lambda: selected(space, "web-active") == new, "the switch to the new pods")
    unready(space, new)
    space.until(lambda: serving(space, "web-active") == 0, "no endpoints")
    space.patch("Rollout", "web", {"spec": {"paused": True}})
    run = ansible.tasks(space.name, [task("rollout_undo", rollouts=["web"], to_hash=stable, full=True)])
    assert run["rollout_undo"].rollouts["web"]["current_hash"] == stable
    assert selected(space, "web-active") == stable
    assert serving(space, "web-active") == 2


def test_nothing_to_go_back_to(ansible: Ansible, space: Space) -> None:
    """The first revision has none before it; what is live already is no change."""
    start(space, canary("web"))
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_undo", name="first", rollouts=["web"], fails=True),
            task("rollout_undo", name="live", rollouts=["web"], to_revision=1),
            look("after"),
        ],
    )
    assert "there is no earlier revision to go back to" in run["first"].msg
    assert run["live"].rollouts["web"]["result"] == "revision 1 is live already"
    assert not run["live"].changed
    assert versions(run["before"].objects) == versions(run["after"].objects)
