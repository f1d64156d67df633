# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The same verb in every way there is, and how each of them is run many times over."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.bench import Bench
from tests.bench.figures import gaps
from tests.bench.plays import SHIPPED, Stage, Task
from tests.integration.support.cluster import Space
from tools.setup import BENCH

# Repetitions: of a measurement, and of the round before it that only warms up.
COUNT, WARMING = 20, 2
OURS = Stage()
AS_MODULE = Stage(connection=SHIPPED)
OTHERS = Stage(environment=BENCH.path)


@dataclass(frozen=True)
class Verb:
    """A verb that is measured, in every way it can be said; each takes the number of the repetition, from 0.

    Attributes:
        name: what the table calls it.
        ours: as a task with the collection.
        core: as a task with kubernetes.core, None where it cannot be said.
        plugin: as arguments of the kubectl plugin.
        changes: whether each repetition changes something.
        prepare: brings the workload to where the first repetition begins.
        reactions: how long the controller itself takes for each of so many repetitions (ms); None when it has no part in it.
    """

    name: str
    ours: Callable[[int], Task]
    core: Callable[[int], Task] | None
    plugin: Callable[[int], Sequence[str]]
    changes: bool
    prepare: Callable[[], None]
    reactions: Callable[[int], list[float]] | None = None


@dataclass(frozen=True)
class Timing:
    """What some repetitions took, without what an empty play takes.

    Attributes:
        each: ms of one of them.
        cpu: ms of processor time of one of them.
        further: ms of a typical one after the first.
        empty: ms of the empty play that was subtracted; 0 when no play was around them.
    """

    each: float
    cpu: float
    further: float
    empty: float = 0.0


@dataclass(frozen=True)
class Contender:
    """A way of running verbs.

    Attributes:
        key: its name in the figures.
        label: its name in the table.
        run: runs a verb so many times.
        can: whether the verb can be said in this way.
        waits: whether it waits until the controller has taken the change.
    """

    key: str
    label: str
    run: Callable[[Bench, Verb, int], Timing]
    can: Callable[[Verb], bool] = field(default=lambda verb: True)
    waits: bool = False


def contenders(space: Space) -> list[Contender]:
    """Return every way of running a verb in a namespace."""

    def argvs(bench: Bench, verb: Verb, count: int) -> list[list[str]]:
        return [[bench.plugin, *verb.plugin(number), "--namespace", space.name] for number in range(count)]

    def commands(bench: Bench, verb: Verb, count: int) -> Timing:
        tasks: list[Task] = [{"ansible.builtin.command": {"argv": argv}} for argv in argvs(bench, verb, count)]
        return _play(bench, tasks, OURS)

    def processes(bench: Bench, verb: Verb, count: int) -> Timing:
        ran = [bench.process(argv) for argv in argvs(bench, verb, count)]
        each, cpu = sum(one.seconds for one in ran) / count, sum(one.cpu for one in ran) / count
        return Timing(each * 1000, cpu * 1000, statistics.median(one.seconds for one in ran[1:]) * 1000)

    def ours(stage: Stage) -> Callable[[Bench, Verb, int], Timing]:
        return lambda bench, verb, count: _play(bench, _repeated(verb.ours, count), stage, changed=verb.changes)

    return [
        Contender("action", "rollout_* by its action twin", ours(OURS), waits=True),
        Contender("module", "rollout_* as a module", ours(AS_MODULE), waits=True),
        Contender(
            "core",
            "kubernetes.core",
            lambda bench, verb, count: _play(bench, _repeated(verb.core, count), OTHERS),
            can=lambda verb: verb.core is not None,
        ),
        Contender("command", "kubectl plugin by ansible.builtin.command", commands),
        Contender("plugin", "kubectl plugin alone", processes),
    ]


def no_operation(bench: Bench, count: int) -> Timing:
    """Run tasks of Ansible's own that do nothing: what a task costs before it does anything."""
    return _play(bench, [{"ansible.builtin.assert": {"that": True, "quiet": True}}] * count, OURS)


def bare_reads(bench: Bench, count: int, namespace: str, name: str) -> Timing:
    """Run tasks that read one Rollout with the Kubernetes library: what anything costs that asks the cluster once."""
    return _play(bench, [{"bench_bare": {"namespace": namespace, "name": name}}] * count, OURS)


def _repeated(made: Callable[[int], Task] | None, count: int) -> list[Task]:
    return [made(number) for number in range(count)] if made else []


def _play(bench: Bench, tasks: list[Task], stage: Stage, *, changed: bool | None = None) -> Timing:
    # Right before, so that both meet the machine in the same mood.
    empty = bench.player.play([], stage)
    play = bench.player.play(tasks, stage, changed=changed)
    return Timing(
        each=(play.seconds - empty.seconds) * 1000 / len(tasks),
        cpu=(play.cpu - empty.cpu) * 1000 / len(tasks),
        further=statistics.median(gaps(mark.ended for mark in play.tasks)) * 1000,
        empty=empty.seconds * 1000,
    )
