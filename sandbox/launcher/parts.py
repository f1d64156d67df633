# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The parts of a sandbox: how each is started, where it listens and how it shows that it works."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.aggregation import CUSTOM_API, RESOURCE_API
from sandbox.launcher import kwok, prometheus
from sandbox.launcher.api import Check
from sandbox.launcher.layout import Layout
from sandbox.launcher.ports import HOST
from tools.binaries import Binaries
from tools.paths import ROOT

# In the order of starting; stopping goes the other way.
CONTROL_PLANE = tuple(kwok.COMPONENTS)
CONTROLLER_MANAGER = "kube-controller-manager"
TOP = ("rollouts-controller", "simulator", "prometheus")
ALL = (*CONTROL_PLANE, *TOP)

ARGO_NAMESPACE = "argo-rollouts"


@dataclass(frozen=True)
class Part:
    """One process of the sandbox."""

    name: str
    port: int
    check: Check
    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]


def checks(layout: Layout, ports: Mapping[str, int]) -> dict[str, Check]:
    """Return the health question of every part."""
    return {
        "etcd": Check(ports["etcd"], "/health"),
        "kube-apiserver": Check(ports["kube-apiserver"], "/readyz", https=True, pki=layout.pki),
        "kube-controller-manager": Check(ports["kube-controller-manager"], "/healthz", https=True),
        "kube-scheduler": Check(ports["kube-scheduler"], "/healthz", https=True),
        "kwok-controller": Check(ports["kwok-controller"], "/healthz"),
        "rollouts-controller": Check(ports["rollouts-controller-health"], "/healthz"),
        "simulator": Check(ports["simulator"], "/healthz"),
        "prometheus": Check(ports["prometheus"], "/-/ready"),
    }


def api_checks(layout: Layout, ports: Mapping[str, int]) -> dict[str, Check]:
    """Return the health question of every API that the simulator serves through the API server."""
    port = ports["kube-apiserver"]
    return {
        api.partition("/")[0]: Check(port, f"/apis/{api}", https=True, pki=layout.pki)
        for api in (RESOURCE_API, CUSTOM_API)
    }


def all_parts(layout: Layout, ports: Mapping[str, int], binaries: Binaries) -> dict[str, Part]:
    """Return every part by name, in the order of starting.

    The control plane's command lines are those that kwokctl wrote down, so it must have created the cluster.
    """
    components = kwok.read_components(layout)
    asks = checks(layout, ports)
    parts = {}
    for name in CONTROL_PLANE:
        if component := components.get(name):
            env = {**_environment(layout), **component.env}
            parts[name] = Part(name, ports[name], asks[name], component.argv, component.workdir, env)
    for name, argv in _commands(layout, ports, binaries).items():
        parts[name] = Part(name, ports[name], asks[name], argv, ROOT, _environment(layout))
    return parts


def _environment(layout: Layout) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(layout.kubeconfig), "PYTHONUNBUFFERED": "1"}


def _commands(layout: Layout, ports: Mapping[str, int], binaries: Binaries) -> dict[str, tuple[str, ...]]:
    kubeconfig = str(layout.kubeconfig)
    return {
        "rollouts-controller": (
            str(binaries["rollouts-controller"]),
            f"--kubeconfig={kubeconfig}",
            f"--metricsPort={ports['rollouts-controller']}",
            f"--healthzPort={ports['rollouts-controller-health']}",
            # It gives up when it cannot renew its lease, and here nothing would start it again: let it sit out a
            # restart of the API server. (Its own restart need not wait: the launcher removes the old lease.)
            "--leader-election-lease-duration=60s",
            "--leader-election-renew-deadline=45s",
        ),
        "simulator": (
            *(sys.executable, "-m", "sandbox.simulator"),
            *("--kubeconfig", kubeconfig, "--listen", HOST, "--port", str(ports["simulator"])),
            *("--metrics-port", str(ports["simulator-metrics"]), "--certificates", str(layout.certificates)),
        ),
        "prometheus": (str(binaries["prometheus"]), *prometheus.arguments(layout, ports["prometheus"])),
    }
