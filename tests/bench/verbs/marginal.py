# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What one verb inside a play costs, in every way of saying it.

A play of twenty verbs minus an empty play (no task at all), divided by twenty: that charges the verbs with everything
that an empty play does without, the import of libraries too. Measured beside it: twenty tasks of Ansible's own that do
nothing, so that one sees how much of the cost is Ansible's; and twenty that read one Rollout with the Kubernetes library
and do nothing else, the floor of whatever asks the cluster.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable

from tests.bench.bench import Bench, rotated
from tests.bench.figures import Series
from tests.bench.following import Following
from tests.bench.report import Goal, Report
from tests.bench.table import Table
from tests.bench.verbs.contenders import (
    COUNT,
    WARMING,
    Contender,
    Timing,
    Verb,
    bare_reads,
    contenders,
    no_operation,
)
from tests.bench.verbs.workloads import HELD, start_all, verbs
from tools.report import Stopwatch, say

GOAL_MS = 60.0
GOAL_SHARE = 1 / 8
_NOTHING = ("", "nothing")
_BARE = ("", "bare")
# The verb's name and the contender's key.
Key = tuple[str, str]


def measure(bench: Bench) -> Report:
    """Measure all verbs, round by round."""
    with bench.space("bench-verbs") as space, Following(space, "Rollout") as rollouts:
        start_all(space)
        known, ways = verbs(space, rollouts), contenders(space)
        timings: dict[Key, list[Timing]] = defaultdict(list)
        reactions: dict[str, list[float]] = defaultdict(list)
        # The first round only warms up: compiled files, discovery, the server's caches.
        for number in range(bench.rounds + 1):
            watch = Stopwatch()
            taken, reacted = _round(bench, space.name, known, ways, number, COUNT if number else WARMING)
            say(f"  one verb: {'warm-up' if not number else f'round {number} of {bench.rounds}'} took {watch}")
            if number:
                for key, timing in taken.items():
                    timings[key].append(timing)
                for name, value in reacted.items():
                    reactions[name].append(value)
    return _report(known, ways, timings, {name: Series.of(values) for name, values in reactions.items()})


def _round(
    bench: Bench, namespace: str, known: list[Verb], ways: list[Contender], number: int, count: int
) -> tuple[dict[Key, Timing], dict[str, float]]:
    taken = {_NOTHING: no_operation(bench, count), _BARE: bare_reads(bench, count, namespace, HELD)}
    reacted = {}
    for verb in known:
        for way in rotated(ways, number):
            if way.can(verb):
                verb.prepare()
                taken[verb.name, way.key] = way.run(bench, verb, count)
        if verb.reactions:
            verb.prepare()
            reacted[verb.name] = statistics.mean(verb.reactions(count))
    return taken, reacted


def _report(
    known: list[Verb], ways: list[Contender], timings: dict[Key, list[Timing]], reactions: dict[str, Series]
) -> Report:
    empties = _series([one for key, found in timings.items() if key[1] != "core" for one in found], _empty, above=0)
    others = _series([one for key, found in timings.items() if key[1] == "core" for one in found], _empty)
    nothing, bare = _series(timings[_NOTHING], _each), _series(timings[_BARE], _each)
    table = Table("Ansible itself (ms)", ["", "median (min..max)"])
    table.add("a play without a task", empties)
    table.add("the same in the environment of kubernetes.core", others)
    table.add(f"each of {COUNT} tasks that do nothing (assert)", nothing)
    table.add(f"each of {COUNT} tasks that read one Rollout with the Kubernetes library, and nothing else", bare)
    found = {"count": COUNT, "empty_play": empties, "empty_play_others": others, "nothing": nothing, "bare": bare}
    report = Report([table], [], {"marginal": {**found, "verbs": {}}})
    for verb in known:
        present = [way for way in ways if timings.get((verb.name, way.key))]
        _add_verb(report, verb, ways, {way.key: timings[verb.name, way.key] for way in present}, reactions)
    return report


def _add_verb(
    report: Report,
    verb: Verb,
    ways: list[Contender],
    timings: dict[str, list[Timing]],
    reactions: dict[str, Series],
) -> None:
    raw = {key: _series(found, _each) for key, found in timings.items()}
    reaction = reactions.get(verb.name)
    waiting = [way.key for way in ways if way.waits]
    net = {key: raw[key].minus(reaction) if reaction else raw[key] for key in waiting}
    share = net["action"].over(net["module"])
    report.tables.append(_verb_table(verb, ways, timings, net, reaction))
    report.data["marginal"]["verbs"][verb.name] = {
        "raw": raw,
        "net": net,
        "cpu": {key: _series(found, _cpu) for key, found in timings.items()},
        "further": {key: _series(found, _further) for key, found in timings.items()},
        "controller": reaction,
        "action_by_module": share,
    }
    beyond = " beyond the controller's reaction" if reaction else ""
    of_empty = net["action"].over(_series(timings["action"], _empty))
    report.goals += [
        Goal(
            f"{verb.name}: one verb in a play{beyond}",
            GOAL_MS,
            net["action"].median,
            note=f"{of_empty.median:.1%} of the empty play beside it",
        ),
        Goal(f"{verb.name}: the same as a share of the module's", GOAL_SHARE, share.median, unit="", note=str(share)),
    ]


def _verb_table(
    verb: Verb,
    ways: list[Contender],
    timings: dict[str, list[Timing]],
    net: dict[str, Series],
    reaction: Series | None,
) -> Table:
    columns = [
        "",
        f"each of {COUNT} (ms)",
        "beyond the controller",
        "a further one",
        "processor",
        "times the action twin",
    ]
    notes = []
    if verb.core is None:
        notes.append("kubernetes.core cannot do it: its modules do not patch the subresource status")
    elif verb.changes:
        notes.append("neither kubernetes.core nor the plugin waits for the controller")
    table = Table(f"{verb.name}: one verb in a play of {COUNT}", columns, notes=notes)
    ours = _series(timings["action"], _each)
    for way in ways:
        found = timings.get(way.key)
        if not found:
            table.add(way.label, None, None, None, None, None)
            continue
        raw = _series(found, _each)
        times = None if way.key == "action" else raw.over(ours)
        table.add(way.label, raw, net.get(way.key), _series(found, _further), _series(found, _cpu), times)
    if reaction:
        table.add("the controller alone (plain patch and watch)", reaction, None, None, None, None)
    return table


def _series(timings: list[Timing], figure: Callable[[Timing], float], *, above: float | None = None) -> Series:
    values = [figure(one) for one in timings]
    return Series.of(value for value in values if above is None or value > above)


def _each(timing: Timing) -> float:
    return timing.each


def _cpu(timing: Timing) -> float:
    return timing.cpu


def _further(timing: Timing) -> float:
    return timing.further


def _empty(timing: Timing) -> float:
    return timing.empty
