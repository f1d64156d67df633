# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""playbooks/release.yml, rollback.yml and promote.yml on the development inventory."""

from __future__ import annotations

import pytest

from tests.integration.support.cluster import versions
from tests.integration.support.environment import (
    API,
    CANARY_INGRESS,
    TRADING,
    USERS,
    Environment,
    settings,
)
from tests.integration.support.plays import Run
from tests.integration.support.servers import HOST, closed_port
from tests.integration.support.stage import canary_weight, reach, selected, serving, status

ALL = (API, TRADING, USERS)


def assert_all_on(environment: Environment, tag: str) -> None:
    """Assert that every service runs and serves one version and nothing else, wherever one can see it."""
    space = environment.space
    assert environment.images() == dict.fromkeys(ALL, tag)
    for name, service in ((API, f"{API}-active"), (TRADING, f"{TRADING}-stable")):
        state = status(space, name)
        assert state["currentPodHash"] == state["stableRS"] == selected(space, service)
        assert state["phase"] == "Healthy"
        assert serving(space, service) == space.get("Rollout", name)["spec"]["replicas"]
    assert canary_weight(space, CANARY_INGRESS) == 0
    space.until(lambda: environment.pods() == {name: {tag} for name in ALL}, f"only pods of {tag}")
    assert environment.serving_tags() == {tag}


def failure(run: Run) -> str:
    """Return the reason with which a release ended."""
    result = run["Fail with the reason"]
    assert result.failed
    assert "\n" not in result.msg
    return result.msg


def test_release_again_and_back(environment: Environment) -> None:
    """A good release of all three strategies, the same again, a rollback of all of it, and the rollback again."""
    environment.provision()
    release = environment.run("release", release_version="v2.8.0")
    assert "Released " in release["Say what came of it"].msg
    assert "every service serves all its traffic with its new version" in release["Say what came of it"].msg
    assert release.artifacts["delivery_release_changed"]
    steps = settings("tradesense_service_overrides")["trading-service"]["canary"]["steps"]
    assert f"{TRADING}: step 2/{len(steps)} pause {steps[1]['pause']}, weight 10 %" in release.console
    assert f"{TRADING}: step 4/{len(steps)} analysis canary-analysis, weight 25 %" in release.console
    assert "error-rate-comparison measured 0" in release.console
    assert f"{API}: analysis before promotion: metric success-rate measured" in release.console
    assert_all_on(environment, "v2.8.0")

    before = versions(environment.with_namespaces())
    again = environment.run("release", release_version="v2.8.0")
    assert again.changed == 0
    assert again["Say what came of it"].msg.startswith("Nothing to release: ")
    assert again.artifacts["delivery_release"] == ""
    assert versions(environment.with_namespaces()) == before

    back = environment.run("rollback")
    assert back.changed > 0
    assert_all_on(environment, "v2.7.0")
    before = versions(environment.with_namespaces())
    nothing = environment.run("rollback")
    assert nothing.changed == 0
    assert "There is nothing to take back" in nothing["Say what came of it"].msg
    assert versions(environment.with_namespaces()) == before


@pytest.mark.every_pair
def test_bad_release_goes_back_whole(environment: Environment) -> None:
    """One bad service takes back all of the release, the promoted ones too, and the reason is told with numbers."""
    environment.provision()
    wanted = {"api-gateway": "v2.9.0", "user-service": "v2.9.0", "trading-service": "v2.9.0-errors20"}
    release = environment.run("release", code=None, release_versions=wanted)
    reason = failure(release)
    assert "The release of " in reason
    assert "metric error-rate-comparison measured 0." in reason
    assert "needs < 0.02" in reason
    assert "All of it was taken back." in reason
    measured = float(reason.partition("error-rate-comparison measured ")[2].partition(",")[0])
    assert 0.1 < measured < 0.4
    for name in ALL:
        assert f"{name}: " in reason.partition("All of it was taken back.")[2], "every service is said to be back"
    assert_all_on(environment, "v2.7.0")
    assert environment.requests()["v2.9.0"] > 0, "the other services did serve with the new version"
    assert environment.requests()["v2.9.0-errors20"] > 0


def test_manual_gate_stops_and_promote_goes_on(environment: Environment) -> None:
    """release_gate=manual ends well before promotion; promote.yml takes it from there."""
    environment.provision()
    stable = status(environment.space, API)["stableRS"]
    stopped = environment.run(
        "release", release_version="v2.8.0", release_services="api-gateway", release_gate="manual"
    )
    assert (
        f"Stopped before promotion, as asked: {API} wait for playbooks/promote.yml."
        in stopped["Say what came of it"].msg
    )
    assert stopped.artifacts["delivery_release_waiting"] == API
    reach(environment.space, API, "Paused")
    assert selected(environment.space, f"{API}-active") == stable
    other = environment.run("release", code=None, release_version="v2.9.0", release_services="api-gateway")
    assert "api-gateway: another release is in flight (revision 2" in other.console.replace("\n", " ")
    environment.run("promote")
    assert environment.images()[API] == "v2.8.0"
    state = status(environment.space, API)
    assert selected(environment.space, f"{API}-active") == state["stableRS"] == state["currentPodHash"] != stable
    assert "Nothing waits for a promotion" in environment.run("promote").console


def test_check_mode_releases_nothing(environment: Environment) -> None:
    """--check tells what would change, and changes nothing."""
    environment.provision()
    before = versions(environment.with_namespaces())
    check = environment.run("release", "--check", release_version="v2.8.0")
    said = check["Say what came of it"].msg
    assert said.startswith("Check mode: ")
    assert all(name in said for name in ALL)
    assert versions(environment.with_namespaces()) == before


def test_prometheus_that_does_not_answer(environment: Environment) -> None:
    """When nothing can be measured the release ends with that reason, and goes back."""
    limits = settings("tradesense_analysis")
    limits["canary"] |= {"initial_delay": "1s", "error_limit": 1}
    limits["orders"] |= {"initial_delay": "1s", "error_limit": 1}
    overrides = settings("tradesense_service_overrides")
    overrides["trading-service"]["canary"]["steps"] = [{"weight": 10}, {"analysis": "canary-analysis"}, {"weight": 100}]
    variables = {
        "tradesense_analysis": limits,
        "tradesense_service_overrides": overrides,
        "tradesense_prometheus_url": f"http://{HOST}:{closed_port()}",
    }
    environment.provision(**variables)
    release = environment.run(
        "release", code=None, release_version="v2.8.0", release_services="trading-service", **variables
    )
    reason = failure(release)
    assert "could not be measured" in reason
    assert "connection refused" in reason
    assert "All of it was taken back." in reason
    assert environment.images()[TRADING] == "v2.7.0"
    assert canary_weight(environment.space, CANARY_INGRESS) == 0
