# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The control plane: kwokctl makes certificates, configuration and kubeconfig, and starts it for the first time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

import yaml

from sandbox.aggregation import FRONT_PROXY, FRONT_PROXY_CA
from sandbox.launcher.certificates import PROXY_CERTIFICATE, PROXY_KEY
from sandbox.launcher.layout import Layout
from sandbox.launcher.ports import HOST
from sandbox.simulator.stages import stages
from tools.binaries import Binaries

# Enough for a few hundred pods: a fake node takes 110.
NODES = 5

# kwokctl's component and the program that it is, in the order in which they must be started.
COMPONENTS = {
    "etcd": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kwok-controller": "kwok",
}

# Nothing restarts a component here as a kubelet would, so none may give up because the API server was away for a while
# (lost leadership), nor wait for the lease of its dead predecessor. And rate limits meant for large clusters would only
# make a small one slow.
_CONTROLLER = {"leader-elect": "false", "kube-api-qps": "200", "kube-api-burst": "400"}
# Releases in the sandbox take seconds, and so must scaling. The controller asks for metrics every 15 s by default. The cpu
# of a pod counts, in its first 5 minutes, only while it is ready and once a whole window was measured since; later, only
# if it was ready within 30 s of its start or is ready now. Pods here are ready at once, and seldom grow older than a minute.
_AUTOSCALER = {
    "horizontal-pod-autoscaler-sync-period": "1s",
    "horizontal-pod-autoscaler-cpu-initialization-period": "10s",
    "horizontal-pod-autoscaler-initial-readiness-delay": "2s",
}


class _ComponentEntry(TypedDict, total=False):
    name: str
    binary: str
    args: list[str]
    workDir: str
    envs: list[dict[str, str]]


@dataclass(frozen=True)
class Component:
    """A component as kwokctl would start it."""

    name: str
    argv: tuple[str, ...]
    workdir: Path
    env: Mapping[str, str]


def _extra_arguments(certificates: Path) -> dict[str, dict[str, str]]:
    return {
        # The data need not survive a power failure.
        "etcd": {"unsafe-no-fsync": "true"},
        "kube-apiserver": _aggregation(certificates),
        "kube-controller-manager": {**_CONTROLLER, **_AUTOSCALER},
        "kube-scheduler": _CONTROLLER,
    }


def _aggregation(certificates: Path) -> dict[str, str]:
    """Return what lets the API server forward requests to an aggregated API, in place of kwokctl's own certificate.

    kwokctl would show that of the cluster's administrator, whom every component is.
    """
    return {
        "proxy-client-cert-file": str(certificates / PROXY_CERTIFICATE),
        "proxy-client-key-file": str(certificates / PROXY_KEY),
        "requestheader-client-ca-file": str(certificates / FRONT_PROXY_CA),
        "requestheader-allowed-names": FRONT_PROXY,
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    }


def render_config(name: str, ports: Mapping[str, int], binaries: Mapping[str, Path], certificates: Path) -> str:
    """Return kwokctl's configuration for a cluster ``name`` with these ports, programs and aggregation certificates.

    With it go the stages by which kwok gives the fake pods their status: those of the simulator's behaviours.
    """
    options = {
        "runtime": "binary",
        # kwokctl's default is every interface.
        "bindAddress": HOST,
        "securePort": True,
        "kubeAuthorization": True,
        "kubeAdmission": True,
        "quietPull": True,
        "etcdPort": ports["etcd"],
        "etcdPeerPort": ports["etcd-peer"],
        "kubeApiserverPort": ports["kube-apiserver"],
        "kubeControllerManagerPort": ports["kube-controller-manager"],
        "kubeSchedulerPort": ports["kube-scheduler"],
        "kwokControllerPort": ports["kwok-controller"],
        "etcdBinary": str(binaries["etcd"]),
        "kubeApiserverBinary": str(binaries["kube-apiserver"]),
        "kubeControllerManagerBinary": str(binaries["kube-controller-manager"]),
        "kubeSchedulerBinary": str(binaries["kube-scheduler"]),
        "kwokControllerBinary": str(binaries["kwok"]),
        "kubectlBinary": str(binaries["kubectl"]),
    }
    patches = [
        {"name": component, "extraArgs": [{"key": key, "value": value} for key, value in arguments.items()]}
        for component, arguments in _extra_arguments(certificates).items()
    ]
    config = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokctlConfiguration",
        "metadata": {"name": name},
        "options": options,
        "componentsPatches": patches,
    }
    return yaml.safe_dump(config, sort_keys=False) + stages()


def environment(layout: Layout, binaries: Binaries) -> dict[str, str]:
    """Return kwokctl's environment: its home inside the sandbox, our kubectl, nothing of the user's own clusters."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("KWOK_") and name != "KUBECONFIG"}
    env["KWOK_WORKDIR"] = str(layout.kwok_workdir)
    env["PATH"] = f"{binaries['kubectl'].parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    return env


def start_create(layout: Layout, ports: Mapping[str, int], binaries: Binaries) -> subprocess.Popen[bytes]:
    """Let kwokctl create and start the cluster; return its process."""
    layout.logs.mkdir(parents=True, exist_ok=True)
    layout.cluster.mkdir(parents=True)
    # The components write where kwokctl points them; this way their logs lie with the others and survive the cluster.
    (layout.cluster / "logs").symlink_to(layout.logs)
    config = layout.kwok_workdir / "config.yaml"
    config.write_text(render_config(layout.name, ports, binaries.programs, layout.certificates), encoding="utf-8")
    argv = [str(binaries["kwokctl"]), "create", "cluster", "--name", layout.name, "--config", str(config)]
    argv += ["--kubeconfig", str(layout.kubeconfig)]
    return _kwokctl(layout, binaries, argv)


def scale_nodes(layout: Layout, binaries: Binaries) -> subprocess.Popen[bytes]:
    """Let kwokctl make the fake nodes; return its process."""
    argv = [str(binaries["kwokctl"]), "scale", "node", "--name", layout.name, "--replicas", str(NODES)]
    argv += ["--param", ".allocatable.cpu=64"]
    return _kwokctl(layout, binaries, argv)


def _kwokctl(layout: Layout, binaries: Binaries, argv: list[str]) -> subprocess.Popen[bytes]:
    with layout.log("kwokctl").open("ab") as log:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=layout.folder,
            env=environment(layout, binaries),
            start_new_session=True,
        )


def parse_components(text: str) -> dict[str, Component]:
    """Return the components in the text of the kwok.yaml that kwokctl keeps with a cluster."""
    entries: list[_ComponentEntry] = []
    for document in yaml.safe_load_all(text):
        if isinstance(document, dict) and document.get("kind") == "KwokctlConfiguration":
            entries = cast("list[_ComponentEntry]", document.get("components") or [])
    return {
        entry["name"]: Component(
            entry["name"],
            (entry["binary"], *entry.get("args", [])),
            Path(entry["workDir"]),
            {one["name"]: one.get("value", "") for one in entry.get("envs", [])},
        )
        for entry in entries
    }


def read_components(layout: Layout) -> dict[str, Component]:
    """Return the components of the sandbox's cluster; empty when kwokctl has not written them."""
    try:
        return parse_components((layout.cluster / "kwok.yaml").read_text(encoding="utf-8"))
    except OSError:
        return {}


def pid_written(layout: Layout, component: str) -> int | None:
    """Return the process id that kwokctl has written for a component; None when it has not."""
    try:
        return int((layout.cluster / "pids" / f"{component}.pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
