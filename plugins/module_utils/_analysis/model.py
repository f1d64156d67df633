# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What Prometheus says, as data. Private: other collections must not import it.

A value is a float as Prometheus sent it, NaN and the infinities included. What there is no data for is absent here:
it is never a 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

Labels = Mapping[str, str]


class Kind(Enum):
    """The types of a result, by Prometheus' names."""

    VECTOR = "vector"
    MATRIX = "matrix"
    SCALAR = "scalar"
    STRING = "string"


class Point(NamedTuple):
    """A value at a time; the timestamp is in seconds since the epoch."""

    timestamp: float
    value: float


@dataclass(frozen=True)
class Sample:
    """One element of an instant vector; a scalar is a sample without labels."""

    labels: Labels
    timestamp: float
    value: float


@dataclass(frozen=True)
class Series:
    """One element of a range vector, oldest point first. Where a series had no value, it has no point."""

    labels: Labels
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Answer:
    """The result of one query.

    Attributes:
        kind: the type of the result.
        samples: those of a vector or scalar.
        series: those of a matrix.
        text: that of a string.
        warnings: what may make the result wrong, e.g. a part of the data that could not be read.
        infos: what Prometheus wants its user to know about the query.
    """

    kind: Kind
    samples: tuple[Sample, ...] = ()
    series: tuple[Series, ...] = ()
    text: str = ""
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is no data."""
        return not (self.samples or any(one.points for one in self.series) or self.kind is Kind.STRING)


@dataclass(frozen=True)
class Ask:
    """A query, as far as a message needs it. The address holds no credentials."""

    address: str
    query: str

    @property
    def where(self) -> str:
        """Prometheus and the query in one line, as the front of a message."""
        text = " ".join(self.query.split())
        return f"{self.address}, query {text if len(text) <= 200 else text[:197] + '...'}"


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, as far as it is looked at."""

    code: int
    body: bytes
    content_type: str = ""
    location: str = ""
