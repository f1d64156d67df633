# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Policies, windows and states to build tests from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.tradesense.delivery.plugins.module_utils._guard.cycle import begin, take_in
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.decision import Decision
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.facts import Facts
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy import Policies, Policy
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.policy_reading import policy_of, read_policies
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.state import State
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import (
    Measured,
    ServiceWindow,
    Stream,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric

# (requests or orders, failures)
Numbers = tuple[int, int]

POLICIES = read_policies({})
POLICY = policy_of(POLICIES.base, trading=False)
TRADING = policy_of(POLICIES.base, trading=True)
LIVE = Facts()


def policies(**written: Any) -> Policies:
    """Return the policies of an inventory."""
    return read_policies(written)


def policy(*, trading: bool = False, **written: Any) -> Policy:
    """Return the policy of a service."""
    return policy_of(policies(**written).base, trading=trading)


def state(found: Policies = POLICIES, *, trading: bool = False) -> State:
    """Return the state of a release that begins at 1000."""
    return begin(found, "web", uid="uid-1", revision="new", trading=trading, origin=1000.0)


def side(errors: Numbers | None, **more: Numbers) -> dict[Metric, Measured]:
    """Return one revision's part of a window, with quick answers.

    `more` are other metrics, a bound behind the name: response_time_p99_5.
    """
    found: dict[Metric, Measured] = {}
    if errors is not None:
        found[Metric.ERROR_RATE] = Measured(errors[0], {Stream(Metric.ERROR_RATE): errors[1]}, 1)
        bounds = POLICY.metrics[1].definition.streams
        found[Metric.RESPONSE_TIME] = Measured(errors[0], dict.fromkeys(bounds, 0), 1)
        found[Metric.REQUEST_RATE] = Measured(errors[0], {Stream(Metric.REQUEST_RATE): 0}, 1)
    for name, (n, k) in more.items():
        stem, _, bound = name.rpartition("_")
        stream = Stream(Metric(stem), float(bound)) if bound.isdigit() else Stream(Metric(name))
        before: Mapping[Stream, int | None] = found[stream.metric].failed if stream.metric in found else {}
        found[stream.metric] = Measured(n, {**before, stream: k}, 1)
    return found


def window(
    index: int, canary: Numbers | None, stable: Numbers | None, weight: float | None = None, **canary_more: Numbers
) -> ServiceWindow:
    """Return a window with errors of both, and other metrics of the new revision."""
    return ServiceWindow(index, side(canary, **canary_more), side(stable), weight)


GOOD = (300, 1), (2700, 13)
BAD = (300, 60), (2700, 13)
BOTH_BAD = (300, 90), (2700, 810)


def fed(
    found: Policy,
    before: State,
    *windows: tuple[Numbers | None, Numbers | None],
    facts: Facts = LIVE,
    every: int = 1,
) -> tuple[State, list[Decision]]:
    """Return the state and each decision after windows of errors, one look each; `every` repeats them."""
    decisions = []
    for canary, stable in windows * every:
        index = before.seen + 1
        before, decision = take_in(found, before, [window(index, canary, stable)], facts, 1000.0 + 30 * index)
        decisions.append(decision)
    return before, decisions


def verdicts(decisions: Iterable[Decision]) -> list[str]:
    """Return the verdicts in words."""
    return [decision.verdict.value for decision in decisions]
