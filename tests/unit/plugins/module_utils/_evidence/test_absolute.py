# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Evidence against fixed thresholds."""

from __future__ import annotations

import json
import math
from random import Random

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.absolute import (
    Absolute,
    EventLimit,
    ShareLimit,
    counted,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.counts import NOTHING, Counts
from ansible_collections.tradesense.delivery.plugins.module_utils._evidence.starts import SINGLE, Starts

from tests.unit.plugins.module_utils._evidence.streams import binomial, upper_limit

STARTS = Starts()


def test_hand_checked_values() -> None:
    limit, state, found = ShareLimit(0.02, 1.0), Absolute(), []
    for index in range(4):
        state = counted(state, index, Counts(300, 12), SINGLE, limit)
        found.append(state.log_e(limit, SINGLE))
    assert found == pytest.approx([0.9876, 3.0184, 5.2055, 7.4786], abs=5e-5)


def test_events_without_a_denominator() -> None:
    """k log(theta) - lambda (theta - 1) at one effect size."""
    limit = EventLimit(5.0, 1.0, grid=(2.0,))
    assert limit.log_e(Counts(1, 11)) == pytest.approx(11 * math.log(2) - 5)
    assert limit.log_e(Counts(3, 0)) == pytest.approx(-15)


def test_a_rate_at_the_threshold_raises_no_alarm() -> None:
    rng, limit, releases, false = Random(1), ShareLimit(0.05, 1.0), 300, 0
    for _ in range(releases):
        state = Absolute()
        for index in range(60):
            state = counted(state, index, Counts(60, binomial(rng, 60, 0.05)), STARTS, limit)
            if state.log_e(limit, STARTS) >= math.log(100):
                false += 1
                break
    assert upper_limit(false, releases) < 0.025, false
    assert false / releases <= 0.01


def test_a_rate_over_the_threshold_does() -> None:
    rng, limit, state = Random(2), ShareLimit(0.05), Absolute()
    for index in range(4):
        state = counted(state, index, Counts(300, binomial(rng, 300, 0.2)), STARTS, limit)
    assert state.log_e(limit, STARTS) > math.log(100)


def test_one_state_serves_several_thresholds() -> None:
    warning, critical, state = ShareLimit(0.02), ShareLimit(0.05), Absolute()
    for index in range(5):
        state = counted(state, index, Counts(300, 11), STARTS, critical)
    assert state.log_e(warning, STARTS) > 1 > state.log_e(critical, STARTS)


def test_a_window_counts_once_and_what_is_missing_not_at_all() -> None:
    limit = ShareLimit(0.05)
    state = counted(Absolute(), 0, Counts(10, 3), STARTS, limit)
    assert counted(state, 0, Counts(10, 3), STARTS, limit) is state
    for nothing in (None, NOTHING):
        assert counted(state, 1, nothing, STARTS, limit).rows == state.rows
    assert Absolute().log_e(limit, STARTS) == 0


def test_state_through_json_gives_the_same_bits() -> None:
    rng, limit, starts = Random(4), ShareLimit(0.05), Starts(every=3, kept=5)
    state = straight = Absolute()
    for index in range(60):
        counts = Counts(50, binomial(rng, 50, 0.06))
        straight = counted(straight, index, counts, starts, limit)
        state = counted(Absolute.from_plain(json.loads(json.dumps(state.to_plain()))), index, counts, starts, limit)
    assert state == straight
    assert len(state.rows) == 5
    with pytest.raises(ValueError, match="state"):
        Absolute.from_plain([1])


@pytest.mark.parametrize("p0", [0, -0.1, 0.95, 2])
def test_a_threshold_that_is_none_is_refused(p0: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        ShareLimit(p0)
    if p0 <= 0:
        with pytest.raises(ValueError, match="rate"):
            EventLimit(p0)
