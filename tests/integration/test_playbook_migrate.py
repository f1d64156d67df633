# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""playbooks/migrate.yml: a live service moves from a Deployment to a Rollout, and users notice nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from tests.integration.support.cluster import Obj, versions
from tests.integration.support.environment import API, Environment
from tests.integration.support.plays import Run
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.serving import Record, of_host, of_service
from tests.integration.support.stage import replica_sets, selected, serving, status
from tests.integration.support.watching import Watch

HOST = "api.it.tradesense.com"
PODS = 3
MAIN = {"blue_green": f"{API}-active", "canary": f"{API}-stable"}
INGRESS = {"blue_green": f"{API}-ingress", "canary": f"{API}-stable"}
STRATEGIES = list(MAIN)


class Service:
    """The one service of an environment: it runs as a Deployment behind a Service and an Ingress."""

    def __init__(self, environment: Environment, sandbox: Sandbox) -> None:
        self.environment = environment
        self.space = environment.space
        self._sandbox = sandbox

    def run(self, playbook: str, *arguments: str, strategy: str, code: int | None = 0, **variables: Any) -> Run:
        """Run a playbook with a catalog of this service alone."""
        given = {
            "tradesense_services": {"api-gateway": entry(strategy)},
            "tradesense_service_overrides": {},
            **variables,
        }
        return self.environment.run(playbook, *arguments, code=code, **given)

    def migrate(self, strategy: str, *arguments: str, code: int | None = 0, **variables: Any) -> Run:
        """Run playbooks/migrate.yml."""
        return self.run(
            "migrate", *arguments, strategy=strategy, code=code, migration_services="api-gateway", **variables
        )

    def start(self) -> None:
        """Bring it up as the catalog's Deployment."""
        self.space.make()
        self.space.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": API}})
        self.run("provision", strategy="rolling")
        self.space.until(lambda: serving(self.space, API) == PODS, "the pods of the Deployment")

    def unserved(self) -> int:
        """Return how many requests the router could not serve so far."""
        session = requests.Session()
        session.trust_env = False
        answer = session.get(f"{self._sandbox.simulator}/entrypoints", timeout=10).json()
        mine = [item for item in answer if item["namespace"] == self.space.name and item["kind"] == "Ingress"]
        assert any(item["served"] > 0 for item in mine), "there is traffic"
        return sum(int(item["unserved"]) for item in mine)

    @contextmanager
    def watched(self) -> Iterator[list[Record]]:
        """Watch who serves the users, from here to the end of the block; assert that somebody always did."""
        records: list[Record] = []
        before = self.unserved()
        with Watch(self.space, "Ingress") as ingresses, Watch(self.space, "EndpointSlice") as slices:
            yield records
        records.append(of_host(ingresses, slices, HOST))
        assert records[0].least >= PODS, records[0].moments
        assert min(of_service(slices, API)) >= PODS, "who calls the old Service is served too"
        assert self.unserved() == before


def entry(strategy: str) -> Obj:
    """Return the entry of the catalog."""
    return {
        "image": "tradesense/api-gateway",
        "version": "v2.7.0",
        "strategy": strategy,
        "replicas": PODS,
        "progress_deadline_seconds": 60,
        "exposure": {"host": HOST, "cluster_issuer": ""},
        "blue_green": {"pre_promotion_analysis": [], "post_promotion_analysis": [], "scale_down_delay_seconds": 1},
        "canary": {"steps": [{"weight": 50}, {"pause": "1s"}], "scale_down_delay_seconds": 1},
    }


@pytest.fixture
def service(environment: Environment, sandbox: Sandbox) -> Service:
    """The service, live."""
    made = Service(environment, sandbox)
    made.start()
    return made


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_from_deployment_to_rollout(service: Service, strategy: str) -> None:
    """All the way: nobody waits for a moment, images stay, provisioning and releases go on as usual."""
    space = service.space
    image = space.get("Deployment", API)["spec"]["template"]["spec"]["containers"][0]["image"]
    refused = service.run("provision", strategy=strategy, code=None)
    assert "playbooks/migrate.yml" in refused.console
    assert space.find("Rollout", API) is None
    with service.watched() as records:
        moved = service.migrate(strategy)
    assert records[0].services == [API, MAIN[strategy]]
    assert moved.changed
    state = status(space, API)
    assert state["phase"] == "Healthy"
    assert selected(space, MAIN[strategy]) == state["stableRS"] == state["currentPodHash"]
    assert serving(space, MAIN[strategy]) == PODS
    assert space.get("Deployment", API)["spec"]["replicas"] == 0
    before = versions(service.environment.with_namespaces())
    again = service.migrate(strategy)
    assert again.changed == 0
    assert versions(service.environment.with_namespaces()) == before
    unfinished = service.run("provision", strategy=strategy, code=None)
    assert "its migration is not finished" in unfinished.console

    with service.watched() as records:
        finished = service.migrate(strategy, migration_finish=True)
    assert finished.changed
    assert records[0].services == [MAIN[strategy]]
    assert space.find("Deployment", API) is None
    after = status(space, API)
    assert (after["stableRS"], after["currentPodHash"]) == (state["stableRS"], state["stableRS"])
    rollout = space.get("Rollout", API)
    assert rollout["spec"]["template"]["spec"]["containers"][0]["image"] == image
    assert rollout["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1"
    assert [
        item["metadata"]["name"] for item in space.list("Ingress") if "-canary" not in item["metadata"]["name"]
    ] == [INGRESS[strategy]]
    assert service.migrate(strategy, migration_finish=True).changed == 0
    provisioned = service.run("provision", strategy=strategy)
    assert provisioned.changed == 0
    assert provisioned["Say what was done"].msg.endswith("Nothing is pending.")

    unserved = service.unserved()
    service.run("release", strategy=strategy, release_version="v2.8.0")
    space.until(
        lambda: [n for n in replica_sets(space, API).values() if n] == [PODS], "the pods of the new revision alone"
    )
    assert service.environment.images() == {API: "v2.8.0"}
    assert service.unserved() == unserved
