# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a rollback has helped."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.recovery import (
    Check,
    RecoveryFacts,
    Watch,
    looked,
    verify,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import ServiceWindow
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric, Recovery

from tests.unit.plugins.module_utils._guard.guard_builders import POLICY, TRADING, Numbers, side, window

FACTS = RecoveryFacts(
    now=1000.0,
    started=990.0,
    target="old",
    stable="old",
    selected="old",
    ready_endpoints=3,
    canary_weight=0,
    desired=3,
    available=3,
)


def watched(*windows: tuple[Numbers | None, Numbers | None], every: int = 1) -> Watch:
    """Return the watch after windows: errors of the bad revision and of the target."""
    watch = Watch()
    for index, (bad, target) in enumerate(windows * every):
        watch = looked(POLICY, watch, window(index, bad, target))
    return watch


CLEAN = watched((None, (3000, 10)), every=4)


def test_recovered() -> None:
    found = verify(POLICY, FACTS, CLEAN)
    assert found.verdict is Recovery.RECOVERED
    assert found.text == ""
    assert [result.check for result in found.results] == list(Check)


@pytest.mark.parametrize(
    ("facts", "check", "text"),
    [
        ({"stable": "new"}, Check.REVISION, "stable is revision new, not old"),
        ({"stable": ""}, Check.REVISION, "stable is revision none, not old"),
        ({"selected": "new"}, Check.REVISION, "users reach revision new, not old"),
        ({"canary_weight": 25}, Check.TRAFFIC, "the bad revision still has a weight of 25 %"),
        ({"ready_endpoints": 0}, Check.TRAFFIC, "the Service that users reach has no ready endpoint"),
        ({"available": 2}, Check.PODS, "2 of 3 pods are available"),
        ({"restarts": 1}, Check.PODS, "pods of the target were restarted 1 times since"),
    ],
)
def test_what_is_not_true_yet_is_waited_for_and_then_ineffective(
    facts: dict[str, Any], check: Check, text: str
) -> None:
    early = verify(POLICY, replace(FACTS, **facts), CLEAN)
    assert early.verdict is Recovery.WAITING
    assert early.text == text
    late = verify(POLICY, replace(FACTS, **facts, now=FACTS.started + 601), CLEAN)
    assert late.verdict is Recovery.INEFFECTIVE
    assert [result.check for result in late.results if result.verdict is Recovery.INEFFECTIVE] == [check]
    assert text in late.text
    assert "s after the rollback began" in late.text


def test_the_revision_has_two_minutes_and_pods_have_ten() -> None:
    for facts, limit in (({"selected": "new"}, 120), ({"available": 0}, 600), ({"canary_weight": 5}, 195)):
        for passed, verdict in ((limit, Recovery.WAITING), (limit + 1, Recovery.INEFFECTIVE)):
            now = replace(FACTS, **facts, now=FACTS.started + passed)
            assert verify(POLICY, now, CLEAN).verdict is verdict


def test_the_bad_revision_has_to_be_without_requests() -> None:
    still = watched(((5, 1), (3000, 10)), (None, (3000, 10)))
    assert "took no requests in 1 of 2 windows" in verify(POLICY, FACTS, still).text
    again = watched((None, (3000, 10)), ((0, 0), (3000, 10)), ((5, 1), (3000, 10)))
    assert again.quiet == 0


def test_metrics_have_to_be_good_for_four_windows_with_data() -> None:
    three = watched((None, (3000, 10)), every=3)
    assert verify(POLICY, FACTS, three).text == "3 of 4 windows in a row were within the thresholds"
    gap = watched((None, (3000, 10)), (None, None), (None, (3000, 10)))
    assert gap.clean == 2, "a missing window is neither good nor bad"
    idle = watched((None, (0, 0)), every=9)
    assert idle.clean == 0
    relapse = watched((None, (3000, 10)), (None, (3000, 90)), (None, (3000, 10)))
    assert (relapse.clean, relapse.requests) == (1, 3000), "3 % is over the warning threshold"


def test_a_few_requests_are_not_enough() -> None:
    few = watched((None, (5, 0)), every=4)
    assert verify(POLICY, FACTS, few).text == "the target has served 20 of the 50 requests that a verdict takes"


def test_a_target_that_is_bad_as_well_was_not_the_cause() -> None:
    bad = watched((None, (3000, 600)), every=4)
    early = verify(POLICY, FACTS, bad)
    assert early.verdict is Recovery.WAITING
    assert "the target is over critical thresholds too" in early.text
    late = verify(POLICY, replace(FACTS, now=FACTS.started + 601), bad)
    assert late.verdict is Recovery.INEFFECTIVE
    assert late.not_the_cause
    assert not early.not_the_cause
    elsewhere = verify(POLICY, replace(FACTS, now=FACTS.started + 601, selected="new"), bad)
    assert not elsewhere.not_the_cause


def test_orders_have_to_flow_again() -> None:
    watch = Watch()
    for index in range(4):
        watch = looked(TRADING, watch, window(index, None, (3000, 10)))
    assert verify(TRADING, FACTS, watch).text == "no orders have come in since"
    target = side((3000, 10), order_success=(900, 2))
    watch = looked(TRADING, watch, ServiceWindow(4, {}, target))
    assert verify(TRADING, FACTS, watch).verdict is Recovery.RECOVERED
    worse = looked(TRADING, watch, ServiceWindow(5, {}, side((3000, 10), order_success=(900, 100))))
    assert (worse.clean, worse.orders) == (0, 0)
    assert Metric.ORDER_SUCCESS in target


def test_a_window_counts_once_and_state_survives() -> None:
    assert looked(POLICY, CLEAN, window(3, None, (3000, 3000))) is CLEAN
    assert Watch.from_plain(json.loads(json.dumps(CLEAN.to_plain()))) == CLEAN
    with pytest.raises(ValueError, match="state"):
        Watch.from_plain([])
