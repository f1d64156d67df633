# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From the HTTP answer of a query to data. Pure functions. Private: other collections must not import it."""

from __future__ import annotations

import json
from typing import Any

from .failures import QueryFailure, refused, short
from .model import Answer, Ask, Kind, Labels, Point, Reply, Sample, Series


def answer_of(ask: Ask, reply: Reply) -> Answer:
    """Return the result that an HTTP answer holds.

    Raises:
        QueryFailure: it holds an error, or is not from Prometheus at all.
    """
    if reply.code >= 300:
        raise refused(ask, reply)
    try:
        said = json.loads(reply.body)
        if said["status"] != "success":
            raise refused(ask, reply)
        data = said["data"]
        kind = Kind(data["resultType"])
        _no_histograms(ask, kind, data["result"])
        return Answer(kind, **_result(kind, data["result"]), warnings=_warnings(said), infos=_texts(said, "infos"))
    except (LookupError, TypeError, ValueError) as error:
        # Not JSON, or JSON of somebody else. A half-understood answer must not be taken for one without data.
        raise refused(ask, reply) from error


def _result(kind: Kind, result: Any) -> dict[str, Any]:
    if kind is Kind.VECTOR:
        return {"samples": tuple(_sample(_labels(item), item["value"]) for item in _listed(result))}
    if kind is Kind.MATRIX:
        return {"series": tuple(_series(item) for item in _listed(result))}
    if kind is Kind.SCALAR:
        return {"samples": (_sample({}, result),)}
    return {"text": str(result[1])}


def _sample(labels: Labels, pair: Any) -> Sample:
    point = _point(pair)
    return Sample(labels, point.timestamp, point.value)


def _series(item: Any) -> Series:
    # As _point does it, without a call for each: a guard reads hundreds of thousands.
    return Series(_labels(item), tuple([Point(float(when), float(value)) for when, value in _listed(item["values"])]))


def _point(pair: Any) -> Point:
    timestamp, value = pair
    # Values are strings, because JSON has no NaN and no infinity.
    return Point(float(timestamp), float(value))


def _labels(item: Any) -> Labels:
    labels = dict(item["metric"])
    # Fails for what is no text, much faster than looking at each: a guard reads tens of thousands.
    "".join(labels.values())
    return labels


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"not a list: {type(value).__name__}")
    return value


def _no_histograms(ask: Ask, kind: Kind, result: Any) -> None:
    """Refuse native histograms: none of them is a number, and leaving them out would look like missing data."""
    if kind in (Kind.VECTOR, Kind.MATRIX) and any(
        "histogram" in item or "histograms" in item for item in _listed(result)
    ):
        raise QueryFailure(
            ask,
            "the result holds native histograms, which are not numbers",
            reason="NotANumber",
            hint="make numbers of them in the query, for instance by histogram_quantile, histogram_count or histogram_fraction",
        )


def _warnings(said: Any) -> tuple[str, ...]:
    # VictoriaMetrics says so by a flag of its own.
    partial = ("the result is partial: not all storage nodes answered",) if said.get("isPartial") is True else ()
    return _texts(said, "warnings") + partial


def _texts(said: Any, name: str) -> tuple[str, ...]:
    return tuple(short(str(text)) for text in said.get(name) or [])
