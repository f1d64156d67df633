# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Roles namespaces and network, on a real API server: applied twice, shared by environments, and what they admit."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.support.cluster import Cluster, Obj, Refused, Space, versions
from tests.integration.support.own_sandbox import own_sandbox
from tests.integration.support.plays import Ansible, Run
from tests.integration.support.roles import Roles
from tests.unit.roles.rendered import objects

WORKLOADS = ("Rollout", "Deployment", "StatefulSet")
CRD = Path(__file__).parent / "support" / "route_crd.yml"


class Place:
    """The namespaces of two environments of one cluster, and the one they share."""

    def __init__(self, cluster: Cluster, roles: Roles, name: str) -> None:
        self.roles = roles
        self.one, self.other, self.monitoring = (Space(cluster, f"{name}-{what}") for what in ("one", "other", "mon"))

    def run(self, space: Space, *roles: str, **how: Any) -> Run:
        """Run roles for one of the environments."""
        names: dict[str, Any] = {
            "tradesense_namespace": space.name,
            "tradesense_monitoring_namespace": self.monitoring.name,
        }
        return self.roles.run(*roles, **names, **how)

    def versions(self) -> dict[str, str]:
        """Return the resourceVersion of everything there, and of the quotas what is asked for: they count pods."""
        found: dict[str, str] = {}
        for space in (self.one, self.other, self.monitoring):
            found[space.name] = space.cluster.request("GET", f"api/v1/namespaces/{space.name}")["metadata"][
                "resourceVersion"
            ]
            found.update({f"{space.name} {name}": version for name, version in versions(space.everything()).items()})
            found.update(
                {f"{space.name} {item['metadata']['name']}": str(item["spec"]) for item in space.list("ResourceQuota")}
            )
        return found


@pytest.fixture
def place(cluster: Cluster, space: Space, tmp_path: Path) -> Iterator[Place]:
    """Two environments' names, of which nothing exists yet."""
    made = Place(cluster, Roles(Ansible(tmp_path), tmp_path), space.name)
    yield made
    for each in (made.one, made.other, made.monitoring):
        each.remove()


def test_both_roles_twice_for_two_environments(place: Place) -> None:
    """Check mode shows everything and makes nothing; nothing moves in a second run, nor when the other environment comes."""
    both = ("namespaces", "network")
    check = place.run(place.one, *both, flags=("--check", "--diff"))
    with pytest.raises(Refused, match="404"):
        place.one.cluster.request("GET", f"api/v1/namespaces/{place.one.name}")
    for title in (
        "NetworkPolicy tradesense-deny-all",
        "Ingress tradesense-web-ingress",
        "ResourceQuota tradesense-quota",
    ):
        assert f"+++ after: {title} in namespace {place.one.name} (applied)" in check.console
    place.run(place.one, *both)
    place.run(place.other, *both)
    before = place.versions()
    assert f"{place.monitoring.name} NetworkPolicy/tradesense-monitoring-stack-{place.other.name}" in before
    assert f"{place.one.name} Service/tradesense-trading-service-canary" in before
    for space in (place.one, place.other, place.one):
        again = place.run(space, *both, flags=("--diff",))
        assert again.changed == 0, again.console
        assert {item["action"] for result in again.verbs("apply") for item in result.data["objects"]} == {"unchanged"}
    assert place.versions() == before


