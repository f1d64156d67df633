# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The policy of a release is read once, and anew for another release."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.tradesense.delivery.plugins.module_utils._guard.cycle import begin, policy_for
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy_reading import read_policies
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.state import State
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.policies import KnownPolicies

POLICIES = read_policies({"bake": "10m", "services": {"web": {"mode": "dry_run"}}})


def state_of(service: str, revision: str, *, trading: bool = False) -> State:
    """Return the state of a release that has just begun."""
    return begin(POLICIES, service, uid="1234", revision=revision, trading=trading, origin=1000.0)


def test_it_is_what_the_policies_say() -> None:
    known = KnownPolicies(POLICIES)
    for state in (state_of("web", "a"), state_of("trading", "a", trading=True)):
        assert known.of(state) == policy_for(state, POLICIES)


def test_it_is_read_once_for_all_states_of_a_release() -> None:
    known, state = KnownPolicies(POLICIES), state_of("web", "a")
    assert known.of(replace(state, seen=7))[0] is known.of(state)[0]


def test_a_release_that_began_with_another_policy_is_judged_by_that() -> None:
    known, state = KnownPolicies(POLICIES), state_of("web", "a")
    policy, note = known.of(state)
    other, told = known.of(replace(state, hash="b", policy={**state.policy, "bake": "20m"}))
    assert (policy.bake, note) == (600.0, "")
    assert other.bake == 1200.0
    assert "the policy has changed since the release began" in told
