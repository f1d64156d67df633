# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_restart on the real controller."""

from __future__ import annotations

import datetime
import functools
import time

from tests.integration.support.cluster import Space, versions
from tests.integration.support.objects import blue_green, canary, deployment
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.stage import HASH, serving, start, status


def pods(space: Space, app: str) -> set[str]:
    """Return the names of the pods of an app."""
    return {item["metadata"]["name"] for item in space.list("Pod") if item["metadata"]["labels"].get("app") == app}


def _healthy(space: Space, name: str) -> bool:
    return bool(status(space, name)["phase"] == "Healthy")


def test_every_pod_is_new(ansible: Ansible, space: Space) -> None:
    """Canary, blue-green and Deployment get new pods of the same template; a named moment makes the task repeatable."""
    rolling = deployment("users")
    start(space, canary("web"), *blue_green("api"))
    space.apply(rolling)
    names = ["web", "api", "users"]
    space.until(lambda: len(pods(space, "users")) == 2, "pods of the Deployment")
    before = {name: pods(space, name) for name in names}
    hashes = {name: status(space, name)["currentPodHash"] for name in ("web", "api")}
    # A pod that is made in the second of the restart is not older than it.
    time.sleep(1.1)
    moment = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_restart", name="check", rollouts=names, at=moment, check=True),
            look("checked"),
            task("rollout_restart", name="restart", rollouts=names, at=moment),
            task("rollout_restart", name="again", rollouts=names, at=moment),
            task("rollout_restart", name="no moment", rollouts=names, at="tonight", fails=True),
        ],
    )
    assert versions(run["before"].objects) == versions(run["checked"].objects)
    assert run["restart"].changed
    assert not run["again"].changed
    assert "at: 'tonight' is not a moment with a time zone" in run["no moment"].msg
    for name in names:
        assert run["restart"].rollouts[name]["result"] == f"all pods are newer than {moment}"
        alive = {
            item["metadata"]["name"]
            for item in space.list("Pod")
            if item["metadata"]["labels"].get("app") == name and not item["metadata"].get("deletionTimestamp")
        }
        assert alive.isdisjoint(before[name])
        assert len(alive) == 2
    for name, pod_hash in hashes.items():
        # On a busy machine the controller counts the last new pod later than anybody who watches the pods.
        space.until(functools.partial(_healthy, space, name), f"a healthy {name}")
        assert status(space, name)["currentPodHash"] == pod_hash
        assert {item["metadata"]["labels"][HASH] for item in space.list("Pod") if name in item["metadata"]["name"]} == {
            pod_hash
        }
    assert serving(space, "api-active") == 2


def test_plans_and_refuses(ansible: Ansible, space: Space) -> None:
    """A moment to come is set and not waited for; what is held by hand would never restart, and is refused."""
    start(space, canary("web"), canary("held"))
    space.apply(deployment("users"))
    space.patch("Rollout", "held", {"spec": {"paused": True}})
    later = "2099-01-01T00:00:00+01:00"
    run = ansible.tasks(
        space.name,
        [
            task("rollout_restart", name="plan", rollouts=["web"], at=later),
            task("rollout_restart", name="planned", rollouts=["web"], at=later),
            task("rollout_restart", name="refused", rollouts=["held", "users"], at=later, fails=True),
        ],
    )
    assert run["plan"].rollouts["web"]["result"] == "its pods restart at 2098-12-31T23:00:00Z"
    assert (run["plan"].changed, run["planned"].changed) == (True, False)
    errors = {name: entry["error"] for name, entry in run["refused"].rollouts.items()}
    assert "it is paused by hand (spec.paused), and the controller would not restart it" in errors["held"]
    assert "the restart of a Deployment cannot be planned for later" in errors["users"]
    assert space.get("Rollout", "web")["spec"]["restartAt"] == "2098-12-31T23:00:00Z"
