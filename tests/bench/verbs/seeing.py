# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How soon a waiting task sees what the API server shows: by watch, and by polling as people do it today.

A plain watch of the benchmark stamps the moment in which a canary's next step is there to be seen; the console and a
callback stamp when the task says so and when it ends.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.figures import Series
from tests.bench.following import Following
from tests.bench.plays import Play, Stage, Task
from tests.bench.report import Goal, Report
from tests.bench.table import Table
from tests.bench.verbs.contenders import AS_MODULE, OTHERS, OURS
from tests.bench.verbs.workloads import API, end_pause, in_step, paused_in
from tests.integration.support import objects, stage
from tests.integration.support.cluster import Obj, Space
from tools.report import Stopwatch, say

GOAL_MS = 300.0
_ROLLOUT = "seen"
# Events in a play; each is a measurement of its own, so that few rounds are enough.
_EVENTS = 6
_MOST_ROUNDS = 2
# Until a task that has begun is sure to wait: a module first starts an interpreter.
_SETTLE = {"action": 0.5}
_SETTLE_OTHERS = 3.0


@dataclass(frozen=True)
class _Way:
    """A way of waiting for a step.

    Attributes:
        key: its name in the figures.
        label: its name in the table.
        stage: whose Ansible runs it.
        task: the task that waits for a step.
        period: seconds between two looks; events come at a random moment of it.
        speaks: whether it shows a line before it ends.
    """

    key: str
    label: str
    stage: Stage
    task: Callable[[Space, int], Task]
    period: float = 0.5
    speaks: bool = False


def measure(bench: Bench) -> Report:
    """Measure every way of waiting, round by round."""
    lines: dict[str, list[float]] = {way.key: [] for way in _WAYS}
    ends: dict[str, list[float]] = {way.key: [] for way in _WAYS}
    with bench.space("bench-seeing") as space, Following(space, "Rollout") as rollouts:
        stage.start(space, objects.canary(_ROLLOUT, *[objects.PAUSE] * (_EVENTS + 2), replicas=1))
        rounds = min(bench.rounds, _MOST_ROUNDS)
        for number in range(1, rounds + 1):
            watch = Stopwatch()
            for way in _WAYS:
                _one_play(bench, space, rollouts, way, lines[way.key], ends[way.key])
            say(f"  seeing a change: round {number} of {rounds} took {watch}")
    return _report(lines, ends)


def _one_play(
    bench: Bench, space: Space, rollouts: Following, way: _Way, lines: list[float], ends: list[float]
) -> None:
    stage.release(space, _ROLLOUT, f"v{secrets.token_hex(4)}")
    stage.reach(space, _ROLLOUT, "Paused", step=0)
    shown = []
    with bench.player.start([way.task(space, step) for step in range(1, _EVENTS + 1)], way.stage) as run:
        for step in range(1, _EVENTS + 1):
            run.wait_until_begun(str(step))
            rollouts.when(_ROLLOUT, paused_in(step - 1))
            rollouts.forget()
            time.sleep(_SETTLE.get(way.key, _SETTLE_OTHERS) + random.uniform(0, way.period))
            sent = end_pause(space, _ROLLOUT)
            shown.append(rollouts.when(_ROLLOUT, in_step(step), since=sent))
        play = run.finish()
    ends += [(mark.ended - moment) * 1000 for mark, moment in zip(play.tasks, shown, strict=True)]
    if way.speaks:
        lines += [(_spoke(play, moment) - moment) * 1000 for moment in shown]


def _spoke(play: Play, moment: float) -> float:
    """Return when the first line about the rollout appeared after (or just before) a moment."""
    # The benchmark's own watch may be the later one of the two.
    found = [when for when, line in play.lines if when >= moment - 0.1 and f"{_ROLLOUT}: step" in line]
    return found[0] if found else float("inf")


def _ours(space: Space, step: int) -> Task:
    wanted = {"namespace": space.name, "rollouts": [_ROLLOUT], "state": "step", "step": step, "timeout": 120}
    return {"tradesense.delivery.rollout_wait": wanted}


def _polled(delay: int) -> Callable[[Space, int], Task]:
    def task(space: Space, step: int) -> Task:
        info: Obj = {"api_version": API, "kind": "Rollout", "namespace": space.name, "name": _ROLLOUT}
        return {
            "kubernetes.core.k8s_info": info,
            "register": "found",
            "until": f"found.resources[0].status.currentStepIndex | int >= {step}",
            "retries": 120,
            "delay": delay,
        }

    return task


_WAYS = (
    _Way("action", "rollout_wait by its action twin", OURS, _ours, speaks=True),
    _Way("module", "rollout_wait as a module", AS_MODULE, _ours),
    _Way("core", "k8s_info with until, delay 5 (the default)", OTHERS, _polled(5), period=6.0),
    _Way("core_1s", "k8s_info with until, delay 1", OTHERS, _polled(1), period=2.0),
)


def _report(lines: dict[str, list[float]], ends: dict[str, list[float]]) -> Report:
    title = f"Seeing a change of phase (ms after the API server shows it, {len(ends['action'])} events)"
    table = Table(title, ["", "line shown", "task ended"])
    spoken = {key: Series.of(values) for key, values in lines.items() if values}
    ended = {key: Series.of(values) for key, values in ends.items()}
    for way in _WAYS:
        table.add(way.label, spoken.get(way.key), ended[way.key])
    goals = [
        Goal("seeing a change of phase: the line of rollout_wait", GOAL_MS, spoken["action"].median),
        Goal("seeing a change of phase: the end of rollout_wait", GOAL_MS, ended["action"].median),
    ]
    return Report([table], goals, {"seeing": {"line": spoken, "end": ended}})
