# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the sandbox is built from: the pinned Go modules under sandbox/go, their tools and how each is built."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.paths import ROOT

GO_ROOT = ROOT / "sandbox" / "go"
KUBERNETES_VERSION = "v1.34.4"
# Without these the API server would report v0.0.0 and clients would not know what it can do.
_VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
_KUBERNETES_FLAGS = tuple(
    f"-X {package}.{name}={value}"
    for package in _VERSION_PACKAGES
    for name, value in (("gitVersion", KUBERNETES_VERSION), ("gitMajor", "1"), ("gitMinor", "34"))
)


@dataclass(frozen=True)
class Tool:
    """A program: the name it is kept under and the Go package it is built from."""

    name: str
    package: str


@dataclass(frozen=True)
class Patch:
    """One replacement in one source file of a module, made in a copy while building."""

    module: str
    file: str
    old: str
    new: str


@dataclass(frozen=True)
class GoModule:
    """One go.mod with the tools built from it.

    ``copies`` are folders of required modules, as (module, folder, name), kept beside the tools.
    """

    name: str
    tools: tuple[Tool, ...]
    ldflags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    patches: tuple[Patch, ...] = ()
    copies: tuple[tuple[str, str, str], ...] = field(default=())

    @property
    def path(self) -> Path:
        """The folder with go.mod and go.sum."""
        return GO_ROOT / self.name

    def build_arguments(self) -> list[str]:
        """Return the arguments of ``go build`` that do not depend on the tool or the machine."""
        arguments = ["-trimpath", f"-ldflags={' '.join(('-s', '-w', *self.ldflags))}"]
        if self.tags:
            arguments.append(f"-tags={','.join(self.tags)}")
        return arguments


ROLLOUTS = "github.com/argoproj/argo-rollouts"

CONTROL_PLANE = GoModule(
    name="control-plane",
    tools=(
        Tool("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
        Tool("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        Tool("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
        Tool("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        Tool("rollouts-controller", f"{ROLLOUTS}/cmd/rollouts-controller"),
        Tool("kubectl-argo-rollouts", f"{ROLLOUTS}/cmd/kubectl-argo-rollouts"),
        Tool("etcd", "go.etcd.io/etcd/server/v3"),
    ),
    ldflags=_KUBERNETES_FLAGS,
    # The Rollouts controller serves metrics and health on every interface and has no flag for the address; its ports
    # can be chosen, its address only here.
    patches=(Patch(ROLLOUTS, "controller/controller.go", '"0.0.0.0:%d"', '"127.0.0.1:%d"'),),
    copies=((ROLLOUTS, "manifests/crds", "crds"),),
)

KWOK = GoModule(
    name="kwok",
    tools=(Tool("kwokctl", "sigs.k8s.io/kwok/cmd/kwokctl"), Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok")),
)

PROMETHEUS = GoModule(
    name="prometheus",
    tools=(Tool("prometheus", "github.com/prometheus/prometheus/cmd/prometheus"),),
    # Of the thirty kinds of service discovery we use one; leaving out the others more than halves the build.
    tags=("remove_all_sd", "enable_kubernetes_sd"),
)

MODULES = (CONTROL_PLANE, KWOK, PROMETHEUS)


def cache_key(module: GoModule, go_mod: bytes, go_sum: bytes) -> str:
    """Return the name of the cache folder for ``module``: it changes with whatever could change the programs."""
    digest = hashlib.sha256()
    parts: Sequence[object] = (module.tools, module.build_arguments(), module.patches, module.copies)
    for part in (go_mod, go_sum, repr(parts).encode(), f"{platform.system()}-{platform.machine()}".encode()):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return f"{module.name}-{digest.hexdigest()[:16]}"


def required_go(go_mod: str) -> tuple[int, ...]:
    """Return the Go version that the text of a go.mod asks for, such as (1, 26, 7).

    Raises ValueError when it names none.
    """
    for line in go_mod.splitlines():
        if line.startswith("go "):
            return tuple(int(number) for number in line.split()[1].split("."))
    raise ValueError("no go line")
