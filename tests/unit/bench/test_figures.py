# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Medians, and comparisons round by round."""

from __future__ import annotations

import pytest

from tests.bench.figures import Series, gaps


def test_one_disturbed_round_does_not_move_the_median() -> None:
    series = Series.of([50, 52, 51, 900, 49])

    assert (series.median, series.low, series.high) == (51, 49, 900)


def test_an_even_number_of_rounds_has_its_median_between_two() -> None:
    assert Series.of([10, 40, 20, 30]).median == 25


def test_differences_and_ratios_stay_within_their_round() -> None:
    mine, theirs = Series.of([100, 400]), Series.of([10, 200])

    assert mine.minus(theirs).values == (90, 200)
    assert mine.over(theirs).values == (10, 2)
    assert mine.divided(20).values == (5, 20)


@pytest.mark.parametrize("compare", [Series.minus, Series.over])
def test_series_of_different_rounds_are_not_compared(compare: object) -> None:
    assert callable(compare)
    with pytest.raises(ValueError, match="shorter"):
        compare(Series.of([1, 2]), Series.of([1]))


def test_a_series_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Series.of([])


def test_a_series_reads_as_median_and_range() -> None:
    assert str(Series.of([1234.5, 56.78, 99.99])) == "100.0 (56.8..1234)"
    assert str(Series.of([0.1234])) == "0.12 (0.12..0.12)"
    assert str(Series.of([-250.4, -3.14159])) == "-127 (-250..-3.14)"


def test_gaps_are_between_neighbours() -> None:
    assert gaps([1.0, 1.5, 4.0]) == [0.5, 2.5]
    assert gaps([7.0]) == []
