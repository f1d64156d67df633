# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kayenta's view of one side's measurements: NaN, outliers, percentiles and effect sizes. Pure functions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

IQR_FACTOR = 3.0
"""How many interquartile ranges beyond the quartiles an outlier lies, in the judge."""


def without_nan(values: Sequence[float]) -> list[float]:
    """Leave NaN out: the strategy ``remove``."""
    return [value for value in values if not math.isnan(value)]


def nan_as_zero(values: Sequence[float]) -> list[float]:
    """Take NaN for 0: the strategy ``replace``."""
    return [0.0 if math.isnan(value) else value for value in values]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile by linear interpolation between order statistics: R's type 7; NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100.0
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def beyond_quartiles(values: Sequence[float], factor: float, *, reduced: bool = False) -> list[bool]:
    """Return which values are outliers: strictly beyond ``factor`` interquartile ranges from the quartiles.

    ``reduced``: less sensitive, the fences moved out to the 1st and 99th percentile where these lie farther.
    """
    low, high = percentile(values, 25), percentile(values, 75)
    reach = factor * (high - low)
    lower, upper = low - reach, high + reach
    if reduced:
        lower, upper = min(percentile(values, 1), lower), max(percentile(values, 99), upper)
    return [value < lower or value > upper for value in values]


def beyond_deviations(values: Sequence[float], factor: float) -> list[bool]:
    """Return which values are outliers: farther than ``factor`` standard deviations from the mean."""
    if len(values) < 2:
        return [False] * len(values)
    mean, deviation = statistics.fmean(values), statistics.stdev(values)
    return [abs(value - mean) > factor * deviation for value in values]


def without(values: Sequence[float], outliers: Sequence[bool]) -> list[float]:
    """Leave the outliers out."""
    return [value for value, outlier in zip(values, outliers, strict=True) if not outlier]


def mean_ratio(experiment: Sequence[float], control: Sequence[float]) -> float:
    """Return the mean of the experiment over that of the control; NaN if one of them is 0."""
    mine, theirs = statistics.fmean(experiment), statistics.fmean(control)
    return mine / theirs if mine and theirs else math.nan


def common_language(experiment: Sequence[float], control: Sequence[float]) -> float:
    """Return the probability that a value of the experiment exceeds one of the control, equal ones counting half."""
    above = sum((mine > theirs) + 0.5 * (mine == theirs) for mine in experiment for theirs in control)
    return above / (len(experiment) * len(control))


def cohens_d(experiment: Sequence[float], control: Sequence[float]) -> float:
    """Return the difference of the means over the pooled standard deviation."""
    m, n = len(experiment), len(control)
    pooled = ((m - 1) * statistics.variance(experiment) + (n - 1) * statistics.variance(control)) / (m + n - 2)
    return (statistics.fmean(experiment) - statistics.fmean(control)) / math.sqrt(pooled)
