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
        return self.environment.run(playbook, *arguments, code=code, **catalog(strategy), **variables)

    def migrate(self, strategy: str, *arguments: str, code: int | None = 0, **variables: Any) -> Run:
        """Run playbooks/migrate.yml."""
        given = {"migration_services": "api-gateway", **variables}
        return self.run("migrate", *arguments, strategy=strategy, code=code, **given)

    def migrate_killed(self, strategy: str, at: str) -> bool:
        """Run it to the end, and kill it at the line with a text; return whether that was before the end."""
        given = {"migration_services": "api-gateway", "migration_finish": True}
        return self.environment.run_killed("migrate", at, **catalog(strategy), **given).code != 0

    def start(self) -> None:
        """Bring it up as the catalog's Deployment."""
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
    def watched(self, pods: int = PODS, host: str = HOST) -> Iterator[list[Record]]:
        """Watch who serves the users, from here to the end of the block; assert that so many pods always did."""
        records: list[Record] = []
        before = self.unserved()
        with Watch(self.space, "Ingress") as ingresses, Watch(self.space, "EndpointSlice") as slices:
            yield records
        records.append(of_host(ingresses, slices, host))
        assert records[0].least >= pods, records[0].moments
        assert min(of_service(slices, API)) >= pods, "who calls the old Service is served too"
        assert self.unserved() == before


def catalog(strategy: str) -> Obj:
    """Return the variables of an inventory with this service alone."""
    return {"tradesense_services": {"api-gateway": entry(strategy)}, "tradesense_service_overrides": {}}


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


def test_killed_again_and_again_with_an_autoscaler(service: Service) -> None:
    """A run that was killed goes on; what an autoscaler decided stays, and it scales the Rollout from then on."""
    # Fewer than the catalog says: of more, the quota would let the last ones wait until the controller tries again.
    space, pods = service.space, PODS - 1
    space.patch("Deployment", API, {"spec": {"replicas": pods}}, subresource="scale", fieldManager="somebody-else")
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": API}
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    ]
    spec = {"scaleTargetRef": target, "minReplicas": pods, "maxReplicas": pods, "metrics": metrics}
    space.create(
        {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "mine"}, "spec": spec}
    )
    space.until(lambda: serving(space, API) == pods, "the pods that the autoscaler wants")
    killed = 0
    with service.watched(pods):
        for text in ("create Service", "create Ingress", "create Rollout", "turn Ingress", "give Rollout"):
            killed += service.migrate_killed("canary", f"{API}: {text}")
        last = service.migrate("canary", migration_finish=True)
    assert killed > 2
    assert "HorizontalPodAutoscaler mine scales the Rollout" in last["Say what is left for people"].msg
    assert space.find("Deployment", API) is None
    assert space.get("HorizontalPodAutoscaler", "mine")["spec"]["scaleTargetRef"]["kind"] == "Rollout"
    rollout = space.get("Rollout", API)
    assert rollout["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "1"
    assert rollout["spec"]["replicas"] == serving(space, MAIN["canary"]) == pods
    assert service.migrate("canary", migration_finish=True).changed == 0
    assert service.run("provision", strategy="canary").changed == 0
    assert space.get("Rollout", API)["spec"]["replicas"] == pods


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_looked_at_and_taken_back(service: Service, strategy: str) -> None:
    """Check mode tells all of it and touches nothing; an undo leaves what was there before, and nobody waits."""
    space = service.space
    before = service.environment.with_namespaces()
    check = service.migrate(strategy, "--check", "--diff", migration_finish=True)
    said = check["Say what was done"].msg
    for text in ("create Service", "create Rollout", "turn Ingress", "give Rollout", "delete Deployment"):
        assert text in said, said
    assert f"+++ after: Rollout {API} in namespace {space.name} (applied)" in check.console
    diff = check["Move the service from its Deployment to its Rollout"].data["diff"]
    turned = [item["after"] for item in diff if item["before_header"].startswith(f"Ingress {API}-ingress in")]
    assert MAIN[strategy] in str(turned[0]["spec"]["rules"])
    assert versions(service.environment.with_namespaces()) == versions(before)
    with service.watched() as records:
        service.migrate(strategy)
        undone = service.migrate(strategy, migration_undo=True)
    assert records[0].services == [API, MAIN[strategy]], "and back again"
    assert records[0].moments[-1][0] == API
    assert undone.changed
    assert space.find("Rollout", API) is None
    after = service.environment.with_namespaces()
    space.until(lambda: len(space.list("ReplicaSet")) == 1, "the ReplicaSet of the Rollout to be gone")
    # The kind of a migration leaves no object behind; the numbers of ReplicaSets are their controllers'.
    kinds = ("Deployment/", "Ingress/", "Service/", "Rollout/")
    specs = [
        {name: item["spec"] for name, item in found.items() if name.startswith(kinds)} for found in (before, after)
    ]
    assert {name for name in specs[1] if "-canary" not in name} == set(specs[0])
    assert {name: specs[1][name] for name in specs[0]} == specs[0]
    assert service.migrate(strategy, migration_undo=True).changed == 0


def test_what_somebody_made_by_hand(service: Service) -> None:
    """Helm made it, under other names and ports; the catalog's objects take its place, and what differs is pending."""
    space = service.space
    for kind, name in (("Ingress", f"{API}-ingress"), ("Service", API)):
        space.delete(kind, name)
    port = {"name": "web", "port": 8000, "targetPort": 8000}
    backend = {"service": {"name": API, "port": {"name": "web"}}}
    paths = [{"path": "/", "pathType": "ImplementationSpecific", "backend": backend}]
    hosts = (HOST, "other.it.tradesense.com")
    space.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": API},
            "spec": {"selector": {"app": API}, "ports": [port]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "everything"},
            "spec": {
                "ingressClassName": "nginx",
                "rules": [{"host": host, "http": {"paths": paths}} for host in hosts],
            },
        },
        manager="helm",
    )
    change = {
        "metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
        "spec": {
            "template": {"spec": {"containers": [{"name": "api-gateway", "env": [{"name": "BY_HAND", "value": "1"}]}]}}
        },
    }
    space.cluster.request(
        "PATCH",
        space.path("Deployment", API),
        change,
        content_type="application/strategic-merge-patch+json",
        fieldManager="helm",
    )
    space.until(lambda: _rolled_out(service), "the Deployment with the change")
    with service.watched(), service.watched(host=hosts[1]):
        last = service.migrate("blue_green", migration_finish=True)
    told = last["Say what is left for people"].msg
    assert "Helm manages Deployment" in told
    assert f"Service {API} stays" in told
    assert "The next release changes the pods also in spec.template.spec.containers[api-gateway].env" in told
    assert f"Ingress everything keeps sending {hosts[1]}/" in told
    assert [rule["host"] for rule in space.get("Ingress", "everything")["spec"]["rules"]] == [hosts[1]]
    [container] = space.get("Rollout", API)["spec"]["template"]["spec"]["containers"]
    assert {"name": "BY_HAND", "value": "1"} in container["env"]
    assert service.run("provision", strategy="blue_green").changed == 0
    service.run("release", strategy="blue_green", release_version="v2.8.0")
    [container] = space.get("Rollout", API)["spec"]["template"]["spec"]["containers"]
    assert "BY_HAND" not in str(container["env"])


