# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the catalog and in the variables of a release: one line, and nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.support.cluster import Cluster
from tests.integration.support.environment import Environment, catalog
from tests.integration.support.plays import Run
from tests.integration.support.proxy import Fault, misbehaving, status

pytestmark = pytest.mark.every_pair


def sentence(run: Run) -> str:
    """Return the message of the task that failed, which has to be one line, on the console too."""
    failed = [result for result in run.results if result.failed]
    assert len(failed) == 1, run.console
    assert "\n" not in failed[0].msg
    shown = [line for _, line in run.lines if line.startswith("[ERROR]")]
    assert len(shown) == 1
    assert failed[0].msg in shown[0], shown
    return failed[0].msg


@pytest.mark.parametrize("playbook", ["provision", "release", "rollback"])
def test_malformed_catalog_names_entry_and_key(environment: Environment, playbook: str) -> None:
    """An unknown key and values of a wrong type are named with entry and key, all at once."""
    services = catalog()
    services["api-gateway"]["repilcas"] = 2
    services["trading-service"]["revision_history_limit"] = "many"
    services["user-service"]["strategy"] = ["rolling"]
    run = environment.run(playbook, code=None, tradesense_services=services, release_version="v2.8.0")
    message = sentence(run)
    assert "tradesense_services.api-gateway.repilcas: " in message
    assert "did you mean 'replicas'?" in message
    assert "tradesense_services.trading-service.revision_history_limit: 'many' is not accepted" in message
    assert "tradesense_services.user-service.strategy: " in message
    assert not environment.exists()


def test_empty_entry_is_named(environment: Environment) -> None:
    """An entry without keys, as a forgotten line leaves it, in the catalog and in what an environment lays over it."""
    empty = {**catalog(), "empty-service": None}
    message = sentence(environment.run("provision", code=None, tradesense_services=empty))
    assert message.startswith("tradesense_services.empty-service: the entry is blank; ")
    message = sentence(environment.run("provision", code=None, tradesense_service_overrides={"api-gateway": []}))
    assert message.startswith("tradesense_service_overrides.api-gateway: ")
    assert not environment.exists()


def test_a_cluster_without_argo_rollouts_is_refused(environment: Environment, cluster: Cluster, tmp_path: Path) -> None:
    """Before anything is sent, and not in the middle of the playbook; the answer of the API server is scripted."""
    unknown = Fault(r"^GET /apis/argoproj\.io/", status(404), None)
    with misbehaving(cluster, tmp_path, unknown) as (_proxy, kubeconfig):
        message = sentence(environment.run("provision", code=None, tradesense_kubeconfig=str(kubeconfig)))
    assert message.startswith("The cluster does not serve Rollout of argoproj.io/v1alpha1")
    assert "Install Argo Rollouts in the cluster of development-1" in message
    assert not environment.exists()


@pytest.mark.parametrize(
    ("variables", "texts"),
    [
        ({"release_version": "v2.8.0", "release_services": "trading-servce"}, ["trading-servce", "trading-service"]),
        ({"release_version": "latest"}, ["latest"]),
        ({"release_version": "v2.8.0!"}, ["v2.8.0!"]),
        ({}, ["release_version"]),
    ],
    ids=["service", "moving", "version", "none"],
)
def test_bad_release_variables(environment: Environment, variables: dict[str, str], texts: list[str]) -> None:
    """An unknown service, a version that moves or is none, and no version at all."""
    message = sentence(environment.run("release", code=None, **variables))
    assert message.startswith("Nothing was released: ")
    for text in texts:
        assert text in message, message
    assert not environment.exists()


def test_release_before_provisioning(environment: Environment) -> None:
    """A release into a namespace that does not exist says what to do first."""
    message = sentence(environment.run("release", code=None, release_version="v2.8.0"))
    assert f"the namespace {environment.space.name} does not exist" in message
    assert "playbooks/provision.yml" in message
    assert not environment.exists()
