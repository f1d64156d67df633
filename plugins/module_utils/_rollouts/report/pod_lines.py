# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The pods of a revision as lines. Pure functions. Private to this collection."""

from __future__ import annotations

from datetime import datetime

from ..model import Pod
from ..pods import in_trouble
from .look import BAD, BUSY, OFF, OK, WARN, Node, Pen, columns
from .moments import age

# So many pods are shown one by one; of more, those that are as they should be are only counted.
_MOST_PODS = 6


def pod_nodes(pen: Pen, pods: tuple[Pod, ...], now: datetime) -> list[Node]:
    """Return a node for each pod, those that need attention first; many that are fine become one line."""
    ordered = sorted(pods, key=_urgency)
    shown = [pod for index, pod in enumerate(ordered) if index < _MOST_PODS or not pod.ready]
    lines = columns([_row(pod, now) for pod in shown])
    nodes = [_node(pen, pod, line) for pod, line in zip(shown, lines)]
    left = len(ordered) - len(shown)
    if left:
        nodes.append(Node(f"{pen.mark(OK)} {left} more, ready"))
    return nodes


def _urgency(pod: Pod) -> int:
    if in_trouble(pod):
        return 0
    return 1 if not pod.ready else (2 if pod.restarts else 3)


def _row(pod: Pod, now: datetime) -> tuple[str, ...]:
    restarts = f"{pod.restarts} restart{'s' if pod.restarts != 1 else ''}" if pod.restarts else ""
    return pod.name, pod.status, f"{pod.containers_ready}/{pod.containers}", age(pod.created, now), restarts


def _node(pen: Pen, pod: Pod, line: str) -> Node:
    mark = BAD if in_trouble(pod) else (OK if pod.ready else BUSY)
    if pod.status == "Terminating":
        mark = OFF
    colour = WARN if pod.restarts and mark == OK else mark
    shown = line if colour == OK else pen.paint(line, colour)
    return Node(f"{pen.mark(mark)} {shown}", [pen.text(pod.message)] if pod.message else [])
