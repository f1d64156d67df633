# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A recording as a file: to JSON and back. Pure functions. Private to this collection.

The format is public, docs/guard-backtest.md describes it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NoReturn

from .._analysis.model import Point, Series
from .._errors import DeliveryError
from .._windows.definitions import LabelNames
from .._words import Metric
from .recording import Recorded, Recording, Release

FORMAT = "tradesense.delivery guard recording"
VERSION = 1

# Nothing beside these is read or written.
_TEXTS = ("namespace", "service", "canary_hash")
_TIMES = ("start", "end", "history", "ready", "step")


def to_json(recording: Recording) -> str:
    """Return a recording as JSON; one line for each series, and a line break at the end."""
    release = recording.release
    head = {
        "format": FORMAT,
        "version": VERSION,
        "namespace": release.namespace,
        "service": release.service,
        "trading": release.trading,
        "canary_hash": release.canary,
        "stable_hash": release.stable,
        "start": release.start,
        "end": release.end,
        "history": release.history,
        "ready": release.ready,
        "promoted": release.promoted,
        "weights": [[since, share] for since, share in release.weights],
        "step": recording.step,
        "labels": asdict(recording.labels),
    }
    lines = [f"  {_text(name)}: {_text(value)}" for name, value in head.items()]
    lines.append(f'  "metrics": {{{_metrics(recording.metrics)}}}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _metrics(metrics: Mapping[Metric, Recorded]) -> str:
    parts = []
    for metric, recorded in metrics.items():
        series = [f"      {_series(one)}" for one in recorded.series]
        listed = "[\n" + ",\n".join(series) + "\n    ]" if series else "[]"
        parts.append(f'    {_text(metric.value)}: {{"query": {_text(recorded.query)}, "series": {listed}}}')
    return "\n" + ",\n".join(parts) + "\n  " if parts else ""


def _series(one: Series) -> str:
    points = [[_short(number) for number in point] for point in one.points]
    return _text({"labels": dict(one.labels), "points": points})


def _short(number: float) -> float:
    """Return counters and times without their ".0", which would be a third of the file."""
    return int(number) if number.is_integer() else number


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def from_json(text: str, where: str) -> Recording:
    """Return the recording that a file holds.

    Args:
        text: its content.
        where: its path, for messages.

    Raises:
        DeliveryError: it is none; the first thing that is wrong is named.
    """
    try:
        given = json.loads(text)
    except ValueError as error:
        raise _error(f"the file is no JSON: {error}", where) from error
    if not isinstance(given, dict) or given.get("format") != FORMAT:
        raise _error(f"the file is no recording: its format is not {FORMAT!r}", where)
    if given.get("version") != VERSION:
        raise _error(
            f"the recording is of version {given.get('version')!r}, and this collection reads {VERSION}", where
        )
    return _Reader(where).recording(given)


class _Reader:
    """Reads what was parsed, and names the first thing that is wrong."""

    def __init__(self, where: str) -> None:
        self._where = where

    def recording(self, given: Mapping[str, Any]) -> Recording:
        texts = {name: self._name(name, given.get(name)) for name in _TEXTS}
        times = {name: self._number(name, given.get(name)) for name in _TIMES}
        stable, promoted = given.get("stable_hash"), given.get("promoted")
        if not isinstance(given.get("trading"), bool):
            self._refuse("trading", "true or false")
        release = Release(
            namespace=texts["namespace"],
            service=texts["service"],
            trading=given["trading"],
            canary=texts["canary_hash"],
            stable=None if stable is None else self._name("stable_hash", stable),
            start=times["start"],
            end=times["end"],
            history=times["history"],
            ready=times["ready"],
            promoted=None if promoted is None else self._number("promoted", promoted),
            weights=tuple(
                self._weight(f"weights[{number}]", each)
                for number, each in enumerate(self._listed("weights", given.get("weights")))
            ),
        )
        if release.end <= release.start:
            self._refuse("end", "after start")
        if times["step"] <= 0:
            self._refuse("step", "above 0")
        metrics = given.get("metrics")
        if not isinstance(metrics, dict):
            self._refuse("metrics", "a mapping of metrics")
        return Recording(release, times["step"], self._labels(given.get("labels")), self._metrics(metrics))

    def _metrics(self, metrics: Mapping[str, Any]) -> dict[Metric, Recorded]:
        found = {}
        for name, entry in metrics.items():
            place = f"metrics.{name}"
            if name not in set(Metric):
                self._refuse(place, f"one of {', '.join(Metric)}")
            if not isinstance(entry, dict) or not isinstance(entry.get("query"), str):
                self._refuse(place, "a mapping with query and series")
            listed = self._listed(f"{place}.series", entry.get("series"))
            series = tuple(self._series(f"{place}.series[{number}]", each) for number, each in enumerate(listed))
            found[Metric(name)] = Recorded(entry["query"], series)
        return found

    def _series(self, place: str, given: Any) -> Series:
        if not isinstance(given, dict) or not isinstance(given.get("labels"), dict):
            self._refuse(place, "a mapping with labels and points")
        points = []
        for pair in self._listed(f"{place}.points", given.get("points")):
            if not isinstance(pair, list) or len(pair) != 2 or not all(_finite(each) for each in pair):
                self._refuse(f"{place}.points", "a list of pairs of a time and a value")
            points.append(Point(float(pair[0]), float(pair[1])))
        return Series({str(name): str(value) for name, value in given["labels"].items()}, tuple(points))

    def _labels(self, given: Any) -> LabelNames:
        names = asdict(LabelNames())
        if (
            not isinstance(given, dict)
            or set(given) != set(names)
            or not all(isinstance(x, str) for x in given.values())
        ):
            self._refuse("labels", f"a mapping of {', '.join(names)} to names of labels")
        return LabelNames(**given)

    def _weight(self, place: str, given: Any) -> tuple[float, float | None]:
        if not isinstance(given, list) or len(given) != 2 or not _finite(given[0]):
            self._refuse(place, "a pair of a time and a share")
        if given[1] is not None and not (_finite(given[1]) and 0 <= given[1] <= 1):
            self._refuse(place, "a pair of a time and a share from 0 to 1")
        return float(given[0]), None if given[1] is None else float(given[1])

    def _name(self, place: str, given: Any) -> str:
        if not isinstance(given, str) or not given:
            self._refuse(place, "a text that is not empty")
        return str(given)

    def _number(self, place: str, given: Any) -> float:
        if not _finite(given) or given < 0:
            self._refuse(place, "a number of seconds, 0 or more")
        return float(given)

    def _listed(self, place: str, given: Any) -> list[Any]:
        if not isinstance(given, list):
            self._refuse(place, "a list")
        return list(given)

    def _refuse(self, place: str, accepted: str) -> NoReturn:
        raise _error(f"{place} of the recording is not {accepted}", self._where)


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _error(msg: str, where: str) -> DeliveryError:
    hint = "docs/guard-backtest.md of the collection describes the format; record makes such a file"
    return DeliveryError(msg, reason="BadRecording", hint=hint, where=where)
