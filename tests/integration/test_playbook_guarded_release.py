# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""playbooks/release.yml with the guard: on the way, for the bake time, and a bad version that comes again."""

from __future__ import annotations

from typing import Any

from tests.integration.support.environment import API, TRADING, Environment, settings
from tests.integration.support.stage import status

# No analysis of the controller's: nobody but the guard looks.
STEPS = [{"weight": 25}, {"pause": "40s"}, {"weight": 100}]


def unwatched() -> dict[str, Any]:
    """Return overrides of the catalog without any analysis."""
    overrides = settings("tradesense_service_overrides")
    overrides["trading-service"]["canary"]["steps"] = STEPS
    overrides["api-gateway"]["blue_green"] = {
        **overrides["api-gateway"].get("blue_green", {}),
        "pre_promotion_analysis": [],
        "post_promotion_analysis": [],
    }
    return {"tradesense_service_overrides": overrides, "release_guard": True}


def test_what_the_guard_takes_back_takes_the_release_with_it(environment: Environment) -> None:
    """A bad canary goes back before its pause is over, its sibling with it; the same version is refused from then on."""
    given = unwatched()
    environment.provision(**given)
    wanted = {"api-gateway": "v2.9.0", "trading-service": "v2.9.0-errors20"}
    bad = environment.run("release", code=None, release_versions=wanted, **given)
    result = bad["Fail with the reason"]
    assert result.failed
    assert "was rolled back to" in result.msg
    assert "error rate: " in result.msg
    assert "All of it was taken back." in result.msg
    assert f"{TRADING}: rolled back to " in bad.console
    assert {API: "v2.7.0", TRADING: "v2.7.0"}.items() <= environment.images().items()
    for name in (API, TRADING):
        state = status(environment.space, name)
        assert (state["phase"], state["currentPodHash"]) == ("Healthy", state["stableRS"])

    again = environment.run("release", code=None, release_versions=wanted, **given)
    said = again.console.replace("\n", " ")
    assert "the guard took" in said
    assert "release_again=true" in said
    # A guard that may only look keeps nobody from releasing it.
    looked = environment.run(
        "release",
        release_versions={"trading-service": "v2.9.1-errors20"},
        release_guard_policy_overrides={"mode": "dry_run", "bake": "3s"},
        **given,
    )
    assert "rollback: error rate: " in looked.console
    assert environment.images()[TRADING] == "v2.9.1-errors20"
    checked = environment.run("release", "--check", release_versions=wanted, release_again=True, **given)
    assert checked["Say what came of it"].msg.startswith("Check mode: ")


def test_a_good_release_is_baked_and_one_that_goes_bad_late_is_taken_back(environment: Environment) -> None:
    """After promotion there is no stable to compare with; the thresholds of the policy are."""
    given = unwatched()
    environment.provision(**given)
    good = environment.run("release", release_version="v2.8.0", release_services="api-gateway", **given)
    assert "its bake time is over" in good.console
    late = environment.run(
        "release",
        code=None,
        release_versions={"api-gateway": "v2.9.0-late50-14s"},
        tradesense_guard_policy={**settings("tradesense_guard_policy"), "bake": "60s"},
        **given,
    )
    result = late["Fail with the reason"]
    assert "was rolled back to" in result.msg
    assert environment.images()[API] == "v2.8.0"
    assert "api-gateway" in result.msg
    frozen = environment.run("release", code=None, release_version="v2.9.1", release_freeze="year-end", **given)
    assert "freeze year-end is on" in frozen.console.replace("\n", " ")
