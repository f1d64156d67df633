# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How strong the evidence is, out of the processes of a state. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping

from .._evidence.absolute import Absolute
from .._evidence.burn_rate import burn
from .._evidence.combining import average
from .._evidence.process import Process
from .policy import Limit, Policy
from .state import Evidence, State

_NEW = Process()
_NOTHING = Absolute()


def evidence_of(policy: Policy, state: State) -> Evidence:
    """Return the evidence that a state holds.

    Metrics are averaged with the policy's weights, and the bounds of one metric with equal ones. A metric without data stays in
    the average with an e-value of 1: weights that followed the data would void the guarantee.
    """
    relative, weights = {}, {}
    for each in policy.metrics:
        if each.weight > 0:
            weights[each.metric.value] = each.weight
            relative[each.metric.value] = average(
                [(1.0, state.relative.get(name, _NEW).log_e) for name, _stream in each.named]
            )
    absolute = _over(policy, state.canary)
    stable = _over(policy, state.stable)
    warnings = {
        each.metric.value: _log_e(policy, state.canary, each.warning) for each in policy.metrics if each.warning
    }
    return Evidence(
        relative=average((weights[name], log_e) for name, log_e in relative.items()),
        relative_by=relative,
        absolute=_together(policy, absolute),
        absolute_by=absolute,
        stable=_together(policy, stable),
        warning_by=warnings,
        split=state.split.log_e,
        burn=tuple(
            (found.long, found.short)
            for found in (burn(trail, rule.windows, policy.budget) for trail, rule in zip(state.trails, policy.burn))
        ),
    )


def _over(policy: Policy, counted: Mapping[str, Absolute]) -> dict[str, float]:
    return {name: _log_e(policy, counted, limit) for name, limit in policy.critical_limits}


def _log_e(policy: Policy, counted: Mapping[str, Absolute], limit: Limit) -> float:
    return counted.get(str(limit.stream), _NOTHING).log_e(limit.threshold, policy.limit_starts)


def _together(policy: Policy, by_metric: Mapping[str, float]) -> float:
    # A metric that is not compared with stable still has its threshold.
    weights = {each.metric.value: each.weight or 0.1 for each in policy.metrics}
    return average((weights[name], log_e) for name, log_e in by_metric.items())
