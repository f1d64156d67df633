# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the answer to a query is what its user needs. Pure functions. Private: other collections must not import it."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._errors import DeliveryError
from .model import Answer, Ask, Kind, Labels, Sample, Series

FAIL, OK, DROP = "fail", "ok", "drop"
NO_DATA = (FAIL, OK)
NAN = (FAIL, OK, DROP)

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
# As many values as one can take in at a glance.
_SHOWN = 3


@dataclass(frozen=True)
class Condition:
    """A comparison that every value has to fulfil."""

    sign: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Return the condition that a text like ``< 0.01`` says.

        Raises:
            DeliveryError: it says none.
        """
        found = re.fullmatch(r"\s*(<=|>=|==|!=|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*", text)
        if not found:
            raise DeliveryError(
                f"condition {text!r} is not a comparison with a number",
                reason="BadOption",
                hint='write one of <, <=, >, >=, ==, != and a number in quotes, for instance "< 0.01"',
            )
        return cls(found.group(1), float(found.group(2)))

    def holds(self, value: float) -> bool:
        """Whether a value fulfils it; NaN never does."""
        return not math.isnan(value) and _COMPARISONS[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.sign} {number(self.limit)}"


@dataclass(frozen=True)
class Rules:
    """What a user takes for a good answer.

    Args:
        no_data: ``fail`` or ``ok``, when there is no data.
        nan: ``fail`` or ``ok``, when a value is NaN; ``drop`` takes such values for missing.
        condition: what every value has to fulfil.
    """

    no_data: str = FAIL
    nan: str = FAIL
    condition: Condition | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Rules:
        """Return the rules that the options of these names say.

        Raises:
            DeliveryError: the condition is none.
        """
        condition = params.get("condition")
        return cls(params["no_data"], params["nan"], Condition.parse(condition) if condition is not None else None)


@dataclass(frozen=True)
class Judged:
    """An answer (without what was dropped) and why it is not good enough; it is, when ``lacks`` is empty."""

    answer: Answer
    lacks: str = ""
    reason: str = ""
    hint: str = ""

    def error(self, ask: Ask, result: dict[str, object] | None = None) -> DeliveryError:
        """Return the error of an answer that is not good enough."""
        return DeliveryError(self.lacks, reason=self.reason, hint=self.hint, where=ask.where, result=result)


def judge(answer: Answer, rules: Rules) -> Judged:
    """Return the answer as the rules see it.

    Raises:
        DeliveryError: the condition cannot be applied to this type of result, whatever its values are.
    """
    kept = _without_nan(answer) if rules.nan == DROP else answer
    if rules.condition and kept.kind in (Kind.MATRIX, Kind.STRING):
        raise DeliveryError(
            f"a condition needs values at one time, and the query returns a {kept.kind.value}",
            reason="BadOption",
            hint="aggregate over time in the query, for instance by max_over_time",
        )
    if kept.empty:
        return _judge_nothing(kept, rules, dropped=not answer.empty)
    nan = [(labels, value) for labels, value in _values(kept) if math.isnan(value)]
    if nan and rules.nan == FAIL:
        return Judged(
            kept,
            _said(len(nan), len(_values(kept)), "NaN", nan),
            "NotANumber",
            "look for a division by 0, as of requests where there were none, or set nan to ok or drop if that is an answer too",
        )
    return _judge_condition(kept, rules.condition) if rules.condition else Judged(kept)


def _judge_nothing(answer: Answer, rules: Rules, *, dropped: bool) -> Judged:
    if rules.no_data == OK:
        return Judged(answer)
    return Judged(
        answer,
        "there is no data, only NaN" if dropped else "there is no data",
        "NoData",
        "check the names and labels in the query and that the targets are scraped, or set no_data to ok if that is an answer too",
    )


def _judge_condition(answer: Answer, condition: Condition) -> Judged:
    bad = [(labels, value) for labels, value in _values(answer) if not condition.holds(value)]
    if not bad:
        return Judged(answer)
    return Judged(
        answer,
        _said(len(bad), len(_values(answer)), f"not {condition}", bad),
        "ConditionNotMet",
        "",
    )


def _without_nan(answer: Answer) -> Answer:
    return replace(
        answer,
        samples=tuple(sample for sample in answer.samples if not math.isnan(sample.value)),
        series=tuple(kept for kept in map(_series_without_nan, answer.series) if kept.points),
    )


def _series_without_nan(series: Series) -> Series:
    return replace(series, points=tuple(point for point in series.points if not math.isnan(point.value)))


def _values(answer: Answer) -> list[tuple[Labels, float]]:
    flat = [(sample.labels, sample.value) for sample in answer.samples]
    return flat + [(series.labels, point.value) for series in answer.series for point in series.points]


def _said(bad: int, total: int, what: str, values: list[tuple[Labels, float]]) -> str:
    if total == 1:
        value = values[0][1]
        return f"the value is {what}" if math.isnan(value) and what == "NaN" else f"the value {number(value)} is {what}"
    shown = ", ".join(f"{number(value)} of {name_of(labels)}" for labels, value in values[:_SHOWN])
    more = ", ..." if len(values) > _SHOWN else ""
    return f"{bad} of {total} values {'is' if bad == 1 else 'are'} {what}: {shown}{more}"


def state_of(value: float) -> str:
    """Return what a value is: ``ok`` for a number, else ``nan``, ``inf`` or ``-inf``."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return "ok"


def number(value: float) -> str:
    """Return a value for people: whole numbers as they are, others with six significant digits."""
    if state_of(value) != "ok":
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[state_of(value)]
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"


def name_of(labels: Labels) -> str:
    """Return labels as Prometheus writes them."""
    pairs = ", ".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{pairs}}}"


def only(answer: Answer) -> Sample | None:
    """Return the sample of an answer that has exactly one."""
    return answer.samples[0] if len(answer.samples) == 1 else None
