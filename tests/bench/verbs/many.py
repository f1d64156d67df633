# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading the status of 200 rollouts, each with two pods and two Services, in one namespace."""

from __future__ import annotations

import json
from collections import defaultdict

from tests.bench.bench import Bench, Timed
from tests.bench.figures import Series
from tests.bench.filling import for_each, until_all
from tests.bench.plays import Stage, Task
from tests.bench.report import Goal, Report
from tests.bench.table import Table
from tests.bench.verbs.contenders import AS_MODULE, OTHERS, OURS
from tests.bench.verbs.workloads import API
from tests.integration.support import objects, stage
from tests.integration.support.cluster import Obj, Space
from tools.errors import ToolError
from tools.paths import ROOT
from tools.report import Stopwatch, say
from tools.setup import NEWEST

GOAL_MS = 500.0
NUMBER = 200

_LABELS = {
    "inprocess": "rollout_info, the operation in a fresh process",
    "action": "rollout_info by its action twin, as a task",
    "module": "rollout_info as a module, as a task",
    "core": "k8s_info of the same Rollouts, as a task",
    "plugin": "kubectl plugin alone: list rollouts",
}


def measure(bench: Bench) -> Report:
    """Create the rollouts, and read them all in every way, round by round."""
    values: dict[str, list[float]] = defaultdict(list)
    with bench.space("bench-many") as space:
        _create(space)
        # The first round only warms up.
        for number in range(bench.rounds + 1):
            watch = Stopwatch()
            taken = _round(bench, space)
            say(f"  {NUMBER} rollouts: {'warm-up' if not number else f'round {number} of {bench.rounds}'} took {watch}")
            if number:
                for key, value in taken.items():
                    values[key].append(value)
    return _report({key: Series.of(found) for key, found in values.items()})


def _create(space: Space) -> None:
    watch = Stopwatch()
    names = [f"service-{number:03d}" for number in range(NUMBER)]
    for_each(names, lambda name: space.create(*_manifests(name)))
    until_all(space, NUMBER, lambda item: stage.is_in(item, "Healthy"), "Healthy")
    say(f"  {NUMBER} rollouts: Healthy after {watch}")


def _manifests(name: str) -> list[Obj]:
    rollout = objects.canary(name, objects.weight(50), objects.PAUSE)
    rollout["spec"]["strategy"]["canary"].update(stableService=f"{name}-stable", canaryService=f"{name}-canary")
    services = [objects.service(f"{name}-{role}", name) for role in ("stable", "canary")]
    for service in services:
        # Without an address of its own: the sandbox does not have as many.
        service["spec"]["clusterIP"] = "None"
    return [*services, rollout]


def _round(bench: Bench, space: Space) -> dict[str, float]:
    def task(made: Task, stage: Stage) -> float:
        # Right before, so that both meet the machine in the same mood.
        empty = bench.player.play([], stage)
        return (bench.player.play([made], stage).seconds - empty.seconds) * 1000

    ours = {"tradesense.delivery.rollout_info": {"namespace": space.name}}
    core = {"kubernetes.core.k8s_info": {"api_version": API, "kind": "Rollout", "namespace": space.name}}
    listing = [bench.plugin, "list", "rollouts", "--namespace", space.name]
    return {
        "inprocess": _in_process(bench, space),
        "action": task(ours, OURS),
        "module": task(ours, AS_MODULE),
        "core": task(core, OTHERS),
        "plugin": _ms(bench.process(listing)),
    }


def _in_process(bench: Bench, space: Space) -> float:
    python = str(NEWEST.path / "bin" / "python")
    where = f"{ROOT}:{ROOT / '.dev' / 'collections'}"
    argv = [python, "-m", "tests.bench.verbs.inprocess", space.name]
    found = json.loads(bench.output(argv, PYTHONPATH=where)[1])
    if found["rollouts"] != NUMBER:
        raise ToolError(f"rollout_info found {found['rollouts']} rollouts instead of {NUMBER}")
    return float(found["ms"])


def _ms(timed: Timed) -> float:
    return timed.seconds * 1000


def _report(values: dict[str, Series]) -> Report:
    notes = ["k8s_info reads the Rollouts only; rollout_info also reads revisions, analysis runs and traffic"]
    columns = ["", "ms (tasks: minus an empty play)", "times the action twin"]
    table = Table(f"Status of {NUMBER} rollouts in one namespace", columns, notes=notes)
    for key, label in _LABELS.items():
        table.add(label, values[key], None if key == "action" else values[key].over(values["action"]))
    goals = [
        Goal(f"rollout_info of {NUMBER} rollouts: the operation", GOAL_MS, values["inprocess"].median),
        Goal(f"rollout_info of {NUMBER} rollouts: as a task in a play", GOAL_MS, values["action"].median),
    ]
    return Report([table], goals, {"many": {"number": NUMBER, **values}})
