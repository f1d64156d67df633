# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""All three environments on one cluster, from the inventories as they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.support.cluster import Cluster, Obj, Refused, Space, versions
from tests.integration.support.plays import ROOT, Ansible, Run
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.secrets import SECRETS
from tests.seed.comparison import compare, expected

ENVIRONMENTS = ("production", "staging", "development")
# The autoscaler writes what it measured every second.
_OTHERS = frozenset({"HorizontalPodAutoscaler", "ReplicaSet"})


class Estate:
    """The three environments."""

    def __init__(self, cluster: Cluster, ansible: Ansible, folder: Path) -> None:
        self.spaces = {name: Space(cluster, f"tradesense-{name}") for name in (*ENVIRONMENTS, "monitoring")}
        self._cluster = cluster
        self._ansible = ansible
        self._folder = folder

    def run(self, environment: str, playbook: str, *arguments: str) -> Run:
        """Run a playbook on an environment's inventory."""
        inventory = ROOT / "inventories" / environment
        given = {"TRADESENSE_GENERATED": str(self._folder / "generated")}
        # Development generates what it is not given. The namespace for monitoring is shared: all say the same of it.
        secrets = {"ALERT_WEBHOOK_URL": SECRETS["ALERT_WEBHOOK_URL"]} if environment == "development" else SECRETS
        path = ROOT / "playbooks" / f"{playbook}.yml"
        return self._ansible.playbook(path, "-i", str(inventory), *arguments, environment={**given, **secrets})

    def objects(self) -> dict[str, Obj]:
        """Return every object that a playbook could have made, by kind and namespace/name."""
        found: dict[str, Obj] = {}
        for space in self.spaces.values():
            whole = self._cluster.request("GET", f"api/v1/namespaces/{space.name}")
            found[f"Namespace/{space.name}"] = whole
            for title, item in space.everything().items():
                if title.partition("/")[0] not in _OTHERS:
                    found[f"{space.name}: {title}"] = item
        return found

    def find(self, environment: str, title: str) -> Obj | None:
        """Return an object of an environment by kind/name."""
        kind, _, name = title.partition("/")
        if kind == "Namespace":
            try:
                return {"kind": kind, **self._cluster.request("GET", f"api/v1/namespaces/{name}")}
            except Refused:
                return None
        found = self.spaces[environment].find(kind, name)
        return {"kind": kind, **found} if found else None

    def remove(self) -> None:
        """Delete all namespaces."""
        for space in self.spaces.values():
            space.remove()


@pytest.fixture(scope="module")
def estate(cluster: Cluster, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """All three environments, provisioned once."""
    folder = tmp_path_factory.mktemp("estate")
    made = Estate(cluster, Ansible(folder), folder)
    try:
        for environment in ENVIRONMENTS:
            run = made.run(environment, "provision", "-e", json.dumps({"workloads_wait": True}))
            assert run.changed > 0
        yield made
    finally:
        made.remove()


def test_everything_the_architecture_asks_for_is_there(estate: Estate) -> None:
    """Field by field, except for what tests/seed/differences.yml lists with its reason."""
    wrong = [
        problem for wanted in expected() for problem in compare(wanted, estate.find("production", wanted.here), SECRETS)
    ]
    assert not wrong, "\n".join(wrong)


def test_a_second_run_changes_nothing(estate: Estate) -> None:
    """No task says changed, and no object of any environment has another resourceVersion, not even the shared ones."""
    before = versions(estate.objects())
    for environment in ENVIRONMENTS:
        run = estate.run(environment, "provision", "--diff")
        assert run.changed == 0, run.console
        assert run["Say what was done"].msg.endswith("Nothing is pending.")
        for value in SECRETS.values():
            assert value not in run.console
    assert versions(estate.objects()) == before
