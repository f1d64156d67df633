# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Our Kayenta beside the expectations of its own tests."""

from __future__ import annotations

import pytest

from tests.bench.guard.kayenta import samples
from tests.bench.guard.kayenta.classifying import (
    Classified,
    Direction,
    Label,
    Limits,
    Settings,
    classify,
    compare_means,
)
from tests.bench.guard.kayenta.mannwhitney import Samples, interval, upper_quantile
from tests.bench.guard.kayenta.scoring import Scored, passes, score
from tests.conformance.vectors import Case, cases, number

FILE = "kayenta_vectors.json"


@pytest.mark.parametrize("case", cases(FILE, "classifier"))
def test_the_classification_of_a_metric(case: Case) -> None:
    found = classified(case)
    if case["expect_classification"] is not None:
        assert found.label == case["expect_classification"]
    if "expect_critical" in case:
        assert found.critical is case["expect_critical"]
    if case.get("expect_reason_nonempty"):
        assert found.reason
    if "expect_deviation" in case:
        assert found.effect == pytest.approx(number(case["expect_deviation"]), nan_ok=True)


def classified(case: Case) -> Classified:
    if case["classifier"] == "MeanInequality":
        return compare_means(case["experiment"], case["control"])
    assert case["classifier"] == "MannWhitney"
    return classify(
        case["experiment"],
        case["control"],
        Settings(
            direction=Direction(case["direction"]),
            critical=case["critical_metric"],
            replace_nan={"remove": False, "replace": True}[case["nanStrategy"]],
            effect=case["effectSizeMeasure"],
            allowed=Limits(*case["effectSizeThresholds_low_high"]),
            critical_limits=Limits(*case["criticalThresholds_low_high"]),
            tolerance=case["tolerance"],
            confidence=case["confLevel"],
        ),
    )


@pytest.mark.parametrize("case", cases(FILE, "mannwhitney"))
def test_the_confidence_interval(case: Case) -> None:
    found = interval(case["experiment"], case["control"], case["confLevel"])
    assert [found.low, found.high] == pytest.approx(case["expect_ci"], rel=0, abs=case["tol_ci"])
    assert found.estimate == pytest.approx(case["expect_estimate"], rel=0, abs=case["tol_estimate"])


@pytest.mark.parametrize("case", cases(FILE, "wilcoxon_diff"))
def test_the_standardised_statistic(case: Case) -> None:
    found = Samples.of(case["x"], case["y"]).standardised(case["mu"])
    assert found - case["quantile"] == pytest.approx(case["expect"], rel=0, abs=case["tol"])


@pytest.mark.parametrize("case", cases(FILE, "z_quantile"))
def test_the_normal_quantile(case: Case) -> None:
    assert -upper_quantile(case["alpha"]) == pytest.approx(case["expect_z_alpha_over_2"], rel=0, abs=case["tol"])


@pytest.mark.parametrize("case", cases(FILE, "effect_size"))
def test_an_effect_size(case: Case) -> None:
    measures = {"meanRatio": samples.mean_ratio, "cles": samples.common_language, "cohenD": samples.cohens_d}
    found = measures[case["fn"]](case["experiment"], case["control"])
    assert found == pytest.approx(number(case["expect"]), rel=0, abs=case["tol"], nan_ok=True)


@pytest.mark.parametrize("case", cases(FILE, "outlier_detector"))
def test_outliers(case: Case) -> None:
    if case["detector"] == "KSigma":
        found = samples.beyond_deviations(case["data"], case["k"])
    else:
        assert case["detector"] == "IQR"
        found = samples.beyond_quartiles(case["data"], case["k"], reduced=case["reduceSensitivity"])
    assert found == case["expect_outlier"]


@pytest.mark.parametrize("case", cases(FILE, "percentile_r7"))
def test_a_percentile(case: Case) -> None:
    assert samples.percentile(case["data"], case["p"]) == pytest.approx(case["expect"], rel=0, abs=case["tol"])


@pytest.mark.parametrize("case", cases(FILE, "nan_transform"))
def test_cleaning(case: Case) -> None:
    data = [number(value) for value in case["data_null_is_NaN"]]
    expected = [number(value) for value in case["expect"]]
    outliers = {
        "IQR Outlier Removal": lambda: samples.beyond_quartiles(data, 1.5),
        "KSigma Outlier Removal": lambda: samples.beyond_deviations(data, 3.0),
    }
    if case["name"] in outliers:
        assert samples.without(data, outliers[case["name"]]()) == expected
    elif case["name"].startswith("Replace"):
        assert samples.nan_as_zero(data) == expected
    else:
        assert case["name"].startswith("Remove")
        assert samples.without_nan(data) == expected


@pytest.mark.parametrize("case", cases(FILE, "scorer"))
def test_the_score_of_a_canary(case: Case) -> None:
    metrics = [
        Scored(metric["name"], Label(metric["classification"]), metric["groups"], metric["critical"])
        for metric in case["metrics"]
    ]
    assert score(metrics, case["groupWeights"]) == case["expect_summaryScore"]


@pytest.mark.parametrize("case", cases(FILE, "aggregate_judgement"))
def test_the_judgement_of_a_canary(case: Case) -> None:
    assert passes([case["final_score"]], case["marginal"], case["pass"]) is case["expect_pass"]
