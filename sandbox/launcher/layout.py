# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where one sandbox keeps its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ToolError

DEFAULT_NAME = "default"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Layout:
    """The state folder of the sandbox ``name`` and what is in it."""

    name: str
    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """Administrator's access to the API server."""
        return self.folder / "kubeconfig"

    @property
    def env_file(self) -> Path:
        """Shell lines for users and tests to source."""
        return self.folder / "env"

    @property
    def logs(self) -> Path:
        """One log file a part; kept when the sandbox is gone."""
        return self.folder / "logs"

    @property
    def pids(self) -> Path:
        """One record a running process."""
        return self.folder / "pids"

    @property
    def state_file(self) -> Path:
        """Ports and the builds in use."""
        return self.folder / "state.json"

    @property
    def lock(self) -> Path:
        """Held by whoever changes the sandbox."""
        return self.folder / "lock"

    @property
    def kwok_workdir(self) -> Path:
        """kwokctl's own home, so that it never touches the user's."""
        return self.folder / "kwok"

    @property
    def cluster(self) -> Path:
        """What kwokctl made for the cluster: certificates, etcd's data, the components' command lines."""
        return self.kwok_workdir / "clusters" / self.name

    @property
    def pki(self) -> Path:
        """The cluster's certificates: ca.crt, admin.crt, admin.key."""
        return self.cluster / "pki"

    @property
    def certificates(self) -> Path:
        """Those between the API server and the simulator's metrics APIs."""
        return self.folder / "certificates"

    @property
    def prometheus(self) -> Path:
        """Prometheus' configuration and its data."""
        return self.folder / "prometheus"

    def environment(self) -> dict[str, str]:
        """Return the variables that a user would get by sourcing the env file."""
        lines = self.env_file.read_text(encoding="utf-8").splitlines()
        pairs = [line.removeprefix("export ").partition("=") for line in lines]
        return {name: value for name, mark, value in pairs if mark}

    def log(self, part: str) -> Path:
        """Return the log file of a part."""
        return self.logs / f"{part}.log"


def layout_for(root: Path, name: str) -> Layout:
    """Return the layout of the sandbox ``name`` of the checkout ``root``.

    Raises ToolError when the name cannot be a folder and a cluster name.
    """
    if not _NAME.fullmatch(name):
        raise ToolError(
            f"{name!r} cannot be the name of a sandbox",
            hint="Use at most 40 lower-case letters, digits and dashes, beginning and ending with a letter or digit.",
        )
    base = root / ".sandbox"
    return Layout(name, base if name == DEFAULT_NAME else base / "clusters" / name)


def existing_layouts(root: Path) -> list[Layout]:
    """Return the layouts of all sandboxes of the checkout ``root`` that were ever started and not cleaned away."""
    base = root / ".sandbox"
    others = sorted(folder.name for folder in (base / "clusters").glob("*") if _NAME.fullmatch(folder.name))
    return [layout_for(root, name) for name in (DEFAULT_NAME, *others)] if base.is_dir() else []
