# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The queries: one for each metric, whatever the number of services. Pure functions. Private to this collection.

Each asks for raw counters of pods, summed over their other labels: a process resets all of its counters at once, so such a sum
is a counter again. ``increase`` and ``rate`` are of no use here, because they extrapolate: one failure becomes 1.33. The time at
which a pod was last scraped comes with them, as Prometheus goes on repeating a value for five minutes after its last scrape.

They are to be asked over a range of time (`Clock.needed`). No query can be built without services and hashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .definitions import USUAL_LABELS, Definition, Kind, LabelNames
from .model import Revision

PART = "part"
"""The label that says what a series of an answer is: ALL, FAILED or TIME."""

ALL, FAILED, TIME = "all", "failed", "time"
LE = "le"
INFINITE = "+Inf"


@dataclass(frozen=True)
class Scope:
    """Whose series: those of these revisions, in one namespace.

    Raises:
        ValueError: there is no revision, or one without a hash.
    """

    namespace: str
    revisions: tuple[Revision, ...]
    labels: LabelNames = USUAL_LABELS

    def __post_init__(self) -> None:
        if not self.namespace or not self.revisions:
            raise ValueError("a query needs a namespace and at least one revision")
        for revision in self.revisions:
            if not revision.service or not revision.hash:
                raise ValueError(f"a query needs service and hash of every revision, not {revision}")

    @property
    def matchers(self) -> str:
        """The matchers, without braces."""
        names = self.labels
        services = _one_of(revision.service for revision in self.revisions)
        hashes = _one_of(revision.hash for revision in self.revisions)
        return f"{names.namespace}={_quoted(self.namespace)},{names.service}=~{services},{names.hash}=~{hashes}"

    @property
    def by(self) -> str:
        """The labels of a pod, as ``by`` lists them."""
        return f"{self.labels.service}, {self.labels.hash}, {self.labels.pod}"


def query(definition: Definition, scope: Scope, buckets: Iterable[float] = ()) -> str:
    """Return the query of a metric for all revisions of a scope.

    Args:
        definition: the metric.
        scope: whose series.
        buckets: the buckets of a histogram to ask for, seconds, once they are known (`measuring.buckets_of`); none: all.
    """
    by, inside = scope.by, scope.matchers
    if definition.kind is Kind.SLOWER:
        known = [_le(bound) for bound in sorted(buckets)]
        only = f",{LE}=~{_quoted('|'.join([*known, '[+]Inf']))}" if known else ""
        asked = f"sum by ({by}, {LE}) ({definition.series}_bucket{{{inside}{only}}})"
        return f"{asked}\nor\n{_time(f'{definition.series}_count', inside, by)}"
    trials = definition.exposure or definition.series
    parts = [_part(ALL, f"sum by ({by}) ({trials}{{{inside}}})"), _time(trials, inside, by)]
    if definition.kind is Kind.SHARE:
        parts.append(_part(FAILED, f"sum by ({by}) ({definition.series}{{{inside},{definition.failed}}})"))
    if definition.kind is Kind.EVENTS:
        parts.append(_part(FAILED, f"sum by ({by}) ({definition.series}{{{inside}}})"))
    return "\nor\n".join(parts)


def _time(series: str, inside: str, by: str) -> str:
    return _part(TIME, f"max by ({by}) (timestamp({series}{{{inside}}}))")


def _part(name: str, expression: str) -> str:
    return f'label_replace({expression}, "{PART}", "{name}", "", "")'


def _le(bound: float) -> str:
    """Return the expression for a bound as clients write it: 1 or 1.0."""
    text = re.escape(repr(bound).removesuffix(".0"))
    return f"{text}([.]0)?"


def _one_of(values: Iterable[str]) -> str:
    return _quoted("|".join(re.escape(value).replace(r"\-", "-") for value in sorted(set(values))))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
