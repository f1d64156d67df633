# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a rollback may be done now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.preflight import (
    Check,
    Outcome,
    Past,
    RollbackFacts,
    Sibling,
    Target,
    first_good,
    preflight,
)

from tests.unit.plugins.module_utils._guard.guard_builders import POLICY

RULES = POLICY.rollback
NOW = 1_000_000.0
TARGET = Target("old", desired=10, available=10, promoted_at=NOW - 86400)
FACTS = RollbackFacts(now=NOW, current="new", target=TARGET)
PROMOTED = replace(FACTS, in_flight=False)


def of_target(**given: Any) -> RollbackFacts:
    """Return a situation in flight with another target."""
    return replace(FACTS, target=replace(TARGET, **given))


def test_all_is_well() -> None:
    found = preflight(FACTS, RULES)
    assert found.passed
    assert found.text == ""
    assert [result.check for result in found.results] == list(Check)
    assert all(result.text for result in found.results)
    assert preflight(PROMOTED, RULES).passed


@pytest.mark.parametrize(
    ("facts", "check", "text"),
    [
        (replace(FACTS, target=None), Check.TARGET, "there is no revision to go back to: roll forward"),
        (of_target(hash="new"), Check.TARGET, "the revision to go back to, new, is the one that runs"),
        (of_target(exists=False), Check.TARGET, "the ReplicaSet of revision old is gone"),
        (of_target(banned=True), Check.RECORD, "revision old was rolled back itself"),
        (replace(PROMOTED, target=replace(TARGET, promoted=False)), Check.RECORD, "is not recorded as promoted"),
        (of_target(pullable=False), Check.RECORD, "an image of revision old can no longer be pulled"),
        (
            replace(PROMOTED, target=replace(TARGET, promoted_at=NOW - 40 * 86400)),
            Check.RECORD,
            "revision old was promoted 40 days ago",
        ),
        (of_target(available=8), Check.HEALTH, "stable has 8 of 10 pods available"),
        (of_target(over_thresholds=True), Check.HEALTH, "stable is over critical thresholds too"),
        (
            replace(PROMOTED, target=replace(TARGET, available=0), room=9),
            Check.CAPACITY,
            "10 pods have to start and there is room for 9",
        ),
        (
            of_target(missing_configuration=("ConfigMap web-abc", "Secret web-def")),
            Check.CONFIGURATION,
            "configuration of the target is gone or has changed: ConfigMap web-abc, Secret web-def",
        ),
        (
            replace(FACTS, contract=True, migration="0042 drops column price"),
            Check.DATABASE,
            "the release has removed from the database what the target needs (0042 drops column price): roll forward",
        ),
        (replace(FACTS, is_rollback=True), Check.FLAPPING, "what runs is a rollback itself"),
        (
            replace(FACTS, past=(Past(NOW - 7200), Past(NOW - 80000))),
            Check.FLAPPING,
            "there were 2 rollbacks in the last 24 h, and 2 are the limit",
        ),
        (
            replace(FACTS, past=(Past(NOW - 300),)),
            Check.FLAPPING,
            "the last rollback was 5 min ago: 10 min have to pass",
        ),
        (
            replace(FACTS, siblings=(Sibling("api", True), Sibling("user", False), Sibling("x"))),
            Check.DEPENDENCIES,
            "user of the same release do not work with the target",
        ),
        (replace(FACTS, reapplied_by="Argo CD"), Check.AUTHORITY, "Argo CD would put the new revision back"),
    ],
)
def test_what_is_in_the_way_holds_and_is_told(facts: RollbackFacts, check: Check, text: str) -> None:
    found = preflight(facts, RULES)
    assert found.outcome is Outcome.HOLD
    failed = {result.check: result for result in found.results if result.outcome is not Outcome.PASS}
    assert check in failed
    assert text in failed[check].text
    assert text in found.text
    if facts.target is not None:
        assert set(failed) == {check}


def test_a_lock_is_waited_for() -> None:
    found = preflight(replace(FACTS, locked_by="guard-7"), RULES)
    assert found.outcome is Outcome.WAIT
    assert found.text == "guard-7 is working on it"
    assert not found.traffic_off
    both = preflight(replace(FACTS, locked_by="guard-7", contract=True), RULES)
    assert both.outcome is Outcome.HOLD, "what is in the way for good goes before"


def test_what_is_not_in_the_way() -> None:
    for facts in (
        of_target(available=9),
        of_target(pullable=None, promoted_at=None),
        of_target(promoted_at=NOW - 100 * 86400),
        replace(PROMOTED, target=replace(TARGET, available=0)),
        replace(PROMOTED, target=replace(TARGET, available=0, over_thresholds=True), room=10),
        replace(FACTS, past=(Past(NOW - 700), Past(NOW - 90000))),
        replace(FACTS, freeze="christmas"),
        replace(FACTS, siblings=(Sibling("api"),)),
    ):
        assert preflight(facts, RULES).passed, facts


def test_a_freeze_stops_rollbacks_only_where_it_says_so() -> None:
    found = preflight(replace(FACTS, freeze="christmas"), replace(RULES, strict_freeze=True))
    assert found.text == "freeze christmas is on and stops rollbacks too"


def test_traffic_may_be_taken_off_although_the_rollback_is_held() -> None:
    assert preflight(replace(FACTS, past=(Past(NOW - 60),)), RULES).traffic_off
    for facts in (of_target(available=0), replace(FACTS, contract=True), replace(FACTS, target=None)):
        assert not preflight(facts, RULES).traffic_off


def test_the_next_good_revision_is_found() -> None:
    found = [
        Target("bad", banned=True),
        Target("new"),
        Target("gone", exists=False),
        Target("never", promoted=False),
        Target("good"),
        Target("older"),
    ]
    best = first_good(found, RULES, PROMOTED)
    assert best is not None
    assert best.hash == "good"
    assert first_good(found[:4], RULES, PROMOTED) is None


def test_what_several_checks_miss_is_said_once() -> None:
    found = preflight(replace(PROMOTED, target=None), RULES)
    assert found.text == "there is no revision to go back to: roll forward"
