# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import statistics
from itertools import pairwise
from random import Random

import pytest

from sandbox.simulator.behaviours import BUCKETS, QUICK, SLOW
from sandbox.simulator.draws import Shape, binomial, buckets, log_normal, mixed, poisson, spread_evenly


@pytest.mark.parametrize("mean", [0.05, 1.0, 5.0, 11.9, 12.1, 40.0, 2500.0])
def test_poisson_has_the_mean_and_variance_it_should(mean: float) -> None:
    rng = Random(1)
    draws = [poisson(rng, mean) for _ in range(20_000)]
    error = 5 * (mean / len(draws)) ** 0.5
    assert statistics.fmean(draws) == pytest.approx(mean, abs=error)
    assert statistics.variance(draws) == pytest.approx(mean, rel=0.08)


def test_poisson_without_a_mean_is_zero() -> None:
    assert poisson(Random(1), 0.0) == 0
    assert poisson(Random(1), -1.0) == 0


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (20, 0.001), (20, 0.3), (20, 0.97), (400, 0.2), (100_000, 0.4)])
def test_binomial_has_the_mean_and_variance_it_should(n: int, p: float) -> None:
    rng = Random(2)
    draws = [binomial(rng, n, p) for _ in range(20_000)]
    variance = n * p * (1 - p)
    assert statistics.fmean(draws) == pytest.approx(n * p, abs=5 * (variance / len(draws)) ** 0.5)
    assert statistics.variance(draws) == pytest.approx(variance, rel=0.1)
    assert min(draws) >= 0
    assert max(draws) <= n


@pytest.mark.parametrize(("n", "p", "result"), [(0, 0.5, 0), (10, 0.0, 0), (10, 1.0, 10), (10, 2.0, 10), (10, -1.0, 0)])
def test_binomial_at_its_ends(n: int, p: float, result: int) -> None:
    assert binomial(Random(1), n, p) == result


@pytest.mark.parametrize("n", [0, 1, 24, 25, 10_000])
@pytest.mark.parametrize("parts", [1, 2, 7])
def test_an_even_spread_loses_nothing(n: int, parts: int) -> None:
    counts = spread_evenly(Random(3), n, parts)
    assert len(counts) == parts
    assert sum(counts) == n


def test_an_even_spread_is_even() -> None:
    rng = Random(4)
    totals = [0, 0, 0]
    for _ in range(3_000):
        for i, count in enumerate(spread_evenly(rng, 10, 3)):
            totals[i] += count
    assert totals == pytest.approx([10_000] * 3, rel=0.03)


def test_a_log_normal_shape_has_its_median_and_its_means_inside_the_buckets() -> None:
    shape = log_normal(0.05, 0.5, BUCKETS)
    assert shape.upto[BUCKETS.index(0.05)] == pytest.approx(0.5)
    assert shape.upto[-1] == 1.0
    assert all(low <= high for low, high in pairwise(shape.upto))
    for mean, low, high in zip(shape.means, (0.0, *BUCKETS), (*BUCKETS, float("inf")), strict=True):
        assert low <= mean <= high


def test_the_mean_over_all_buckets_is_the_mean_of_the_distribution() -> None:
    shape = log_normal(0.04, 0.6, BUCKETS)
    masses = [high - low for low, high in pairwise((0.0, *shape.upto))]
    assert sum(m * p for m, p in zip(shape.means, masses, strict=True)) == pytest.approx(0.04 * 2.718281828**0.18)


@pytest.mark.parametrize("n", [10, 24, 25, 5_000])
@pytest.mark.parametrize("shape", [QUICK, SLOW])
def test_bucket_draws_follow_the_shape_for_small_and_large_batches(n: int, shape: object) -> None:
    assert shape in (QUICK, SLOW)
    shape = QUICK if shape == QUICK else SLOW
    rng = Random(5)
    rounds = max(200_000 // n, 1)
    totals = [0] * (len(BUCKETS) + 1)
    for _ in range(rounds):
        counts = buckets(rng, n, shape)
        assert sum(counts) == n
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
    for total, low, high in zip(totals, (0.0, *shape.upto), shape.upto, strict=False):
        expected = (high - low) * rounds * n
        assert total == pytest.approx(expected, abs=5 * expected**0.5 + 5)


def test_the_same_seed_gives_the_same_draws() -> None:
    def run(seed: int) -> list[int]:
        rng = Random(seed)
        return [poisson(rng, 30.0) for _ in range(50)] + [binomial(rng, 500, 0.3) for _ in range(50)]

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_a_mixture_has_both_shapes_in_it() -> None:
    half = mixed(QUICK, SLOW, 0.5)
    assert half.upto == pytest.approx([(a + b) / 2 for a, b in zip(QUICK.upto, SLOW.upto, strict=True)])
    assert half.upto[-1] == 1.0
    whole = (mean_of(QUICK) + mean_of(SLOW)) / 2
    assert mean_of(half) == pytest.approx(whole)


@pytest.mark.parametrize(("share", "same"), [(0.0, QUICK), (1.0, SLOW)])
def test_a_mixture_at_its_ends(share: float, same: Shape) -> None:
    found = mixed(QUICK, SLOW, share)
    assert found.upto == pytest.approx(same.upto)
    assert mean_of(found) == pytest.approx(mean_of(same))


def mean_of(shape: Shape) -> float:
    """The mean duration of a shape, seconds."""
    edges = (0.0, *shape.upto)
    return sum((high - low) * mean for low, high, mean in zip(edges, edges[1:], shape.means, strict=False))
