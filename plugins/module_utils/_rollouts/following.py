# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Follow workloads for a time, whatever becomes of them. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable

from .estate import Estate
from .model import View
from .pods import in_trouble
from .progress import heartbeat, transitions

_HEARTBEAT = 30.0
# A picture is drawn anew at most and at least so often: many changes at once, and the ages and countdowns in it.
_SHORTEST, _LONGEST = 0.2, 1.0


def follow_lines(estate: Estate, seconds: float, say: Callable[[str, str], None]) -> None:
    """Tell every transition of the workloads as a line.

    What is in flight is told every half minute, also when nothing changes.

    Args:
        estate: entered, with everything that is told.
        seconds: for how long.
        say: takes a workload's name and a line about it.
    """
    ends = time.monotonic() + seconds
    spoke = time.monotonic()
    seen = estate.views()
    told = {trouble for view in seen.values() for trouble in _troubles(view)}
    while (left := ends - time.monotonic()) > 0:
        quiet = spoke + _HEARTBEAT - time.monotonic()
        if quiet <= 0:
            for view in seen.values():
                if view.in_flight:
                    say(view.name, heartbeat(view))
            spoke, quiet = time.monotonic(), _HEARTBEAT
        estate.wait(min(left, quiet))
        views = estate.views()
        for name, line in _news(seen, views, told):
            say(name, line)
            spoke = time.monotonic()
        seen = views


def follow_picture(estate: Estate, seconds: float, draw: Callable[[dict[str, View]], None]) -> None:
    """Draw the workloads anew whenever something changed, and every second."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        drawn = time.monotonic()
        estate.wait(min(left, _LONGEST))
        while (pause := drawn + _SHORTEST - time.monotonic()) > 0:
            estate.wait(pause)
        draw(estate.views())


def _news(before: dict[str, View], now: dict[str, View], told: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what happened: name and line; troubles of pods that are told are noted in `told`."""
    lines = [(name, "it was deleted") for name in before if name not in now]
    for name, view in now.items():
        lines += [(name, line) for line in transitions(before.get(name), view)]
        for trouble, text in _troubles(view).items():
            if trouble not in told:
                told.add(trouble)
                lines.append((name, text))
    return lines


def _troubles(view: View) -> dict[tuple[str, str], str]:
    """Return the pods that do not get ready by themselves: pod and status -> a line."""
    return {
        (pod.name, pod.status): f"pod {pod.name} is {pod.status}{f': {pod.message}' if pod.message else ''}"
        for pods in view.pods.values()
        for pod in pods
        if in_trouble(pod)
    }
