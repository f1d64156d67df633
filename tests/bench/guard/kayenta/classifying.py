# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kayenta's classification of one metric: is the canary's sample higher or lower than the baseline's?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.bench.guard.kayenta import samples
from tests.bench.guard.kayenta.mannwhitney import Interval, interval

# Noise for two constant samples, as a share of the constant. Kayenta draws it without a seed.
_NOISE = 1e-5
_NOISE_SEED = 1


class Label(StrEnum):
    """What a metric is classified as."""

    PASS = "Pass"
    HIGH = "High"
    LOW = "Low"
    NODATA = "Nodata"
    NODATA_FAIL = "NodataFailMetric"
    ERROR = "Error"


class Direction(StrEnum):
    """Which change of a metric is a bad one."""

    INCREASE = "increase"
    DECREASE = "decrease"
    EITHER = "either"


@dataclass(frozen=True)
class Limits:
    """Effect sizes: a lower one at or below ``decrease`` counts, a higher one at or above ``increase``."""

    decrease: float = 1.0
    increase: float = 1.0


@dataclass(frozen=True)
class Settings:
    """How a metric is classified; the defaults are those of NetflixACAJudge-v1.0.

    ``tolerance`` and ``confidence`` are fixed there. ``replace_nan``: take NaN for 0 rather than leave it out. ``required``:
    no data fails the metric. ``effect``: ``meanRatio`` or ``cles``. ``allowed``, ``critical_limits``: effect sizes of a failure,
    and of one that fails the whole canary.
    """

    direction: Direction = Direction.EITHER
    critical: bool = False
    required: bool = False
    replace_nan: bool = False
    remove_outliers: bool = False
    effect: str = "meanRatio"
    allowed: Limits = Limits()
    critical_limits: Limits = Limits()
    tolerance: float = 0.25
    confidence: float = 0.98


@dataclass(frozen=True)
class Classified:
    """``critical``: this alone fails the canary. ``effect``: how large the difference is, None when that was not measured."""

    label: Label
    reason: str = ""
    critical: bool = False
    effect: float | None = None


def classify(experiment: Sequence[float], control: Sequence[float], settings: Settings) -> Classified:
    """Clean both samples and compare them with the Mann-Whitney test."""
    mine, theirs = _cleaned(experiment, settings), _cleaned(control, settings)
    if not mine or not theirs:
        return _without_data(settings)
    if sorted(mine) == sorted(theirs) or len({*mine, *theirs}) == 1:
        return Classified(Label.PASS, "The samples are the same.", effect=1.0)
    effect = _EFFECTS[settings.effect](mine, theirs)
    if len(set(mine)) == 1 and len(set(theirs)) == 1:
        mine, theirs = _noisy(mine, theirs)
    try:
        shift = interval(mine, theirs, settings.confidence)
    except ArithmeticError as error:
        # Kayenta's runner catches the exception: neither a failure nor a lack of data.
        return Classified(Label.ERROR, str(error))
    return _judged(shift, effect, settings)


def compare_means(experiment: Sequence[float], control: Sequence[float], *, required: bool = False) -> Classified:
    """Kayenta's other classifier, which the judge does not use: which mean is the larger one."""
    if not experiment or not control:
        return Classified(Label.NODATA_FAIL if required else Label.NODATA)
    mine, theirs = statistics.fmean(experiment), statistics.fmean(control)
    if mine == theirs:
        return Classified(Label.PASS)
    return Classified(Label.HIGH if mine > theirs else Label.LOW)


_EFFECTS: Mapping[str, Callable[[Sequence[float], Sequence[float]], float]] = {
    "meanRatio": samples.mean_ratio,
    "cles": samples.common_language,
}


def _cleaned(values: Sequence[float], settings: Settings) -> list[float]:
    cleaned = samples.nan_as_zero(values) if settings.replace_nan else samples.without_nan(values)
    if not settings.remove_outliers:
        return cleaned
    return samples.without(cleaned, samples.beyond_quartiles(cleaned, samples.IQR_FACTOR, reduced=True))


def _without_data(settings: Settings) -> Classified:
    if settings.replace_nan:
        return Classified(Label.PASS, "A side has no data, which stands for zeros.")
    if settings.required and not settings.critical:
        return Classified(Label.NODATA_FAIL, "A side has no data, and the metric must have some.")
    return Classified(Label.NODATA, "A side has no data.", critical=settings.critical)


def _noisy(*constant: Sequence[float]) -> list[list[float]]:
    rng = Random(_NOISE_SEED)
    return [[value + rng.gauss(0.0, abs(value) * _NOISE) for value in values] for values in constant]


def _judged(shift: Interval, effect: float, settings: Settings) -> Classified:
    room = settings.tolerance * abs(shift.estimate)
    if settings.direction != Direction.DECREASE and shift.low > room and _at_least(effect, settings.allowed.increase):
        critical = settings.critical and _at_least(effect, settings.critical_limits.increase)
        return Classified(Label.HIGH, "The canary's values are higher.", critical, effect)
    if settings.direction != Direction.INCREASE and shift.high < -room and _at_most(effect, settings.allowed.decrease):
        critical = settings.critical and _at_most(effect, settings.critical_limits.decrease)
        return Classified(Label.LOW, "The canary's values are lower.", critical, effect)
    return Classified(Label.PASS, "The samples do not differ enough.", effect=effect)


def _at_least(effect: float, limit: float) -> bool:
    return math.isnan(effect) or effect >= limit


def _at_most(effect: float, limit: float) -> bool:
    return math.isnan(effect) or effect <= limit
