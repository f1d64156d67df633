# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard as a process, by the playbook that role guard runs in the cluster."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.guarding import begin as brought_up
from tests.integration.support.plays import ROOT, Ansible
from tests.integration.support.roles import Roles
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.terminal import Seen, shown

SERVICE, NAME = "trading-service", "tradesense-trading-service"
INGRESS = f"{NAME}-{NAME}-canary"
GUARD = "tradesense-guard"
# The catalog's entry of what `begin` brings up.
CATALOG: Obj = {
    SERVICE: {
        "image": "tradesense/web",
        "version": "v1",
        "strategy": "canary",
        "trading": True,
        "exposure": {"host": "trading.example.test"},
        "canary": {"steps": [{"weight": 25}]},
    },
    "user-service": {"image": "tradesense/web", "version": "v1", "strategy": "rolling"},
}


def end(process: subprocess.Popen[bytes]) -> None:
    """End a run as the kubelet does."""
    process.send_signal(signal.SIGTERM)


def begin(space: Space, tag: str) -> tuple[str, str]:
    """Bring a canary service up and release a version; return the hashes of stable and of the new revision."""
    return brought_up(space, tag, NAME)


def holder(space: Space) -> str:
    """Return who holds the Lease of the service; empty: nobody does, or there is none."""
    path = f"apis/coordination.k8s.io/v1/namespaces/{space.name}/leases"
    leases = {item["metadata"]["name"]: item for item in space.cluster.request("GET", path)["items"]}
    return str(leases.get(f"{NAME}-guard", {}).get("spec", {}).get("holderIdentity") or "")


def variables(space: Space, **more: Any) -> dict[str, Any]:
    """Return what lies over the inventory of development: the namespace and the catalog of a test."""
    return {
        "tradesense_namespace": space.name,
        "tradesense_services": CATALOG,
        "tradesense_service_overrides": {},
        **more,
    }


@dataclass(frozen=True)
class Installed:
    """The guard in the cluster, where its pods are fakes: what its container would be started with.

    Attributes:
        container: of the Deployment.
        inventory: the text of the file that is mounted.
    """

    container: Obj
    inventory: str
    folder: Path

    def run(
        self, kubeconfig: Path, *, at: str, act: Callable[[subprocess.Popen[bytes]], object] = end, **more: str
    ) -> Seen:
        """Run what the container runs, with the files that it finds, until `at` is seen and `act` is done.

        The account of a pod is found by a path that nobody but the kubelet may write, so a kubeconfig takes its place.
        """
        file = self.folder / "clusters.yml"
        file.write_text(self.inventory, encoding="utf-8")
        words: list[str] = [*self.container["command"], *self.container["args"]]
        program, playbook, option, _path = words
        assert (program, option) == ("ansible-playbook", "--inventory")
        alive = ["--extra-vars", f"guard_heartbeat={self.folder / 'alive'}"]
        return shown(
            Path(playbook),
            option,
            str(file),
            *alive,
            folder=self.folder,
            terminal=False,
            at=at,
            act=act,
            KUBECONFIG=str(kubeconfig),
            **more,
        )


def install(space: Space, sandbox: Sandbox, folder: Path, **more: Any) -> Installed:
    """Run role guard, and return what it made."""
    given = {
        "guard_image": "registry.example.com/tradesense/guard:v0.2.0",
        "guard_cluster_prometheus_url": sandbox.prometheus,
        "guard_prometheus": [{"cidr": "127.0.0.1/32", "ports": [9090]}],
        **more,
    }
    Roles(Ansible(folder), folder).run("guard", **variables(space, **given))
    spec = space.get("Deployment", GUARD)["spec"]["template"]["spec"]
    [container] = spec["containers"]
    [name] = [volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume]
    return Installed(container, space.get("ConfigMap", name)["data"]["clusters.yml"], folder)


def playbook_arguments(space: Space, folder: Path, **more: Any) -> list[str]:
    """Return what comes behind playbooks/guard.yml, on the inventory of development."""
    file = folder / "variables.json"
    file.write_text(json.dumps(variables(space, **more)), encoding="utf-8")
    return ["-i", str(ROOT / "inventories" / "development"), "-e", f"@{file}"]
