# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The trap of a ReplicaSet whose status speaks of pods that are gone: X3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.support.cluster import Obj, Refused, Space
from tests.integration.support.naive import Naive
from tests.integration.support.objects import blue_green
from tests.integration.support.plays import Ansible, task
from tests.integration.support.stage import (
    HASH,
    next_second,
    promote_fully,
    promoted,
    reach,
    release,
    selected,
    serving,
    start,
    status,
)
from tests.integration.support.watching import Watch
from tests.integration.traps.shortage import no_more_pods
from tests.integration.traps.waits import each

_ADMISSION = "apis/admissionregistration.k8s.io/v1"


def test_x3_back_to_pods_that_are_gone(ansible: Ansible, space: Space, naive: Naive) -> None:
    """X3: the controller believes the stale status, and sends all traffic to nothing; ours waits until it is current."""
    names = ["plain", "ours"]
    made = {name: blue_green(name) for name in names}
    for items in made.values():
        # Inside the window it goes back without a pause, which leaves the status as the only thing in the way.
        items[-1]["spec"]["rollbackWindow"] = {"revisions": 3}
    start(space, *(item for items in made.values() for item in items))
    old = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        next_second(space, name)
    new = {name: release(space, name, "v2") for name in names}
    for name in names:
        reach(space, name, "Paused")
    with late_statuses(space):
        for name in names:
            promote_fully(space, name)
        each(space, names, lambda name: pods_of(space, old[name]) == 0, "the old pods gone")
        for name in names:
            assert replica_set(space, old[name])["status"]["availableReplicas"] == 2, "says its stale status"
        with no_more_pods(space):
            naive.undo("plain")
            promoted(space, "plain")
            assert selected(space, "plain-active") == old["plain"]
            space.until(lambda: serving(space, "plain-active") == 0, "Healthy, and no endpoint")
            run = ansible.tasks(space.name, [task("rollout_undo", rollouts=["ours"], full=True, timeout=2, fails=True)])
            assert status(space, "plain")["phase"] == "Healthy"
            assert serving(space, "plain-active") == 0
            assert run["rollout_undo"].data["reason"] == "Timeout"
            assert f"waited for the status of ReplicaSet {old['ours']} to be current" in run["rollout_undo"].msg
            assert not run["rollout_undo"].changed
            assert selected(space, "ours-active") == new["ours"]
            assert serving(space, "ours-active") == 2
    with Watch(space, "ReplicaSet") as sets, Watch(space, "Service") as services:
        run = ansible.tasks(space.name, [task("rollout_undo", rollouts=["ours"], full=True)])
    assert run["rollout_undo"].rollouts["ours"]["stable_hash"] == old["ours"]
    assert selected(space, "ours-active") == old["ours"]
    assert serving(space, "ours-active") == 2
    assert available_before_the_switch(sets, services, old["ours"])


def replica_set(space: Space, revision: str) -> Obj:
    """Return the ReplicaSet of a revision."""
    [found] = [item for item in space.list("ReplicaSet") if item["metadata"]["labels"].get(HASH) == revision]
    return found


def pods_of(space: Space, revision: str) -> int:
    """Return the number of pods of a revision."""
    return sum(pod["metadata"]["labels"].get(HASH) == revision for pod in space.list("Pod"))


def available_before_the_switch(sets: Watch, services: Watch, revision: str) -> bool:
    """Return whether both pods of a revision were available before the active Service selected them."""
    switched = [item for item in services.states("ours-active") if item["spec"]["selector"].get(HASH) == revision]
    ready = [
        item
        for item in sets.states(f"ours-{revision}")
        if (item.get("status") or {}).get("availableReplicas") == 2 and item["spec"]["replicas"] == 2
    ]
    first = [int(items[0]["metadata"]["resourceVersion"]) for items in (ready, switched)]
    return first == sorted(first)


@contextmanager
def late_statuses(space: Space) -> Iterator[None]:
    """Keep ReplicaSets from telling of their pods, as one with a slow controller does, until the end of the block."""
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": space.name},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["UPDATE"],
                        "resources": ["replicasets/status"],
                    }
                ]
            },
            "validations": [{"expression": "false", "message": "held back by a test"}],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": space.name},
        "spec": {
            "policyName": space.name,
            "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space.name}}},
        },
    }
    kinds = {"validatingadmissionpolicies": policy, "validatingadmissionpolicybindings": binding}
    for plural, manifest in kinds.items():
        space.cluster.request("POST", f"{_ADMISSION}/{plural}", manifest)
    try:
        space.until(lambda: _is_held_back(space), "the policy in force")
        yield
    finally:
        for plural in reversed(kinds):
            space.cluster.request("DELETE", f"{_ADMISSION}/{plural}/{space.name}")
    space.until(lambda: not _is_held_back(space), "the policy out of force")


def _is_held_back(space: Space) -> bool:
    item = space.list("ReplicaSet")[0]
    try:
        change = {"status": {"conditions": [{"type": "Probe", "status": "True"}]}}
        space.patch("ReplicaSet", item["metadata"]["name"], change, subresource="status", dryRun="All")
    except Refused as refused:
        return "held back by a test" in str(refused)
    return False
