# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a sandbox remembers between two runs of the launcher."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

PORTS = (
    "etcd",
    "etcd-peer",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok-controller",
    "rollouts-controller",
    "rollouts-controller-health",
    "simulator",
    "simulator-metrics",
    "prometheus",
)


@dataclass(frozen=True)
class State:
    """Ports by name, the key of the builds in use, and whether the control plane was created to the end."""

    ports: dict[str, int]
    builds: str
    created: bool = False


def load_state(path: Path) -> State | None:
    """Return the remembered state; None when there is none, or one that this version cannot use."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        ports = {name: int(found["ports"][name]) for name in PORTS}
        return State(ports, str(found["builds"]), found["created"] is True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_state(path: Path, state: State) -> None:
    """Remember the state, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(state), indent=2) + "\n", encoding="utf-8")
    new.rename(path)
