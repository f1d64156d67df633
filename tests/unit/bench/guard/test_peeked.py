# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The test of two proportions, peeked at."""

from __future__ import annotations

import pytest

from tests.bench.guard.judges.peeked import Peeked, z
from tests.unit.bench.guard.streams import CALM, counts, stream


def test_z_by_hand() -> None:
    # 10 % of 100 against 5 % of 100: 0.05 over sqrt(0.075 * 0.925 * 0.02).
    assert z(10, 100, 5, 100) == pytest.approx(0.05 / 0.0372491610643)
    assert z(5, 100, 10, 100) < 0


@pytest.mark.parametrize("of", [(0, 0, 5, 100), (5, 100, 0, 0), (0, 100, 0, 100), (100, 100, 100, 100)])
def test_nothing_to_compare_is_no_difference(of: tuple[int, int, int, int]) -> None:
    assert z(*of) == 0.0


@pytest.mark.parametrize("bad", [counts(errors=20), counts(stalled=20), counts(failed_orders=8)])
def test_any_metric_that_is_worse_counts(bad: object) -> None:
    found = Peeked()(stream([CALM, CALM, bad, CALM]))  # type: ignore[list-item]
    assert found.window == 2


def test_alike_is_not_rolled_back() -> None:
    assert Peeked()(stream([counts(errors=3, failed_orders=1)] * 60, stable=counts(2700, 27, 0, 270, 9))).window is None


def test_nothing_is_decided_without_an_answer() -> None:
    assert Peeked()(stream([None, counts(errors=20)])).window == 1
