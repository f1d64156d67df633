# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Confidence limits and quantiles."""

from __future__ import annotations

import math

import pytest

from tests.bench.guard.limits import beta_cdf, beta_quantile, middle, upper_limit


@pytest.mark.parametrize("trials", [1, 10, 299, 20_000])
def test_without_hits_the_limit_is_that_of_a_power(trials: int) -> None:
    assert upper_limit(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials), rel=1e-9)


@pytest.mark.parametrize(("hits", "trials"), [(1, 10), (5, 10), (9, 10), (3, 200), (150, 200), (20, 1000)])
def test_at_the_limit_so_few_hits_have_five_per_cent(hits: int, trials: int) -> None:
    p = upper_limit(hits, trials)
    few = sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(hits + 1))
    assert few == pytest.approx(0.05, rel=1e-6)


def test_when_all_are_hits_the_limit_is_one() -> None:
    assert upper_limit(7, 7) == 1.0


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (3, 2), (-1, 5)])
def test_what_cannot_be_is_refused(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="hits in"):
        upper_limit(hits, trials)


def test_the_beta_distribution() -> None:
    # 1 - (1-x)^4 - 4x(1-x)^3 with a = 2, b = 3.
    assert beta_cdf(0.5, 2, 3) == pytest.approx(0.6875)
    assert beta_cdf(0.9, 2, 3) == pytest.approx(0.9963)
    assert beta_cdf(0.0, 2, 3) == 0.0
    assert beta_cdf(1.0, 2, 3) == 1.0
    assert beta_quantile(0.6875, 2, 3) == pytest.approx(0.5)


def test_the_middle_is_a_value_there_was() -> None:
    assert middle([]) is None
    assert middle([5]) == 5
    assert middle([4, 1, 3, 2]) == 2
    assert middle(range(1, 11), 0.9) == 9
