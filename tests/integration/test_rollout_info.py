# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Module rollout_info."""

from __future__ import annotations

from tests.integration.support.cluster import Space, versions
from tests.integration.support.objects import PAUSE, analysis, blue_green, deployment, image, measuring, routed, weight
from tests.integration.support.plays import Ansible, Run, look, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import promoted, reach, release, start, status


def test_tells_where_everything_stands(ansible: Ansible, space: Space, sandbox: Sandbox) -> None:
    """A canary in flight, a blue-green and a Deployment: phases, weights, images, revisions, measurements."""
    steps = [weight(25), {"analysis": analysis("fine")}, PAUSE]
    start(space, measuring("fine", sandbox.prometheus, "vector(0.011)"), *routed("web", *steps), *blue_green("api"))
    space.apply(deployment("users"))
    stable = status(space, "web")["stableRS"]
    current = release(space, "web", "v2")
    reach(space, "web", "Paused", step=2)
    run = ansible.tasks(
        space.name,
        [
            look("before"),
            task("rollout_info", name="all", show="tree", check=True),
            task("rollout_info", name="one", rollouts=["api"], show="table"),
            look("after"),
        ],
    )
    everything = run["all"]
    assert not everything.changed
    assert everything.msg == f"3 rollouts and deployments in namespace {space.name}, 2 Healthy, 1 Paused."
    assert versions(run["before"].objects) == versions(run["after"].objects)
    web = everything.rollouts["web"]
    assert {key: web[key] for key in ("kind", "strategy", "phase", "message")} == {
        "kind": "Rollout",
        "strategy": "canary",
        "phase": "Paused",
        "message": "CanaryPauseStep",
    }
    assert (web["revision"], web["stable_revision"]) == (2, 1)
    assert (web["current_hash"], web["stable_hash"]) == (current, stable)
    assert (web["in_flight"], web["aborted"], web["paused"]) == (True, False, True)
    assert web["pause_reasons"] == ["CanaryPauseStep"]
    assert web["step"] == {"index": 2, "total": 3}
    assert web["weight"] == {"set": 25, "actual": 25}
    assert web["serving"] == {"hash": stable, "ready": {stable: 2}, "canary_weight": 25}
    assert {item["image"]: item["tags"] for item in web["images"]} == {
        image("v2"): ["canary"],
        image("v1"): ["stable"],
    }
    assert [(item["revision"], item["hash"], item["images"], item["roles"]) for item in web["revisions"]] == [
        (2, current, [image("v2")], ["canary"]),
        (1, stable, [image("v1")], ["stable"]),
    ]
    assert [(item["status"], item["desired"], item["available"]) for item in web["revisions"]] == [
        ("Healthy", 1, 1),
        ("Healthy", 2, 2),
    ]
    there = {pod["metadata"]["name"] for pod in space.list("Pod") if pod["metadata"]["labels"]["app"] == "web"}
    pods = [pod for revision in web["revisions"] for pod in revision["pods"]]
    assert {pod["name"] for pod in pods} == there
    assert all(
        pod["ready"] and pod["status"] == "Running" and pod["containers"] == {"ready": 1, "total": 1} for pod in pods
    )
    assert (web["states"], web["on_stable"]) == (["paused", "ready_for_promotion"], False)
    [analysis_run] = web["analysis_runs"]
    assert (analysis_run["phase"], analysis_run["hash"]) == ("Successful", current)
    assert [item["value"] for item in analysis_run["measurements"]] == ["0.011"] * 3
    assert analysis_run["measurements"][0]["condition"] == "< 0.02"
    [measured] = analysis_run["metrics"]
    assert (measured["name"], measured["phase"], measured["successful"]) == ("error-share", "Successful", 3)
    users = everything.rollouts["users"]
    assert (users["kind"], users["strategy"], users["phase"]) == ("Deployment", "rolling", "Healthy")
    assert users["replicas"] == {"desired": 2, "current": 2, "updated": 2, "ready": 2, "available": 2}
    assert set(run["one"].rollouts) == {"api"}
    assert run["one"].rollouts["api"]["strategy"] == "blue_green"
    assert run["one"].data["read_at"].endswith("Z")
    # The action knows Ansible's console; a module's lines may end up anywhere, so they are ASCII.
    fork, pipe, last, ok, held = (
        ("├─ ", "│  ", "└─ ", "✔", "‖") if ansible.door == "action" else ("|- ", "|  ", "`- ", "+", "=")
    )
    lines = shown(run, ansible)
    for line in (
        f"{held} web  canary  Paused",
        f"{pipe}message  CanaryPauseStep",
        f"{pipe}step     3/3 pause until promoted",
        f"{pipe}weight   25 % set, 25 % actual",
        f"{pipe}images   {image('v2')} (canary)",
        f"{pipe}pods     2 desired, 3 current, 1 updated, 3 ready, 3 available",
        f"{pipe}traffic  75 % to {stable} (stable), 2 ready endpoints",
        f"{fork}{ok} revision 2  {current}  canary  1/1 ready",
        f"{pipe}{last}{ok} analysis in a step  {analysis_run['name']}  Successful",
        f"{pipe}   {last}{ok} error-share  3 successful; needs < 0.02",
        f"{pipe}         last: 0.011, 0.011, 0.011",
        f"{last}{ok} revision 1  {stable}  stable  2/2 ready",
    ):
        assert line in lines, line
    assert any(line.startswith("SERVICE") for line in lines)


