# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_set_image."""

from __future__ import annotations

from tests.integration.support.cluster import Obj, Space, versions
from tests.integration.support.objects import PAUSE, canary, deployment, image, weight
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.stage import reach, replica_sets, start

PROMOTED = "delivery.tradesense.io/promoted"


def test_releases_and_repeats(ansible: Ansible, space: Space) -> None:
    """Check mode changes nothing, the real call starts the revision, the second one has nothing to do."""
    start(space, canary("web", weight(50), PAUSE), canary("api"))
    space.apply(deployment("users"))
    options: Obj = {"rollouts": ["web", "api", "users"], "images": {"app": image("v2")}}
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_set_image", name="check", check=True, diff=True, **options),
            look("checked"),
            task("rollout_set_image", name="set", diff=True, **options),
            task("rollout_wait", rollouts=["web"], state=["paused"]),
            look("set look"),
            task("rollout_set_image", name="again", **options),
            look("after"),
        ],
    )
    check, done, again = run["check"], run["set"], run["again"]
    assert check.changed
    assert done.changed
    assert versions(run["before"].objects) == versions(run["checked"].objects)
    assert check.rollouts["web"]["result"] == "would change (check mode: nothing was sent for good)"
    assert done.rollouts["web"]["result"] == "revision 2 is being released"
    assert {item["changed"] for item in done.rollouts.values()} == {True}
    assert len(check.data["diff"]) == len(done.data["diff"]) == 3
    assert done.data["diff"][0]["before_header"] == "web"
    assert not again.changed
    assert again.rollouts["web"]["result"] == "the images are live already"
    assert written(run["set look"].objects) == written(run["after"].objects)
    reach(space, "web", "Paused", step=1)
    reach(space, "api", "Healthy")
    for kind, name in (("Rollout", "web"), ("Rollout", "api"), ("Deployment", "users")):
        assert space.get(kind, name)["spec"]["template"]["spec"]["containers"][0]["image"] == image("v2")
    assert len(replica_sets(space, "web")) == 2


def test_refuses_what_cannot_be(ansible: Ansible, space: Space) -> None:
    """A bad image and an unknown container are one sentence each; one that fails does not stop the others."""
    other = canary("web")
    other["spec"]["template"]["spec"]["containers"][0]["name"] = "other"
    start(space, other, canary("api"))
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_set_image", name="bad", rollouts=["web"], images={"other": "Web:v 2"}, fails=True),
            task("rollout_set_image", name="no tag", rollouts=["web"], images={"other": "tradesense/web"}, fails=True),
            task(
                "rollout_set_image",
                name="guarded",
                rollouts=["web"],
                images={"other": image("v2")},
                expected_revision=7,
                fails=True,
            ),
            look("after"),
            task(
                "rollout_set_image", name="one of two", rollouts=["web", "api"], images={"app": image("v2")}, fails=True
            ),
        ],
    )
    assert "'Web:v 2' for container other is not an image with a tag or digest" in run["bad"].msg
    assert "'tradesense/web' for container other is not an image with a tag or digest" in run["no tag"].msg
    assert "revision 7 was expected, but it is at revision 1" in run["guarded"].msg
    assert versions(run["before"].objects) == versions(run["after"].objects)
    half = run["one of two"]
    assert half.changed
    assert half.rollouts["api"]["changed"]
    assert half.data["reason"] == "ContainerNotFound"
    missing = f"Rollout web in namespace {space.name}: it has no container app; its containers are other"
    assert missing in half.msg
    assert missing in half.rollouts["web"]["error"]
    reach(space, "api", "Healthy")


def written(objects: dict[str, Obj]) -> dict[str, tuple[object, ...]]:
    """Return what a write of ours would move, and a controller that is still exchanging pods would not."""
    return {
        name: (item["metadata"]["generation"], item["metadata"].get("annotations", {}).get(PROMOTED), item["spec"])
        for name, item in objects.items()
        if name.startswith(("Rollout/", "Deployment/"))
    }
