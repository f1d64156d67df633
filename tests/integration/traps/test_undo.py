# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The traps of going back: T11 to T14."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.naive import Naive
from tests.integration.support.objects import PAUSE, blue_green, canary, image, routed, weight
from tests.integration.support.plays import Ansible, task
from tests.integration.support.stage import (
    HASH,
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
)
from tests.integration.support.watching import Watch
from tests.integration.traps.waits import each

BOTH = ("plain", "ours")
REQUIRED, PREFERRED = (f"{strength}DuringSchedulingIgnoredDuringExecution" for strength in ("required", "preferred"))


def live_image(space: Space, name: str) -> str:
    """Return the image in the template of a Rollout."""
    return str(space.get("Rollout", name)["spec"]["template"]["spec"]["containers"][0]["image"])


def test_t11_back_past_aborted_revisions(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T11: the plugin releases the aborted revision before the last again; ours goes to the one that was promoted."""
    start(space, *(canary(name, weight(50), PAUSE) for name in BOTH))
    for tag in ("v2", "v3", "v4"):
        for name in BOTH:
            release(space, name, tag)
        for name in BOTH:
            reach(space, name, "Paused", step=1)
            if tag == "v2":
                promote_fully(space, name)
            else:
                abort(space, name)
    stable = {name: status(space, name)["stableRS"] for name in BOTH}
    naive.undo("plain")
    reach(space, "plain", "Paused", step=1)
    assert live_image(space, "plain") == image("v3"), "aborted, and on its way again"
    assert "unable to find specified revision" in naive.fails("undo", "plain", "--to-revision=3")
    run = ansible.tasks(space.name, [task("rollout_undo", rollouts=["ours"])])
    item = run["rollout_undo"].rollouts["ours"]
    assert (item["phase"], item["current_hash"], item["stable_hash"]) == ("Healthy", stable["ours"], stable["ours"])
    assert live_image(space, "ours") == image("v2")
    assert replica_sets(space, "ours")[stable["ours"]] == 2
    assert sum(replica_sets(space, "ours").values()) == 2, "no other pods"


def test_t12_back_from_a_release_that_only_removed_something(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T12: the plugin skips the rollback and returns 0; ours compares hashes."""
    start(space, *(canary(name, weight(50), PAUSE, env={"A": "1", "LIMIT": "5"}) for name in BOTH))
    stable = {name: status(space, name)["stableRS"] for name in BOTH}
    for name in BOTH:
        gone = [{"op": "remove", "path": "/spec/template/spec/containers/0/env/1"}]
        space.patch("Rollout", name, gone, how="json", fieldManager="somebody-else")
        taken(space, name, stable[name])
        reach(space, name, "Paused", step=1)
    assert naive.undo("plain").startswith("skipped rollback (current template already matches")
    assert reach(space, "plain", "Paused", step=1)["status"]["currentPodHash"] != stable["plain"]
    run = ansible.tasks(space.name, [task("rollout_undo", rollouts=["ours"])])
    assert run["rollout_undo"].changed
    assert status(space, "ours")["currentPodHash"] == stable["ours"]
    container = space.get("Rollout", "ours")["spec"]["template"]["spec"]["containers"][0]
    assert [item["name"] for item in container["env"]] == ["A", "LIMIT"]
    assert sum(replica_sets(space, "ours").values()) == replica_sets(space, "ours")[stable["ours"]] == 2


def test_t13_back_with_the_metadata_of_a_role(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T13: what the controller put into the stable ReplicaSet makes a new revision of it; ours leaves it out."""
    made = {f"{name}-{kind}": build for name in BOTH for kind, build in (("canary", _routed), ("switch", _switched))}
    start(space, *(item for name, build in made.items() for item in build(name)))
    stable = {name: status(space, name)["stableRS"] for name in made}
    for name in made:
        release(space, name, "v2")
    for name in made:
        reach(space, name, "Paused")
    for name in ("plain-canary", "plain-switch"):
        before = status(space, name)["currentPodHash"]
        naive.undo(name)
        assert taken(space, name, before) != stable[name]
        assert reach(space, name, "Paused")["spec"]["template"]["metadata"]["labels"]["role"] == "stable"
    names = ["ours-canary", "ours-switch"]
    run = ansible.tasks(space.name, [task("rollout_undo", rollouts=names)])
    for name in names:
        assert run["rollout_undo"].rollouts[name]["current_hash"] == stable[name]
        assert reach(space, name, "Healthy")["spec"]["template"]["metadata"]["labels"] == {"app": name}
        assert len(replica_sets(space, name)) == 2
    assert canary_weight(space, "ours-canary-ours-canary-canary") == 0
    assert serving(space, "ours-canary-stable") == serving(space, "ours-switch-active") == 2


def _routed(name: str) -> list[Obj]:
    made = routed(name, weight(30), PAUSE)
    made[-1]["spec"]["strategy"]["canary"]["stableMetadata"] = {"labels": {"role": "stable"}}
    return made


def _switched(name: str) -> list[Obj]:
    made = blue_green(name)
    made[-1]["spec"]["strategy"]["blueGreen"]["activeMetadata"] = {"labels": {"role": "stable"}}
    return made


@pytest.mark.parametrize("own", [False, True], ids=["alone", "with-affinity-of-its-own"])
def test_t13_back_with_anti_affinity(ansible: Ansible, space: Space, naive: Naive, own: bool) -> None:
    """T13: the rule against other revisions comes along and makes a new one; ours takes it out, in flight and at rest."""
    rules: Obj = {"required": {REQUIRED: {}}, "preferred": {PREFERRED: {"weight": 1}}}
    plain, ours = [] if own else ["plain-required"], [f"ours-{strength}" for strength in rules]
    names = [*plain, *ours]
    start(space, *(item for name in names for item in _apart(name, rules[name.split("-")[1]], own)))
    hashes: dict[str, list[str]] = {name: [status(space, name)["stableRS"]] for name in names}
    for tag in ("v2", "v3"):
        for name in names:
            hashes[name].append(release(space, name, tag))
        for name in names:
            reach(space, name, "Paused", step=1)
            if tag == "v2":
                promote_fully(space, name)
    written = {name: rules_in(space.get("Rollout", name)) for name in names}
    for name in plain:
        naive.undo(name)
        assert taken(space, name, hashes[name][2]) not in hashes[name]
        assert rules_in(space.get("Rollout", name)) != written[name]
    run = ansible.tasks(space.name, [task("rollout_undo", rollouts=ours)])
    for name in ours:
        assert run["rollout_undo"].rollouts[name]["stable_hash"] == status(space, name)["currentPodHash"]
        assert status(space, name)["currentPodHash"] == hashes[name][1]
        _keeps_no_pods_apart(space, name, hashes[name], written[name])
    first = {name: hashes[name][0] for name in ours}
    tasks = [task("rollout_undo", name=name, rollouts=[name], to_hash=first[name], full=True) for name in ours]
    run = ansible.tasks(space.name, tasks)
    for name in ours:
        assert run[name].rollouts[name]["result"].startswith(f"{first[name]} serves all traffic again")
        _keeps_no_pods_apart(space, name, hashes[name], written[name])
        assert selected(space, f"{name}-stable") == first[name]
        assert serving(space, f"{name}-stable") == 2


def _apart(name: str, rule: Obj, own: bool) -> list[Obj]:
    made = routed(name, weight(30), PAUSE)
    spec = made[-1]["spec"]
    spec["strategy"]["canary"]["antiAffinity"] = rule
    if own:
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "other"}}}
        rules = {PREFERRED: [{"weight": 5, "podAffinityTerm": term}]}
        spec["template"]["spec"]["affinity"] = {"podAntiAffinity": rules}
    return made


def rules_in(item: Obj) -> list[Any]:
    """Return the anti-affinity terms of a workload's template."""
    anti = (item["spec"]["template"]["spec"].get("affinity") or {}).get("podAntiAffinity") or {}
    return [term for terms in anti.values() for term in terms]


def _keeps_no_pods_apart(space: Space, name: str, hashes: list[str], written: list[Any]) -> None:
    """Check that there are the three revisions, the template as it was, and no ReplicaSet with a rule against itself."""
    assert sorted(replica_sets(space, name)) == sorted(hashes)
    assert rules_in(space.get("Rollout", name)) == written
    for item in space.list("ReplicaSet"):
        if item["metadata"]["labels"]["app"] == name:
            assert item["metadata"]["labels"][HASH] not in str(rules_in(item)), item["metadata"]["name"]


def test_t14_back_after_promotion(ansible: Ansible, space: Space, naive: Naive) -> None:
    """T14: the plugin's undo stops at the first pause, with the bad release live; ours passes all of them on request."""
    names = [f"{who}-{kind}" for who in BOTH for kind in ("canary", "switch")]
    made = [routed(name, weight(30), PAUSE) if name.endswith("canary") else blue_green(name) for name in names]
    start(space, *(item for items in made for item in items))
    old = {name: status(space, name)["stableRS"] for name in names}
    for name in names:
        release(space, name, "v2")
    for name in names:
        reach(space, name, "Paused")
        promote_fully(space, name)
    each(space, names, lambda name: replica_sets(space, name)[old[name]] == 0, "the old pods gone")
    for name in names[:2]:
        naive.undo(name)
        reach(space, name, "Paused")
    assert selected(space, "plain-switch-active") != old["plain-switch"]
    assert selected(space, "plain-canary-stable") != old["plain-canary"]
    with Watch(space, "Rollout") as watch:
        run = ansible.tasks(space.name, [task("rollout_undo", rollouts=names[2:], full=True)])
    for name in names[2:]:
        assert run["rollout_undo"].rollouts[name]["current_hash"] == old[name]
        states = [item["status"] for item in watch.states(name) if item.get("status")]
        assert not [state for state in states if state.get("pauseConditions")], "no pause on the way back"
    assert selected(space, "ours-switch-active") == old["ours-switch"]
    assert selected(space, "ours-canary-stable") == old["ours-canary"]
    assert serving(space, "ours-switch-active") == serving(space, "ours-canary-stable") == 2