def test_pods_of_the_catalog_are_admitted_also_during_a_release(place: Place) -> None:
    """Twice the pods of every workload; what breaks the rules or exceeds the quota is refused."""
    place.run(place.one, "namespaces")
    space = place.one
    for each in (place.one, place.monitoring):
        _until_counted(each)
    workloads = [item for (kind, _name), item in objects("development").items() if kind in WORKLOADS]
    assert len(workloads) == 15
    for workload in workloads:
        name, template = workload["metadata"]["name"], workload["spec"]["template"]
        shared = workload["metadata"]["namespace"] == "tradesense-monitoring"
        here = place.monitoring if shared else space
        here.create({"kind": "ServiceAccount", "metadata": {"name": template["spec"]["serviceAccountName"]}})
        for number in range(2 * int(workload["spec"]["replicas"])):
            here.create(_pod(f"{name}-{number}", template, workload["spec"].get("volumeClaimTemplates", ())))
    plain = objects("development")["Deployment", "tradesense-user-service"]["spec"]["template"]
    (quota,) = space.list("ResourceQuota")
    assert int(quota["spec"]["hard"]["pods"]) >= len(space.list("Pod")) >= 2 * 14

    greedy = _pod("greedy", plain)
    greedy["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "900"}, "limits": {"cpu": "900"}}
    with pytest.raises(Refused, match="exceeded quota: tradesense-quota"):
        space.create(greedy)
    silent = _pod("silent", plain)
    del silent["spec"]["containers"][0]["resources"]
    space.create(silent)
    (container,) = space.get("Pod", "silent")["spec"]["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "500m", "memory": "512Mi"},
    }
    root = _pod("root", plain)
    root["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    with pytest.raises(Refused, match="allowPrivilegeEscalation != false"):
        space.create(root)


def test_routes_where_the_cluster_has_them(tmp_path: Path) -> None:
    """On a sandbox of this test's own: a kind of the whole cluster would reach other tests."""
    with own_sandbox() as (own, cluster):
        roles = Roles(Ansible(tmp_path), tmp_path)
        space = cluster.space("routed").make()
        cluster.space("routed-mon").make()
        names: dict[str, Any] = {"tradesense_namespace": "routed", "tradesense_monitoring_namespace": "routed-mon"}

        def run(*flags: str, **how: Any) -> Run:
            return roles.run("network", kubeconfig=own.kubeconfig, flags=flags, **names, **how)

        refused = run(network_routes=True, code=None)["Apply the network"]
        assert "the cluster does not know kind Route of route.openshift.io/v1" in refused.msg
        assert not space.list("Service")
        cluster.request(
            "POST", "apis/apiextensions.k8s.io/v1/customresourcedefinitions", yaml.safe_load(CRD.read_text())
        )
        space.until(lambda: _serves_routes(cluster), "the kind Route")

        assert (
            "+++ after: Route tradesense-web-ingress in namespace routed (applied)" in run("--check", "--diff").console
        )
        assert not space.list("Route")
        run()
        assert sorted(item["metadata"]["name"] for item in space.list("Route")) == [
            f"tradesense-{service}-ingress" for service in ("admin-dashboard", "api-gateway", "mobile-web", "web")
        ]
        assert [item["metadata"]["name"] for item in space.list("Ingress")] == ["tradesense-trading-service-stable"]
        assert space.get("Route", "tradesense-web-ingress")["spec"]["tls"]["termination"] == "edge"
        before = versions({item["metadata"]["name"]: item for item in space.list("Route")})
        assert run("--diff").changed == 0
        assert versions({item["metadata"]["name"]: item for item in space.list("Route")}) == before
        assert run(network_routes="false").changed == 1
        assert len(space.list("Ingress")) == 5


def _until_counted(space: Space) -> None:
    """Wait until the quota is in force: before, every pod is refused."""
    space.until(lambda: all(item.get("status") for item in space.list("ResourceQuota")), "the quota")


def _pod(name: str, template: Obj, claims: Sequence[Obj] = ()) -> Obj:
    """Return a pod as a controller makes it of a template. Nobody schedules it: whether it is admitted is all that counts."""
    spec = {**copy.deepcopy(template["spec"]), "schedulerName": "nobody"}
    spec["volumes"] = [
        *spec.get("volumes", []),
        *(
            {"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": f"data-{name}"}}
            for claim in claims
        ),
    ]
    return {"kind": "Pod", "metadata": {"name": name, "labels": template["metadata"]["labels"]}, "spec": spec}


def _serves_routes(cluster: Cluster) -> bool:
    try:
        return bool(cluster.request("GET", "apis/route.openshift.io/v1/namespaces/routed/routes"))
    except Refused:
        return False
