# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the real kubectl plugin tells of a Rollout, read from what it prints."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# The mark before a status, and none at all (a blank) before one the plugin has no mark for.
_MARKS = "◷◌⚠?✔✖॥•"
_KINDS = "Rollout|Experiment|ReplicaSet|Pod|AnalysisRun|Job"
_NODE = re.compile(
    rf"^(?P<branch>[│├└─ ]*)\S (?P<name>\S+)\s+(?P<kind>{_KINDS})\s+[{_MARKS}]?\s?(?P<status>\S*)\s+(?P<age>\S+)\s*(?P<info>.*)$"
)
_REVISION = re.compile(r"^[│├└─ ]*# revision:(?P<number>\d+)\s*$")
_IMAGE = re.compile(r"^(?P<image>\S+)(?: \((?P<tags>.*)\))?$")
_BRANCH_WIDTH = 3
_TRIES = 3
# Nothing it is asked here takes so long unless it hangs.
_LONGEST_SECONDS = 30


@dataclass(frozen=True)
class Node:
    """One line of the tree: an object, the revision it belongs to and the kinds of what it hangs on, topmost first."""

    name: str
    kind: str
    status: str
    revision: int
    below: tuple[str, ...]
    info: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """The answers of ``get rollout`` and, where it was asked, ``status --watch=false``; only `error` when there are none."""

    error: str = ""
    name: str = ""
    strategy: str = ""
    phase: str = ""
    message: str = ""
    step: str = ""
    set_weight: str = ""
    actual_weight: str = ""
    images: dict[str, list[str]] = field(default_factory=dict)
    replicas: dict[str, int] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    status: str | None = None


class Plugin:
    """Runs the plugin that the sandbox built."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def show(self, namespace: str, name: str, *, status: bool = False) -> Shown:
        """Ask the plugin for a Rollout; with `status`, by its other command too."""
        told = self._get(namespace, name)
        if told.returncode:
            return Shown(error=told.stderr.strip().removeprefix("Error: "))
        # For a degraded Rollout that ends with an error after it has printed the status.
        line = self._run("status", name, "--watch=false", "-n", namespace).stdout.strip() if status else None
        return parse(told.stdout, line)

    def _get(self, namespace: str, name: str) -> subprocess.CompletedProcess[str]:
        for _ in range(_TRIES):
            told = self._run("get", "rollout", name, "--no-color", "-n", namespace)
            # It does not wait until it has listed the Deployments before it looks for that of a workloadRef.
            if not told.returncode or "deployment.apps" not in told.stderr:
                break
        return told

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(self._program), *words]
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "NO_PROXY": "*"}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_LONGEST_SECONDS, env=environment
        )


def parse(text: str, status: str | None = None) -> Shown:
    """Return what ``get rollout`` printed."""
    head, _, tree = text.partition("\n\n")
    fields, images = _head(head)
    return Shown(
        name=fields["Name"],
        strategy=fields["Strategy"],
        # Behind the mark.
        phase=fields["Status"].lstrip(_MARKS).strip(),
        message=fields.get("Message", ""),
        step=fields.get("Step", ""),
        set_weight=fields.get("SetWeight", ""),
        actual_weight=fields.get("ActualWeight", ""),
        images=dict(_image(line) for line in images),
        replicas={name.lower(): int(fields[name]) for name in ("Desired", "Current", "Updated", "Ready", "Available")},
        nodes=tuple(_nodes(tree.splitlines())),
        status=status,
    )


def _head(text: str) -> tuple[dict[str, str], list[str]]:
    fields: dict[str, str] = {}
    images: list[str] = []
    for line in text.splitlines():
        key, _, value = line.partition(":") if not line.startswith(" " * 17) else ("", "", line)
        if key.strip() in ("Images", ""):
            images.append(value.strip())
        else:
            fields[key.strip()] = value.strip()
    return fields, images


def _image(line: str) -> tuple[str, list[str]]:
    found = _IMAGE.match(line)
    assert found, f"the plugin printed an image as {line!r}"
    return found["image"], sorted((found["tags"] or "").split(", ")) if found["tags"] else []


def _nodes(lines: list[str]) -> list[Node]:
    nodes: list[Node] = []
    revision, path = 0, list[str]()
    # The first two lines are the heading and the Rollout itself.
    for line in lines[2:]:
        heading = _REVISION.match(line)
        if heading:
            revision = int(heading["number"])
            continue
        found = _NODE.match(line)
        assert found, f"the plugin printed a line of its tree as {line!r}"
        depth = len(found["branch"]) // _BRANCH_WIDTH
        info = tuple(part.strip() for part in found["info"].split(",") if part.strip())
        # Directly below the Rollout are its revisions only.
        path[depth - 1 :] = [found["kind"]]
        nodes.append(Node(found["name"], found["kind"], found["status"], revision, tuple(path[:-1]), info))
    return nodes
