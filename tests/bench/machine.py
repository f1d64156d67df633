# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on: its size and versions, nothing that names it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from tools.setup import BENCH, NEWEST

_GIB = 1024**3
_VERSIONS = """
import json, sys
from importlib.metadata import version
from pathlib import Path
from ansible.release import __version__ as core
import ansible
found = {"python": sys.version.split()[0], "ansible_core": core, "kubernetes": version("kubernetes")}
manifest = Path(ansible.__file__).parents[1] / "ansible_collections" / "kubernetes" / "core" / "MANIFEST.json"
if manifest.exists():
    found["kubernetes_core"] = json.loads(manifest.read_text("utf-8"))["collection_info"]["version"]
print(json.dumps(found))
"""


def describe(*, compared: bool = True) -> dict[str, Any]:
    """Return the machine's size, how busy it is now, and the versions: ours, and those it is compared with, if it is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / _GIB),
        "load_before": round(os.getloadavg()[0], 1),
        "ours": _versions(str(NEWEST.path / "bin" / "python")),
    }
    return found | ({"others": _versions(str(BENCH.path / "bin" / "python"))} if compared else {})


def line(machine: dict[str, Any]) -> str:
    """Return the machine as one line."""
    ours, others = machine["ours"], machine.get("others")
    found = (
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, load {machine['load_before']} before; "
        f"ansible-core {ours['ansible_core']}, Python {ours['python']}, kubernetes {ours['kubernetes']}"
    )
    if not others:
        return found
    return f"{found}; kubernetes.core {others['kubernetes_core']} with ansible-core {others['ansible_core']}"


def _versions(python: str) -> dict[str, str]:
    ran = subprocess.run([python, "-c", _VERSIONS], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(ran.stdout)
    return found
