# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Queries as expressions: a value for each. Private: other collections must not import it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from .._errors import DeliveryError
from .access import Access
from .client import Prometheus
from .judging import Rules, judge, only
from .model import Answer, Ask, Kind
from .report import plain_value, samples
from .times import moment


def look_up(queries: list[str], options: Mapping[str, Any], warn: Callable[[str], None]) -> list[Any]:
    """Return for each query its value or, with the option ``result`` at ``samples``, the list of its samples.

    Raises:
        DeliveryError: a query has no result, or none that is good enough.
    """
    rules = Rules.from_params(options)
    at = None if options["time"] is None else moment("time", options["time"], time.time())
    entries: list[Any] = []
    with Prometheus(Access.from_params(options), warn=warn) as prometheus:
        for query in queries:
            ask = Ask(prometheus.address, query)
            judged = judge(prometheus.query(query, at), rules)
            for warning in judged.answer.warnings:
                warn(f"{ask.where}: {warning}")
            if judged.lacks:
                raise judged.error(ask)
            entries.append(_value(ask, judged.answer) if options["result"] == "value" else _samples(ask, judged.answer))
    return entries


def _value(ask: Ask, answer: Answer) -> float | str | None:
    if answer.kind is Kind.STRING:
        return answer.text
    if answer.empty:
        return None
    sample = only(answer)
    if sample is None:
        count = f"{len(answer.samples)} values" if answer.samples else "values over time"
        raise DeliveryError(
            f"the query returns {count}, not one",
            reason="Ambiguous",
            hint="aggregate them in the query, or set result to samples",
            where=ask.where,
        )
    return plain_value(sample.value)


def _samples(ask: Ask, answer: Answer) -> list[dict[str, Any]]:
    if answer.kind in (Kind.MATRIX, Kind.STRING):
        raise DeliveryError(
            f"the query returns a {answer.kind.value}, which has no samples",
            reason="BadOption",
            hint="use the module prometheus_query",
            where=ask.where,
        )
    return samples(answer)
