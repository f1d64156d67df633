# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The trap of an analysis that is stopped: T15."""

from __future__ import annotations

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.naive import Naive
from tests.integration.support.objects import PAUSE, analysis, blue_green, canary, measuring
from tests.integration.support.plays import Ansible, task
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import promoted, reach, release, replica_sets, selected, serving, start, status
from tests.integration.traps.templates import runs_of, unmeasured
from tests.integration.traps.waits import each


def test_t15_a_stopped_analysis_opens_its_gate(ansible: Ansible, space: Space, naive: Naive, sandbox: Sandbox) -> None:
    """T15: stopped with bad values or none at all, it counts as passed; ours stop the release, not the question."""
    starts = {
        "nothing": {"analysis": analysis("nothing")},
        "bad": {"analysis": analysis("tolerant")},
    }
    made = {
        f"{who}-{kind}": [canary(f"{who}-{kind}", starts[kind], PAUSE)] for who in ("plain", "ours") for kind in starts
    }
    made |= {f"{who}-gate": blue_green(f"{who}-gate", gate="nothing", auto=True) for who in ("plain", "ours")}
    start(
        space,
        unmeasured("nothing", sandbox.prometheus),
        _tolerant(sandbox),
        *(item for items in made.values() for item in items),
    )
    stable = {name: status(space, name)["stableRS"] for name in made}
    new = {name: release(space, name, "v2") for name in made}
    each(space, made, lambda name: runs_of(space, name), "the analysis")
    each(space, ("plain-bad", "ours-bad"), lambda name: _failed(space, name), "a bad measurement")
    for name in ("plain-nothing", "plain-bad", "plain-gate"):
        [run] = runs_of(space, name)
        naive.terminate(run["metadata"]["name"])
    for name in ("plain-nothing", "plain-bad"):
        reach(space, name, "Paused", step=1)
    promoted(space, "plain-gate")
    assert selected(space, "plain-gate-active") == new["plain-gate"]
    for name in ("plain-nothing", "plain-bad", "plain-gate"):
        assert [run["status"]["phase"] for run in runs_of(space, name)] == ["Successful"]
    names = ["ours-nothing", "ours-bad", "ours-gate"]
    play = ansible.tasks(
        space.name,
        [
            task("rollout_promote", rollouts=names, fails=True),
            task("rollout_abort", rollouts=names),
        ],
    )
    for name in names:
        assert "it is not paused (Progressing" in play["rollout_promote"].rollouts[name]["error"]
        item = play["rollout_abort"].rollouts[name]
        assert (item["aborted"], item["stable_hash"]) == (True, stable[name])
        assert status(space, name)["stableRS"] == stable[name]
        assert status(space, name).get("currentStepIndex") in (0, None), "no step was passed"
    for name in names[:2]:
        assert replica_sets(space, name) == {stable[name]: 2, new[name]: 0}
    assert selected(space, "ours-gate-active") == stable["ours-gate"]
    assert serving(space, "ours-gate-active") == 2


def _tolerant(sandbox: Sandbox) -> Obj:
    """Return a template that measures bad values and forgives them all."""
    made = measuring("tolerant", sandbox.prometheus, "vector(1)")
    made["spec"]["metrics"][0].update(count=1000, failureLimit=1000)
    return made


def _failed(space: Space, name: str) -> int:
    results = [result for run in runs_of(space, name) for result in run["status"].get("metricResults") or []]
    return sum(int(result.get("failed") or 0) for result in results)
