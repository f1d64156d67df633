# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kayenta's judge, piece by piece, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.bench.guard.judges.kayenta import Kayenta
from tests.bench.guard.kayenta import samples
from tests.bench.guard.kayenta.classifying import Direction, Label, Limits, Settings, classify, compare_means
from tests.bench.guard.kayenta.mannwhitney import Samples, interval, upper_quantile
from tests.bench.guard.kayenta.roots import brent
from tests.bench.guard.kayenta.scoring import Scored, passes, score, stops
from tests.unit.bench.guard.streams import CALM, STABLE, counts, stream

LOW = [float(value) for value in range(10, 20)]
HIGH = [float(value) for value in range(40, 50)]
USUAL = Settings()


def test_a_root_is_found_to_the_tolerance() -> None:
    calls = []

    def cubic(x: float) -> float:
        calls.append(x)
        return x**3 - 2

    assert brent(cubic, 0.0, 2.0, -2.0, 6.0, 1e-10) == pytest.approx(2 ** (1 / 3), abs=1e-9)
    assert len(calls) < 15
    assert brent(lambda x: x - 1.0, 1.0, 3.0, 0.0, 2.0, 1e-4) == 1.0


def test_what_has_no_root_in_a_thousand_steps_is_an_error() -> None:
    with pytest.raises(ArithmeticError, match="no root"):
        # Halving towards a jump at zero, where there is always a smaller number, takes longer than that.
        brent(lambda x: 1.0 if x > 0 else -1.0, -1.0, 1.0, -1.0, 1.0, 0.0)


def test_the_statistic_by_hand() -> None:
    # Of nine pairs one has the experiment above and two are equal: 2 - 4.5, and half a rank less.
    # Variance: 9/12 * (7 - 2 * (2^3 - 2) / 30).
    sigma = math.sqrt(0.75 * (7 - 12 / 30))
    assert Samples.of([1, 2, 3], [2, 3, 4]).standardised(0.0) == pytest.approx(-2.0 / sigma)
    # Shifted by one the samples are alike.
    assert Samples.of([1, 2, 3], [2, 3, 4]).standardised(-1.0) == 0.0


def test_values_that_rounding_makes_equal_share_their_rank() -> None:
    close = 1.0 + 2**-52
    assert Samples.of([1.0, close], [9.0]).standardised(2.0**10) == Samples.of([1.0, 1.0], [9.0]).standardised(2.0**10)


def test_an_interval_holds_the_shift() -> None:
    found = interval(HIGH, LOW, 0.95)
    assert found.low < 30 < found.high
    assert found.estimate == pytest.approx(30, abs=0.5)
    assert upper_quantile(0.05) == pytest.approx(1.959964)


@pytest.mark.parametrize(
    ("settings", "experiment", "control", "label"),
    [
        (USUAL, HIGH, LOW, Label.HIGH),
        (USUAL, LOW, HIGH, Label.LOW),
        (replace(USUAL, direction=Direction.INCREASE), LOW, HIGH, Label.PASS),
        (replace(USUAL, direction=Direction.DECREASE), HIGH, LOW, Label.PASS),
        (USUAL, LOW, list(reversed(LOW)), Label.PASS),
        (USUAL, [1.0], [1.0, 1.0], Label.PASS),
        (USUAL, [10.0] * 5, [1.0] * 5, Label.HIGH),
        (USUAL, [math.nan], LOW, Label.NODATA),
        (replace(USUAL, required=True), [], LOW, Label.NODATA_FAIL),
        (replace(USUAL, required=True, critical=True), [], LOW, Label.NODATA),
        (replace(USUAL, replace_nan=True), [], LOW, Label.PASS),
        (replace(USUAL, replace_nan=True), [math.nan] * 10, LOW, Label.LOW),
        # The means are 45 and 15: three times as much is allowed, or it is not.
        (replace(USUAL, allowed=Limits(0.5, 3.2)), HIGH, LOW, Label.PASS),
        (replace(USUAL, allowed=Limits(0.5, 2.8)), HIGH, LOW, Label.HIGH),
        (replace(USUAL, effect="cles", allowed=Limits(0.3, 0.7)), HIGH, LOW, Label.HIGH),
        # Shifts that are not ten times more certain than large pass with a tolerance like this.
        (replace(USUAL, tolerance=1.0), HIGH, LOW, Label.PASS),
    ],
)
def test_a_metric_is_classified(
    settings: Settings, experiment: list[float], control: list[float], label: Label
) -> None:
    assert classify(experiment, control, settings).label is label


