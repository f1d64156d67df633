# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A sandbox of a test's own, whose parts may be stopped: other tests work on the shared one at the same time."""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.launcher.down import take_down
from sandbox.launcher.layout import layout_for
from sandbox.launcher.processes import PidFiles, Record
from sandbox.launcher.sandbox import Sandbox
from tests.integration.support.cluster import Cluster
from tests.integration.support.sandbox import Sandbox as Running
from tools.binaries import ensure_binaries
from tools.paths import ROOT

API_SERVER, ARGO, CONTROLLERS = "kube-apiserver", "rollouts-controller", "kube-controller-manager"
PROMETHEUS, SIMULATOR = "prometheus", "simulator"
_START_SECONDS = 120
_END_SECONDS = 20
# Controllers watch the whole cluster; whoever watches one Rollout is counted by this.
_WATCHES = re.compile(
    r'^apiserver_longrunning_requests\{[^}]*resource="rollouts",scope="resource"[^}]*verb="WATCH"[^}]*\} (\S+)', re.M
)


class OwnSandbox:
    """A running sandbox and what can befall its parts."""

    def __init__(self, name: str) -> None:
        self._layout = layout_for(ROOT, name)
        self._pids = PidFiles(self._layout.pids)

    @property
    def kubeconfig(self) -> Path:
        """Administrator's access."""
        return self._layout.kubeconfig

    @property
    def addresses(self) -> Running:
        """Where its parts are, as tests know the shared one."""
        return Running.from_environment(self._layout.environment())

    def up(self) -> Cluster:
        """Start it and return its cluster."""
        self._launcher().up()
        return Cluster(self.kubeconfig)

    def down(self) -> None:
        """Stop it and remove everything but the logs."""
        take_down(self._layout)

    def forget(self) -> None:
        """Remove the logs too."""
        shutil.rmtree(self._layout.folder, ignore_errors=True)

    def kill(self, part: str) -> None:
        """Let a part die as in a crash, without a word to anybody."""
        process = self._process(part)
        process.signal(signal.SIGKILL)
        deadline = time.monotonic() + _END_SECONDS
        # Whatever comes next needs its port, which it holds until it is really gone.
        while self._pids.running(part) and time.monotonic() < deadline:
            time.sleep(0.05)

    def restart(self, part: str) -> None:
        """Start a part again, wherever it stands, and wait until it works."""
        self._launcher().restart_part(part)

    @contextmanager
    def frozen(self, *parts: str) -> Iterator[None]:
        """Let parts do nothing for a while, as if they were stopped."""
        processes = [self._process(part) for part in parts]
        for process in processes:
            process.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                process.signal(signal.SIGCONT)

    def _launcher(self) -> Sandbox:
        # One for each errand: it leaves alone what it has started itself.
        return Sandbox(self._layout, ensure_binaries(), timeout=_START_SECONDS)

    def _process(self, part: str) -> Record:
        found = self._pids.running(part)
        assert found, f"{part} does not run"
        return found


@contextmanager
def own_sandbox() -> Iterator[tuple[OwnSandbox, Cluster]]:
    """Run a sandbox that nobody else uses; its logs stay when something failed."""
    made = OwnSandbox(f"chaos-{os.getpid()}")
    try:
        yield made, made.up()
    finally:
        made.down()
    made.forget()


def watchers(cluster: Cluster) -> int:
    """Return how many watches of single Rollouts the API server serves."""
    return sum(int(float(number)) for number in _WATCHES.findall(cluster.text("metrics")))
