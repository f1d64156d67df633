# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kayenta's score: of the metrics of each group, of the groups together, and what the score means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.guard.kayenta.classifying import Label

# A canary without data in this share of its metrics scores nothing.
_MOST_WITHOUT_DATA = 0.5
_COUNTED = (Label.PASS, Label.HIGH, Label.LOW, Label.NODATA_FAIL)


@dataclass(frozen=True)
class Scored:
    """A classified metric: its groups; ``critical``: a classification other than Pass fails the canary."""

    name: str
    label: Label
    groups: Sequence[str]
    critical: bool = False
    muted: bool = False


def score(metrics: Sequence[Scored], weights: Mapping[str, float]) -> float:
    """Return the score of a canary, 0 to 100, to two digits after the point.

    ``weights``: percentages of groups; those without one share equally what is left of 100.
    """
    heard = [metric for metric in metrics if not metric.muted]
    if any(metric.critical and metric.label is not Label.PASS for metric in heard):
        return 0.0
    silent = sum(metric.label is Label.NODATA for metric in heard)
    if heard and silent / len(heard) >= _MOST_WITHOUT_DATA:
        return 0.0
    groups = list(dict.fromkeys(group for metric in heard for group in metric.groups))
    without = [group for group in groups if group not in weights]
    left = (100.0 - sum(weights.values())) / len(without) if without else 0.0
    return round(sum(weights.get(group, left) / 100.0 * group_score(heard, group) for group in groups), 2)


def group_score(metrics: Sequence[Scored], group: str) -> float:
    """Return the percentage of a group's metrics that pass; those without data or in error do not count, and none is 100."""
    labels = [metric.label for metric in metrics if group in metric.groups and metric.label in _COUNTED]
    return 100.0 * labels.count(Label.PASS) / len(labels) if labels else 100.0


def stops(score: float, marginal: float | None) -> bool:
    """Return whether a run's score ends the canary analysis at once."""
    return marginal is not None and score <= marginal


def passes(scores: Sequence[float], marginal: float | None, wanted: float | None) -> bool:
    """Return whether a canary analysis passes: no run was stopped, and the last one reached the score that is wanted."""
    if any(stops(each, marginal) for each in scores):
        return False
    return wanted is None or not scores or scores[-1] >= wanted