def test_only_an_effect_that_is_large_enough_is_critical() -> None:
    critical = replace(USUAL, critical=True)
    assert classify(HIGH, LOW, critical).critical
    assert not classify(HIGH, LOW, replace(critical, critical_limits=Limits(1.0, 4.0))).critical
    assert classify([], LOW, critical).critical
    assert not classify(HIGH, LOW, USUAL).critical


def test_two_constants_of_which_one_is_zero_have_no_ratio() -> None:
    found = classify([54.9, 55.0], [0.0, 0.0], USUAL)
    assert found.effect is not None
    assert math.isnan(found.effect)


def test_outliers_are_removed_only_when_asked_for() -> None:
    values = [21.0, 23.0, 24.0, 25.0, 500.0, 29.0, 23.0, 21.0]
    # With so few values the 99th percentile lies so near the largest that the reduced fence keeps nothing out but it.
    assert samples.beyond_quartiles(values, 3.0) == [value == 500.0 for value in values]
    assert samples.beyond_quartiles(values, 3.0, reduced=True) == [value == 500.0 for value in values]
    assert samples.beyond_deviations([1.0] * 10 + [20.0], 3.0) == [False] * 10 + [True]
    assert samples.beyond_deviations([1.0], 3.0) == [False]
    wild = [*LOW, 1000.0]
    assert classify(wild, LOW, replace(USUAL, remove_outliers=True)).reason == "The samples are the same."
    assert classify(wild, LOW, USUAL).reason != "The samples are the same."


def test_percentiles_and_effects() -> None:
    assert samples.percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.5
    assert math.isnan(samples.percentile([], 50))
    assert samples.mean_ratio([2.0, 4.0], [1.0, 1.0]) == 3.0
    assert samples.common_language([1.0, 2.0], [2.0, 0.0]) == 0.625
    assert samples.cohens_d([2.0, 4.0], [1.0, 3.0]) == pytest.approx(1 / math.sqrt(2))


def test_means_alone() -> None:
    assert compare_means([2.0], [1.0]).label is Label.HIGH
    assert compare_means([1.0], [2.0]).label is Label.LOW
    assert compare_means([1.0], [1.0]).label is Label.PASS
    assert compare_means([], [1.0]).label is Label.NODATA
    assert compare_means([], [1.0], required=True).label is Label.NODATA_FAIL


def scored(*labels: Label, critical: bool = False) -> list[Scored]:
    return [
        Scored(str(number), label, ["one" if number % 2 else "two"], critical) for number, label in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("labels", "weights", "expected"),
    [
        ((Label.PASS, Label.PASS), {}, 100.0),
        ((Label.PASS, Label.HIGH), {}, 50.0),
        ((Label.PASS, Label.HIGH), {"one": 20.0}, 80.0),
        ((Label.PASS, Label.HIGH, Label.LOW, Label.NODATA_FAIL), {}, 25.0),
        ((Label.PASS, Label.NODATA, Label.PASS), {}, 100.0),
        ((Label.PASS, Label.NODATA), {}, 0.0),
        # An error is in no count, so a canary of nothing but errors scores 100.
        ((Label.ERROR, Label.ERROR), {}, 100.0),
    ],
)
def test_a_score(labels: tuple[Label, ...], weights: dict[str, float], expected: float) -> None:
    assert score(scored(*labels), weights) == expected


def test_a_critical_metric_fails_all_and_a_muted_one_nothing() -> None:
    assert score([*scored(Label.PASS), *scored(Label.LOW, critical=True)], {}) == 0.0
    assert score([*scored(Label.PASS), Scored("muted", Label.HIGH, ["three"], critical=True, muted=True)], {}) == 100.0


def test_a_run_at_the_marginal_score_stops_and_the_last_one_decides() -> None:
    assert stops(75, 75)
    assert not stops(75.1, 75)
    assert not stops(0, None)
    assert passes([80, 95], 75, 95)
    assert not passes([100, 90], 75, 95)
    assert not passes([75, 100], 75, 95)
    assert passes([], 75, 95)


def test_the_judge_looks_every_five_minutes() -> None:
    bad = [counts(errors=20 + number % 5) for number in range(10)]
    usual = [counts(errors=number % 3) for number in range(10)]
    busy = replace(STABLE, errors=9)
    assert Kayenta()(stream(bad * 6, stable=busy)).window == 9
    assert Kayenta()(stream(usual * 6, stable=busy)).window is None
    found = Kayenta()(stream(usual + bad * 3, stable=busy))
    # At 20 windows half of them are as usual, and the interval still reaches down to nothing.
    assert found.window == 29
    assert found.bad == sum(each.errors for each in usual + bad * 2)


def test_the_judge_without_any_data_fails_at_its_first_look() -> None:
    assert Kayenta()(stream([None] * 20)).window == 9
    assert Kayenta()(stream([CALM, None, *[CALM] * 18])).window is None
