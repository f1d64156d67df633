# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a look comes to, in a line that says nothing twice."""

from __future__ import annotations

from ansible_collections.tradesense.delivery.plugins.module_utils._guard.decision import Decision, Reason
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.lines import look_line
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Metric, Verdict

from tests.unit.plugins.module_utils._guard.guard_builders import BAD, GOOD, POLICY, fed, state

SLOW = Reason("response time: 2 % of 300 requests took longer than 5 s", Metric.RESPONSE_TIME)


def test_before_anything_was_measured() -> None:
    assert look_line(state(), Decision(Verdict.CONTINUE, Verdict.CONTINUE)) == (
        "it warms up, or has no users yet, continue"
    )


def test_a_quiet_window() -> None:
    after, decisions = fed(POLICY, state(), GOOD)
    assert look_line(after, decisions[-1]) == (
        "window 0, 0.33 % of 300 requests failed, of stable 0.48 % of 2700 requests failed, continue"
    )


def test_a_metric_that_is_a_reason_is_no_warning_beside_it() -> None:
    after, decisions = fed(POLICY, state(), BAD)
    reason = Reason("error rate: 20 % of 300 requests failed", Metric.ERROR_RATE)
    warned = Decision(Verdict.ROLLBACK, Verdict.ROLLBACK, (reason,), (Reason("too many", Metric.ERROR_RATE), SLOW))
    line = look_line(after, warned)
    assert decisions[-1].verdict is Verdict.ROLLBACK
    assert line.endswith(f"rollback: {reason.text}; worth a look: {SLOW.text}")