def _rolled_out(service: Service) -> bool:
    status = service.space.get("Deployment", API)["status"]
    return bool(
        status.get("updatedReplicas") == status.get("replicas") == status.get("availableReplicas") == PODS
    ) and (serving(service.space, API) == PODS)


def test_what_stands_in_the_way(service: Service) -> None:
    """Each mistake ends with one sentence, and nothing was touched."""
    space = service.space
    hard = {"pods": str(PODS)}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": hard}}
    space.create(quota)
    space.until(
        lambda: space.get("ResourceQuota", "small").get("status", {}).get("used", {}).get("pods") == str(PODS),
        "the quota",
    )
    before = versions(service.environment.with_namespaces())
    cases: list[tuple[str, str, Obj]] = [
        ("ResourceQuota small leaves room for 0 more pods, and 1 is needed", "blue_green", {}),
        ("the catalog wants no Rollout of api-gateway", "rolling", {}),
        ("lead in opposite ways", "blue_green", {"migration_undo": True, "migration_finish": True}),
        ("names no service", "blue_green", {"migration_services": []}),
        ("wrong-name", "blue_green", {"migration_services": "wrong-name"}),
    ]
    for expected, strategy, variables in cases:
        run = service.migrate(strategy, code=None, **variables)
        assert expected in " ".join(run.console.split())
        assert versions(service.environment.with_namespaces()) == before
    # One more pod is enough, one after the other.
    space.patch("ResourceQuota", "small", {"spec": {"hard": {"pods": str(PODS + 1)}}})
    space.until(lambda: space.get("ResourceQuota", "small")["status"]["hard"]["pods"] == str(PODS + 1), "the quota")
    with service.watched():
        service.migrate("blue_green")
    assert serving(space, MAIN["blue_green"]) == PODS
