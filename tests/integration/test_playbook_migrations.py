# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""playbooks/release.yml with services that have migrations: a Job before the pods change."""

from __future__ import annotations

from tests.integration.support.cluster import Obj, versions
from tests.integration.support.environment import API, TRADING, USERS, Environment, catalog
from tests.integration.support.plays import Run

MESSAGE = "revision 0042 was refused: there are orders without an account"
BAD = "v2.9.0-badmigration"


def services(*with_migrations: str) -> Obj:
    """The catalog with migrations for some services."""
    found = catalog()
    for service in found:
        found[service].pop("migrations", None)
    for service in with_migrations:
        found[service]["migrations"] = {"retries": 0, "timeout_seconds": 60}
    return found


def jobs(environment: Environment) -> dict[str, Obj]:
    """Return the Jobs by the tag of their image."""
    return {
        item["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]: item
        for item in environment.space.list("Job")
    }


def ended(job: Obj) -> str:
    """Return how a Job ended."""
    true = [entry["type"] for entry in job["status"]["conditions"] if entry["status"] == "True"]
    return next(kind for kind in ("Failed", "Complete") if kind in true)


def reason(run: Run) -> str:
    """Return the reason with which a release ended."""
    result = run["Fail with the reason"]
    assert result.failed
    return result.msg


def test_the_database_is_migrated_before_the_pods_change_and_once(environment: Environment) -> None:
    given: Obj = {"tradesense_services": services("user-service"), "release_services": "user-service"}
    environment.provision(tradesense_services=given["tradesense_services"])
    assert jobs(environment) == {}

    check = environment.run("release", "--check", release_version="v2.8.0", **given)
    assert "Migrate the databases of user-service" in check.console
    assert jobs(environment) == {}

    environment.run("release", release_version="v2.8.0", **given)
    (job,) = jobs(environment).values()
    assert ended(job) == "Complete"
    assert job["metadata"]["name"].startswith(f"{USERS}-migrate-")
    assert environment.images()[USERS] == "v2.8.0"
    new = [item for item in environment.space.list("ReplicaSet") if pod_image(item).endswith(":v2.8.0")]
    assert job["status"]["completionTime"] <= new[0]["metadata"]["creationTimestamp"]

    before = versions(environment.with_namespaces())
    assert environment.run("release", release_version="v2.8.0", **given).changed == 0
    assert versions(environment.with_namespaces()) == before

    environment.run("rollback", tradesense_services=given["tradesense_services"])
    assert environment.images()[USERS] == "v2.7.0"
    environment.run("release", release_version="v2.8.0", **given)
    assert environment.images()[USERS] == "v2.8.0"
    assert {item["metadata"]["uid"] for item in jobs(environment).values()} == {job["metadata"]["uid"]}


def test_its_pods_get_what_the_service_gets_and_no_traffic(environment: Environment) -> None:
    given: Obj = {"tradesense_services": services("user-service"), "release_services": "user-service"}
    environment.provision(tradesense_services=given["tradesense_services"])
    environment.run("release", release_version="v2.8.0", **given)
    (job,) = jobs(environment).values()
    mine = job["spec"]["template"]["spec"]
    theirs = environment.space.get("Deployment", USERS)["spec"]["template"]["spec"]
    for key in ("env", "envFrom", "image", "resources", "securityContext", "volumeMounts"):
        assert mine["containers"][0][key] == theirs["containers"][0][key], key
    for key in ("serviceAccountName", "securityContext", "volumes", "nodeSelector", "tolerations"):
        assert mine[key] == theirs[key], key
    assert mine["containers"][0]["args"] == ["migrate"]
    selector = environment.space.get("Service", USERS)["spec"]["selector"]
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert not selector.items() <= labels.items()


def test_a_failed_migration_stops_the_release_and_takes_the_waves_before_back(environment: Environment) -> None:
    given: Obj = {"tradesense_services": services("api-gateway")}
    environment.provision(**given)
    generation = environment.space.get("Rollout", API)["metadata"]["generation"]
    wanted = {"user-service": "v2.9.0", "api-gateway": BAD}
    told = reason(environment.run("release", code=None, release_versions=wanted, **given))
    assert f"Job {API}-migrate-" in told
    assert "BackoffLimitExceeded" in told
    assert f"(exit code 1: {MESSAGE})" in told
    assert "All of it was taken back." in told
    assert environment.images() == dict.fromkeys((API, TRADING, USERS), "v2.7.0")
    assert environment.space.get("Rollout", API)["metadata"]["generation"] == generation, "its pods never changed"
    assert environment.requests()["v2.9.0"] > 0, "the wave before did serve"

    first = jobs(environment)[BAD]
    assert ended(first) == "Failed"
    again = environment.run("release", code=None, release_versions={"api-gateway": BAD}, **given)
    assert "Nothing had changed yet, so nothing was taken back." in reason(again)
    second = jobs(environment)[BAD]
    assert second["metadata"]["name"] == first["metadata"]["name"]
    assert second["metadata"]["uid"] != first["metadata"]["uid"], "a Job that failed is run anew"


def test_a_migration_that_never_ends_is_ended(environment: Environment) -> None:
    entries = services("user-service")
    entries["user-service"]["migrations"]["timeout_seconds"] = 3
    environment.provision(tradesense_services=entries)
    wanted = {"user-service": "v2.9.0-imagepull"}
    told = reason(environment.run("release", code=None, release_versions=wanted, tradesense_services=entries))
    assert "DeadlineExceeded" in told
    assert environment.images()[USERS] == "v2.7.0"


def pod_image(item: Obj) -> str:
    """Return the image in a workload's pod template."""
    return str(item["spec"]["template"]["spec"]["containers"][0]["image"])
