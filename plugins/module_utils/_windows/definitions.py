# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What each metric is made of: series, and what of them counts as failed. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .._words import Metric
from .model import Stream


class Kind(Enum):
    """How counts are made of series."""

    SHARE = "share"
    """A counter of trials, of which some labels mean failure."""
    SLOWER = "slower"
    """A histogram: slower than a bound counts as failed. "p99 <= 5 s" says the same as "at most 1 % slower than 5 s"."""
    EVENTS = "events"
    """A counter of failures without a denominator: another counter, or the time, is their exposure."""
    TRAFFIC = "traffic"
    """A counter of requests, of which none fails: it is only compared with the weight."""


@dataclass(frozen=True)
class Definition:
    """A metric as series of Prometheus.

    Attributes:
        metric: its name.
        kind: how counts are made of it.
        series: name of the counter, or of the histogram without ``_bucket``.
        failed: matchers, without braces, of what counts as failed (`Kind.SHARE`).
        exposure: name of the counter of the work that may bring failures with it (`Kind.EVENTS`); time may, too
            (`ServiceWindow.pair_of_events`).
        bounds: seconds (`Kind.SLOWER`). Where the histogram has no such bucket the smallest bound above it is taken: too few
            then count as slow, never too many.
        trading: whether only services that take orders have it.
    """

    metric: Metric
    kind: Kind
    series: str
    failed: str = ""
    exposure: str = ""
    bounds: tuple[float, ...] = ()
    trading: bool = False

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams of counts that it gives."""
        if self.kind is Kind.SLOWER:
            return tuple(Stream(self.metric, bound) for bound in self.bounds)
        return (Stream(self.metric),)


@dataclass(frozen=True)
class LabelNames:
    """The labels that tell whose a series is, as Prometheus' relabelling writes them."""

    namespace: str = "namespace"
    service: str = "service"
    hash: str = "rollouts_pod_template_hash"
    pod: str = "pod"


USUAL_LABELS = LabelNames()
