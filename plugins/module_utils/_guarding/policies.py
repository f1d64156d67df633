# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The policy of each release, read once: reading one takes longer than judging a window by it. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass

from .._guard.cycle import policy_for
from .._guard.policy import Policies, Policy
from .._guard.state import State
from .._types import Obj


@dataclass(frozen=True)
class _Known:
    """What `policy_for` gave for a policy in its normal form, which stays the same object in all states of a release."""

    written: Obj
    policy: Policy
    note: str


class KnownPolicies:
    """By what releases are judged, and what is to be said about that."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._known: dict[str, _Known] = {}

    def of(self, state: State) -> tuple[Policy, str]:
        """Return what `policy_for` does."""
        known = self._known.get(state.service)
        if known is None or known.written is not state.policy:
            known = _Known(state.policy, *policy_for(state, self._policies))
            self._known[state.service] = known
        return known.policy, known.note