def test_tells_what_is_wrong_with_pods(ansible: Ansible, space: Space) -> None:
    """An image that does not exist, a quota, and pods that are to go later."""
    quick = blue_green("gone")
    quick[-1]["spec"]["strategy"]["blueGreen"] |= {"scaleDownDelaySeconds": 600, "autoPromotionEnabled": True}
    start(space, *routed("pull", weight(50), PAUSE), *quick)
    before = status(space, "gone")["stableRS"]
    release(space, "gone", "v2")
    promoted(space, "gone")
    new = release(space, "pull", "v2-imagepull")
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"pods": "0"}}}
    space.until(lambda: troubled(space, "pull", "ImagePullBackOff"), "a pull that fails")
    space.cluster.request("POST", f"api/v1/namespaces/{space.name}/resourcequotas", quota)
    space.apply(deployment("full"))
    space.until(lambda: replica_failure(space, "full"), "pods that are refused")
    run = ansible.tasks(
        space.name, [task("rollout_info", show="tree"), task("rollout_info", name="no pods", pods=False)]
    )
    rollouts = run["rollout_info"].rollouts
    pull, full, gone = (rollouts[name]["revisions"] for name in ("pull", "full", "gone"))
    assert (pull[0]["hash"], pull[0]["status"]) == (new, "Degraded")
    [pod] = pull[0]["pods"]
    assert (pod["status"], pod["ready"], pod["restarts"]) == ("ImagePullBackOff", False, 0)
    assert pod["message"] == f"back-off pulling image {image('v2-imagepull')}"
    assert (full[0]["status"], full[0]["pods"]) == ("Degraded", [])
    assert "exceeded quota: team" in full[0]["message"]
    assert {item["hash"]: bool(item["scale_down_at"]) for item in gone} == {before: True, gone[0]["hash"]: False}
    lines = shown(run, ansible)
    assert any("delay: " in line and before in line for line in lines)
    assert any("exceeded quota: team" in line for line in lines)
    assert any(f"{pod['name']}  ImagePullBackOff  0/1" in line for line in lines)
    assert all(item["pods"] == [] for entry in run["no pods"].rollouts.values() for item in entry["revisions"])


def troubled(space: Space, app: str, reason: str) -> bool:
    """Return whether a container of a workload waits for this reason."""
    states = [
        container.get("state", {}).get("waiting", {}).get("reason")
        for pod in space.list("Pod")
        if pod["metadata"]["labels"]["app"] == app
        for container in pod.get("status", {}).get("containerStatuses") or []
    ]
    return reason in states


def replica_failure(space: Space, app: str) -> bool:
    """Return whether a ReplicaSet of a workload cannot make its pods."""
    return any(
        condition["type"] == "ReplicaFailure"
        for item in space.list("ReplicaSet")
        if item["metadata"]["labels"]["app"] == app
        for condition in item.get("status", {}).get("conditions") or []
    )


def shown(run: Run, ansible: Ansible) -> list[str]:
    """Return what was shown: by the action at once, by the module in its results."""
    if ansible.door == "action":
        return [line for _, line in run.lines]
    return [str(line) for result in run.verbs("rollout_info") for line in result.data.get("progress", [])]
