# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the sandbox is: the variables of its file `env`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLES = (
    "KUBECONFIG",
    "TRADESENSE_PROMETHEUS_URL",
    "TRADESENSE_SIMULATOR_URL",
    "TRADESENSE_ARGO_PLUGIN",
    "TRADESENSE_KUBECTL",
)


@dataclass(frozen=True)
class Sandbox:
    """The addresses and programs of a running sandbox."""

    kubeconfig: Path
    prometheus: str
    simulator: str
    argo_plugin: Path
    kubectl: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Sandbox:
        """Return the sandbox that the environment describes.

        Raises:
            LookupError: variables are missing, or name files that are not there.
        """
        missing = [name for name in VARIABLES if not environment.get(name)]
        if missing:
            raise LookupError(
                f"the integration tests need a sandbox, and the environment lacks {', '.join(missing)}: "
                "start one with 'make sandbox-up', then 'source .sandbox/env'"
            )
        kubeconfig, prometheus, simulator, plugin, kubectl = (environment[name] for name in VARIABLES)
        for path in (kubeconfig, plugin, kubectl):
            if not Path(path).is_file():
                raise LookupError(f"the environment names {path}, which does not exist: is the sandbox still up?")
        return cls(Path(kubeconfig), prometheus, simulator, Path(plugin), Path(kubectl))
