# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The development environment of the inventory, in a namespace of the test's own.

It has one service of each strategy, so that a test need not wait for the whole estate; test_estate.py provisions that, and
so does a test that gives `whole()` as variables.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tests.integration.support.cluster import Obj, Refused, Space
from tests.integration.support.plays import ROOT, Ansible, Run
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import is_in
from tests.integration.support.traffic import requests_by_image

INVENTORY = ROOT / "inventories" / "development"
API, TRADING, USERS = (f"tradesense-{name}" for name in ("api-gateway", "trading-service", "user-service"))
STABLE_INGRESS = f"{TRADING}-stable"
# One of each strategy.
SERVICES = ("api-gateway", "trading-service", "user-service")
CANARY_INGRESS = f"{TRADING}-{STABLE_INGRESS}-canary"


class Environment:
    """Runs the playbooks of the checkout against the cluster, and looks at what came of it."""

    def __init__(self, sandbox: Sandbox, space: Space, ansible: Ansible, folder: Path) -> None:
        self.space = space
        self.monitoring = Space(space.cluster, f"{space.name}-monitoring")
        self._sandbox = sandbox
        self._ansible = ansible
        self._folder = folder
        # Environment variables of the playbooks' process.
        self.process: dict[str, str] = {}

    @property
    def generated(self) -> Path:
        """The folder of the secrets that development generates."""
        return self._folder / "generated"

    def run(self, playbook: str, *arguments: str, code: int | None = 0, **variables: Any) -> Run:
        """Run a playbook with extra variables; see `Ansible.playbook` for `code`."""
        return self._run(playbook, arguments, variables, code=code)

    def run_killed(self, playbook: str, at: str, **variables: Any) -> Run:
        """Run a playbook and kill it when a line with the text `at` appears, if it has not ended before."""
        return self._run(playbook, (), variables, kill_at=at)

    def _run(self, playbook: str, arguments: tuple[str, ...], variables: dict[str, Any], **how: Any) -> Run:
        given = {
            "tradesense_namespace": self.space.name,
            "tradesense_monitoring_namespace": self.monitoring.name,
            "tradesense_generated_secrets": str(self.generated),
            "tradesense_services": catalog(),
            "tradesense_service_overrides": settings("tradesense_service_overrides"),
            # Only tests of the guard wait for it.
            "release_guard": False,
            **variables,
        }
        file = self._folder / "variables.json"
        file.write_text(json.dumps(given), encoding="utf-8")
        path = ROOT / "playbooks" / f"{playbook}.yml"
        inventory = ("-i", str(INVENTORY), "-e", f"@{file}")
        return self._ansible.playbook(path, *inventory, *arguments, environment=self.process, **how)

    def provision(self, **variables: Any) -> Run:
        """Provision, and wait until everything runs."""
        run = self.run("provision", **variables)
        self.space.until(self._at_rest, "everything provisioned and Healthy")
        return run

    def images(self) -> dict[str, str]:
        """Return the tag in the pod template of each workload."""
        items = [*self.space.list("Rollout"), *self.space.list("Deployment")]
        return {
            item["metadata"]["name"]: item["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
            for item in items
        }

    def pods(self) -> dict[str, set[str]]:
        """Return the tags that each workload's ReplicaSets with pods run."""
        found: dict[str, set[str]] = {}
        for item in self.space.list("ReplicaSet"):
            if item["spec"].get("replicas"):
                tag = item["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
                found.setdefault(item["metadata"]["labels"]["app"], set()).add(tag)
        return found

    def requests(self) -> Counter[str]:
        """Return the requests that pods got so far, by the tag of their image, over all services."""
        found: Counter[str] = Counter()
        for app in (API, TRADING, USERS):
            for image, count in requests_by_image(self._sandbox.simulator, self.space.name, app).items():
                found[image.rpartition(":")[2]] += count
        return found

    def serving_tags(self, seconds: float = 1.5) -> set[str]:
        """Return the tags whose pods get requests during the next seconds."""
        before = self.requests()
        time.sleep(seconds)
        return set(self.requests() - before)

    def with_namespaces(self) -> dict[str, Obj]:
        """Return all objects with the namespaces themselves."""
        spaces = {
            f"Namespace/{space.name}": space.cluster.request("GET", f"api/v1/namespaces/{space.name}")
            for space in (self.space, self.monitoring)
        }
        return {**spaces, **self.space.everything()}

    def exists(self) -> bool:
        """Return whether the namespace exists."""
        try:
            self.space.cluster.request("GET", f"api/v1/namespaces/{self.space.name}")
        except Refused:
            return False
        return True

    def remove(self) -> None:
        """Delete both namespaces."""
        self.space.remove()
        self.monitoring.remove()

    def _at_rest(self) -> bool:
        users = self.space.find("Deployment", USERS) or {}
        ready = (users.get("status") or {}).get("availableReplicas") == (users.get("spec") or {}).get("replicas")
        return ready and all(is_in(self.space.get("Rollout", name), "Healthy") for name in (API, TRADING))


def whole() -> Obj:
    """Return the variables with which the environment has all of the inventory's services."""
    return {
        "tradesense_services": _variable("catalog.yml", "tradesense_services"),
        "tradesense_service_overrides": _variable("environment.yml", "tradesense_service_overrides"),
    }


def settings(name: str) -> Obj:
    """Return a variable of the inventory's environment.yml, to be changed a little and given again."""
    found = _variable("environment.yml", name)
    if name != "tradesense_service_overrides":
        return found
    overrides = {service: dict(found[service]) for service in SERVICES}
    # The number of pods shall be what a test makes it.
    overrides["api-gateway"].pop("autoscaling")
    return overrides


def catalog() -> Obj:
    """Return what the inventory's service catalog says of `SERVICES`."""
    every = _variable("catalog.yml", "tradesense_services")
    found = {service: dict(every[service]) for service in SERVICES}
    for entry in found.values():
        entry["uses"] = [other for other in entry["uses"] if other in SERVICES]
    found["api-gateway"].pop("autoscaling")
    return found


def _variable(file: str, name: str) -> Obj:
    path = INVENTORY / "group_vars" / "all" / file
    found: Obj = yaml.safe_load(path.read_text(encoding="utf-8"))[name]
    return found
