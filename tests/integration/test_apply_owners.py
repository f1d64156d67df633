# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module apply: what others own at run time stays theirs."""

from __future__ import annotations

import copy
import subprocess

from tests.integration.support.cluster import Obj, Space, versions
from tests.integration.support.objects import blue_green, canary, config_map, deployment
from tests.integration.support.plays import Ansible, look, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import HASH, reach, release, selected, serving, start
from tests.integration.support.watching import Watch


def test_selector_of_a_managed_service_stays(ansible: Ansible, space: Space) -> None:
    """Re-applying the Services of a rollout in flight never takes the controller's hash out of their selectors (S1)."""
    wanted = blue_green("web")
    start(space, *wanted)
    stable = selected(space, "web-active")
    preview = release(space, "web", "v2")
    reach(space, "web", "Paused")
    changed = copy.deepcopy(wanted[:2])
    for item in changed:
        item["metadata"]["labels"] = {"tier": "api"}
    with Watch(space, "Service") as watch:
        run = ansible.tasks(space.name, [task("apply", definitions=changed)])
    assert [item["action"] for item in run["apply"].data["objects"]] == ["changed", "changed"]
    for item in run["apply"].data["objects"]:
        assert item["notes"] == ["spec.selector is left to the Argo Rollouts controller"]
    for name, expected in (("web-active", stable), ("web-preview", preview)):
        states = watch.states(name)
        assert [state["metadata"]["labels"] for state in states if "labels" in state["metadata"]] == [{"tier": "api"}]
        assert {state["spec"]["selector"].get(HASH) for state in states} == {expected}
    assert serving(space, "web-active") == 2


def test_scaled_replicas_stay(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """What `kubectl scale` set stays, on Rollouts and Deployments (S2)."""
    wanted = [canary("web"), deployment("users")]
    start(space, *wanted)
    for target in ("rollout/web", "deployment/users"):
        command = [str(sandbox.kubectl), "--namespace", space.name, "scale", target, "--replicas=4"]
        subprocess.run(command, check=True, capture_output=True)
    run = ansible.tasks(
        space.name, [task("apply", definitions=wanted), task("apply", name="again", definitions=wanted)]
    )
    for result in run.results:
        assert result.objects["Rollout/web"]["notes"] == ["spec.replicas stays at 4: it belongs to kubectl"]
    assert not run["again"].changed
    assert space.get("Rollout", "web")["spec"]["replicas"] == 4
    assert space.get("Deployment", "users")["spec"]["replicas"] == 4


def test_replicas_are_handed_over_to_an_autoscaler(ansible: Ansible, space: Space) -> None:
    """A number that only we own goes to the scaler as it is live, and never falls to one in between."""
    wanted = canary("web", replicas=3)
    start(space, wanted)
    scaler: Obj = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "minReplicas": 1,
            "maxReplicas": 9,
            "scaleTargetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"},
        },
    }
    changed = copy.deepcopy(wanted)
    changed["spec"]["replicas"] = 5
    both = [changed, scaler]
    with Watch(space, "Rollout") as watch:
        run = ansible.tasks(
            space.name, [task("apply", definitions=both), task("apply", name="again", definitions=both)]
        )
    notes = run["apply"].objects["Rollout/web"]["notes"]
    assert notes == ["spec.replicas stays at 3: handed over to the autoscaler"]
    assert not run["again"].changed
    assert {state["spec"].get("replicas") for state in watch.states("web")} == {3}
    reach(space, "web", "Healthy")


def test_conflicts_name_every_field_and_manager(ansible: Ansible, space: Space) -> None:
    """Several fields of several managers, one of them of two: each manager is named with its fields."""
    names = "ABCDE"
    space.apply(config_map("settings", **dict.fromkeys(names, "1")))
    space.apply(config_map("settings", A="2", B="2"), manager="night-shift", force="true")
    space.apply(config_map("settings", C="2"), manager="day-shift", force="true")
    space.apply(config_map("settings", B="2"), manager="day-watch")
    wanted = [config_map("settings", **dict.fromkeys(names, "1"))]
    run = ansible.tasks(space.name, [task("apply", fails=True, definitions=wanted), look()])
    refused = run["apply"]
    assert "data.A, data.B belong to night-shift" in refused.msg
    assert "data.C belongs to day-shift" in refused.msg
    assert "data.B belongs to day-watch" in refused.msg
    assert "data.D" not in refused.msg
    assert refused.data["reason"] == "Conflict"
    assert run["look"].objects["ConfigMap/settings"]["data"] == {"A": "2", "B": "2", "C": "2", "D": "1", "E": "1"}


def test_conflict_names_field_and_manager(ansible: Ansible, space: Space) -> None:
    """A field that somebody else changed by hand is not taken without force; nothing is sent then."""
    space.apply(config_map("settings", LEVEL="INFO"))
    space.apply(config_map("settings", LEVEL="DEBUG"), manager="night-shift", force="true")
    wanted = [config_map("settings", LEVEL="INFO")]
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("apply", name="refused", fails=True, definitions=wanted),
            look("after"),
            task("apply", name="forced", definitions=wanted, force=True),
            look("forced look"),
        ],
    )
    refused = run["refused"]
    assert refused.data["reason"] == "Conflict"
    assert "data.LEVEL belongs to night-shift" in refused.msg
    assert "set force to true to take it over" in refused.msg
    assert f"ConfigMap settings in namespace {space.name}" in refused.msg
    assert versions(run["before"].objects) == versions(run["after"].objects)
    assert run["forced"].changed
    assert run["forced look"].objects["ConfigMap/settings"]["data"] == {"LEVEL": "INFO"}
