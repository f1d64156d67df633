# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Wait until workloads reach a named state, with live lines. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .._errors import DeliveryError
from .estate import Estate
from .model import View
from .progress import heartbeat, transitions
from .states import Outcome, judge

_HEARTBEAT = 30.0


@dataclass
class Waited:
    """What came of a wait.

    Attributes:
        views: the workloads at the end.
        reached: name -> the state it reached.
        failed: name -> why it can reach none any more.
        lacking: name -> what it still lacked when the time was over.
        unread: why the workloads could not be read at the end, empty when they could.
    """

    views: dict[str, View]
    reached: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    unread: str = ""


def wait_for(
    estate: Estate,
    states: list[str],
    *,
    step: int | None,
    until_any: list[str],
    began: float,
    timeout: float,
    say: Callable[[str, str], None],
) -> Waited:
    """Wait until every workload is in one of the states, cannot reach any of them, or the time is over.

    A workload that failed ends the wait for all: what comes next (a rollback) must not wait for the slowest.

    Args:
        estate: entered, with everything the states look at.
        states: names of `states.STATES`.
        step: for state ``step``.
        until_any: states that end the wait as soon as one workload is in one of them.
        began: the moment (of time.monotonic) from which the time counts.
        timeout: seconds.
        say: takes a workload's name and a line about it.
    """
    spoke = time.monotonic()
    names = estate.names
    seen: dict[str, View] = {}
    looked, unread = False, ""
    while True:
        views = estate.views()
        for name in names:
            for line in transitions(seen.get(name), views[name]) if name in views else []:
                say(name, line)
                spoke = time.monotonic()
        seen = {**seen, **views}
        waited = _judge_all(views, seen, names, states, step)
        left = began + timeout - time.monotonic()
        over = len(waited.reached) == len(names) or any(state in until_any for state in waited.reached.values())
        if waited.failed or over or (left <= 0 and looked):
            return Waited(waited.views, waited.reached, waited.failed, {} if over else waited.lacking, unread)
        quiet = spoke + _HEARTBEAT - time.monotonic()
        if quiet <= 0:
            for name in waited.lacking:
                say(name, f"{heartbeat(views[name])} ({time.monotonic() - began:.0f} s)")
            spoke = time.monotonic()
            quiet = _HEARTBEAT
        looked = left <= 0 or not estate.wait(min(left, quiet))
        if looked:
            # What no watch told may have happened all the same.
            unread = estate.refresh()


def _judge_all(
    views: dict[str, View], seen: dict[str, View], names: list[str], states: list[str], step: int | None
) -> Waited:
    waited = Waited({name: seen[name] for name in names if name in seen})
    for name in names:
        outcome = judge(views[name], states, step) if name in views else Outcome(impossible="it was deleted")
        if outcome.reached:
            waited.reached[name] = outcome.reached
        elif outcome.impossible:
            waited.failed[name] = outcome.impossible
        else:
            waited.lacking[name] = outcome.lacks
    return waited


def failure_of(waited: Waited, namespace: str, cluster: str, states: list[str], timeout: float) -> DeliveryError | None:
    """Return the error of a wait that did not end well, None when it did."""
    where = f"{cluster}, namespace {namespace}"
    if waited.failed:
        text = "; ".join(f"{name}: {why}" for name, why in waited.failed.items())
        return DeliveryError(
            text,
            reason="Unreachable",
            where=where,
            hint="look at its analysis runs and pods, then take it back with rollout_undo",
        )
    if waited.lacking:
        text = "; ".join(f"{name} {lack}" for name, lack in waited.lacking.items())
        return DeliveryError(
            f"not {' or '.join(states)} within {timeout:g} s: {text}",
            reason="Timeout",
            where=where,
            hint=_hint(waited),
        )
    return None


def _hint(waited: Waited) -> str:
    if waited.unread:
        return f"that is as last seen, for {waited.unread}"
    # What has not been taken notice of in all this time.
    idle = {waited.views[name].controller for name in waited.lacking if not waited.views[name].phase.settled}
    if idle:
        return f"the controller did not react: is {' and '.join(sorted(idle))} running?"
    return "look at the pods of what is named, or raise timeout"
