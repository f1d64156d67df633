# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Workloads as a tree for people: what stands where, why, and what was measured. Pure functions. Private to this collection."""

from __future__ import annotations

from datetime import datetime

from ..._operation import Screen
from ..model import View
from ..revisions import Revision, revisions_of
from .analysis_lines import run_node
from .facts import facts_of
from .look import OFF, WARN, Node, Pen, mark_of
from .moments import until
from .pod_lines import pod_nodes

# More revisions without pods than this are only counted.
_MOST_OLD = 5


def tree(views: dict[str, View], screen: Screen, now: datetime) -> list[str]:
    """Return workloads with their revisions, pods and analysis runs as lines of a tree.

    Args:
        views: the workloads by name.
        screen: what can be shown.
        now: for ages and for what is left of a pause.
    """
    pen = Pen(screen)
    lines: list[str] = []
    for view in views.values():
        lines += ["", *pen.draw(_workload(pen, view, now))]
    return lines[1:] or ["There is no rollout and no deployment."]


def brief_tree(views: dict[str, View], screen: Screen, now: datetime) -> list[str]:
    """Return the same for a screen that holds only so much: what is at rest comes last, in a line each."""
    moving = {name: view for name, view in views.items() if not _at_rest(view)}
    pen = Pen(screen)
    lines = [_head(pen, view) for name, view in views.items() if name not in moving]
    return [*(tree(moving, screen, now) if moving or not lines else []), *([""] if moving and lines else []), *lines]


def _at_rest(view: View) -> bool:
    pods = [pod for pods in view.pods.values() for pod in pods]
    return view.phase.name == "Healthy" and not view.in_flight and all(pod.ready for pod in pods)


def _head(pen: Pen, view: View) -> str:
    mark = mark_of(view.phase.name)
    return f"{pen.mark(mark)} {pen.bold(view.name)}  {view.strategy}  {pen.paint(view.phase.name, mark)}"


def _workload(pen: Pen, view: View, now: datetime) -> Node:
    node = Node(_head(pen, view), facts_of(pen, view, now))
    revisions = revisions_of(view)
    told = [revision for revision in revisions if revision.live]
    node.children += [_revision(pen, view, revision, now) for revision in told]
    old = [revision for revision in revisions if not revision.live]
    if old:
        node.children.append(Node(f"{pen.mark(OFF)} {pen.paint(_old(old), OFF)}"))
    return node


def _revision(pen: Pen, view: View, revision: Revision, now: datetime) -> Node:
    parts = [f"revision {revision.number}", revision.hash]
    if revision.roles:
        parts.append(pen.bold(", ".join(revision.roles)))
    parts.append(f"{revision.ready}/{revision.desired} ready" if revision.desired else "no pods")
    if revision.status not in ("Healthy", "ScaledDown"):
        parts.append(pen.paint(revision.status, mark_of(revision.status)))
    left = until(revision.scale_down_at, now)
    if left is not None:
        parts.append(f"delay: {left:.0f}s" if left else "delay is over")
    node = Node(f"{pen.mark(mark_of(revision.status))} {'  '.join(parts)}")
    if revision.message:
        node.facts.append(f"{pen.mark(WARN)} {pen.text(revision.message)}")
    node.children += pod_nodes(pen, revision.pods, now)
    # What is done and promoted is told in one line each.
    brief = revision.hash == view.stable_hash
    node.children += [run_node(pen, run, brief=brief) for run in view.runs if run.hash == revision.hash]
    return node


def _old(revisions: list[Revision]) -> str:
    named = ", ".join(f"{revision.number} ({_tags(revision)})" for revision in revisions[:_MOST_OLD])
    more = f" and {len(revisions) - _MOST_OLD} more" if len(revisions) > _MOST_OLD else ""
    return f"without pods: revision{'s' if len(revisions) > 1 else ''} {named}{more}"


def _tags(revision: Revision) -> str:
    tags = [image.rsplit("/", 1)[-1].partition(":")[2] or image for image in revision.images]
    return ", ".join(dict.fromkeys(tags))
