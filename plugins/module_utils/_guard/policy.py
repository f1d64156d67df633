# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the guard goes by, as data. Private to this collection."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .._catalog.values import PREFIX
from .._evidence.absolute import Threshold
from .._evidence.burn_rate import BurnWindows
from .._evidence.certifying import NotWorse
from .._evidence.relative import Relative
from .._evidence.share import Split
from .._evidence.starts import Starts
from .._types import Obj
from .._windows.clock import Clock
from .._windows.definitions import Definition, Kind, LabelNames
from .._windows.model import Stream
from .._words import Metric, Mode


@dataclass(frozen=True)
class Limit:
    """A fixed threshold of a metric.

    Attributes:
        stream: the counts that it is about.
        threshold: the test against it.
        share: the share of failures that it allows; for events, their number in a window.
        shown: the threshold as it was written: a share, seconds, or failures a minute.
        per_window: whether windows are the exposure (events), not requests.
    """

    stream: Stream
    threshold: Threshold
    share: float
    shown: float
    per_window: bool = False


@dataclass(frozen=True)
class MetricPolicy:
    """How one metric is judged.

    Attributes:
        definition: what it is made of.
        weight: its share in the evidence; 0: it is not compared.
        relative: the comparison with stable.
        compared: the streams that are compared; their e-values are averaged.
        warning: the threshold that is worth a word; None: there is none.
        critical: the threshold that holds a release; None: there is none.
        required: whether a window without it counts as missing.
        certify: the test that the new revision is not worse; None: it need not be certified.
    """

    definition: Definition
    weight: float
    relative: Relative
    compared: tuple[Stream, ...]
    warning: Limit | None = None
    critical: Limit | None = None
    required: bool = False
    certify: NotWorse | None = None

    @property
    def metric(self) -> Metric:
        """Its name."""
        return self.definition.metric

    @functools.cached_property
    def main(self) -> Stream:
        """The stream that stands for it: that of its threshold, or else the first that is compared."""
        limit = self.critical or self.warning
        return limit.stream if limit else self.compared[0]

    @functools.cached_property
    def named(self) -> tuple[tuple[str, Stream], ...]:
        """The streams that are compared, by name."""
        return tuple((str(stream), stream) for stream in self.compared)

    @functools.cached_property
    def shown(self) -> tuple[tuple[str, Stream], ...]:
        """All streams that reasons may speak of, by name."""
        streams = dict.fromkeys((self.main, *self.compared, *(limit.stream for limit in self.limits)))
        return tuple((str(stream), stream) for stream in streams)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The thresholds there are."""
        return tuple(limit for limit in (self.warning, self.critical) if limit)

    @property
    def trials(self) -> bool:
        """Whether its counts are failures out of trials."""
        return self.definition.kind in (Kind.SHARE, Kind.SLOWER)


@dataclass(frozen=True)
class Levels:
    """Logarithms of the evidence that means hold and rollback, and what ends a hold."""

    hold: float
    rollback: float
    resume: float
    resume_windows: int


@dataclass(frozen=True)
class BurnRule:
    """A pair of burn-rate windows and what it means when it fires: ``rollback``, ``hold`` or ``warn``."""

    windows: BurnWindows
    action: str
    long: str
    short: str


@dataclass(frozen=True)
class Verify:
    """When a rollback counts as recovered; timeouts are seconds from its start."""

    windows: int
    requests: int
    traffic_timeout: float
    pods_timeout: float
    metrics_timeout: float


@dataclass(frozen=True)
class RollbackRules:
    """What must hold before a rollback is done by itself; durations in seconds."""

    cooldown: float
    limit: int
    period: float
    max_target_age: float
    available: float
    strict_freeze: bool


@dataclass(frozen=True)
class Policy:
    """The policy for one service; durations in seconds, and in windows where it says so.

    Attributes:
        written: the whole policy in its normal form, from which it can be made again.
        metrics: those that the service has.
        starts: of comparisons; `limit_starts` those of thresholds.
        split: the test of requests against weight; None: it is off.
        burstiness: phi of what has none of its own.
    """

    written: Obj
    mode: Mode
    window: float
    delay: float
    staleness: float
    warm_up: float
    bake: float
    min_requests: int
    levels: Levels
    starts: Starts
    limit_starts: Starts
    metrics: tuple[MetricPolicy, ...]
    traffic: Definition | None
    split: Split | None
    absolute_rollback: bool
    consecutive_windows: int
    consecutive_failures: int
    hold_after_windows: int
    page_after_windows: int
    certify_level: float
    restarts: int
    budget: float
    burn: tuple[BurnRule, ...]
    verify: Verify
    rollback: RollbackRules
    labels: LabelNames

    def clock(self, origin: float) -> Clock:
        """Return the windows of a watch that began at ``origin``, seconds since the epoch."""
        return Clock(origin, self.window, self.delay, self.staleness)

    @functools.cached_property
    def limit_streams(self) -> tuple[tuple[str, Stream, Limit], ...]:
        """The streams with a threshold: name, stream, and the threshold that matters most."""
        found = {limit.stream: limit for each in self.metrics for limit in each.limits}
        return tuple((str(stream), stream, limit) for stream, limit in found.items())

    @functools.cached_property
    def critical_limits(self) -> tuple[tuple[str, Limit], ...]:
        """The critical thresholds, by metric."""
        return tuple((each.metric.value, each.critical) for each in self.metrics if each.critical)

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """What has to be asked of Prometheus."""
        found = tuple(metric.definition for metric in self.metrics)
        return (*found, self.traffic) if self.traffic else found

    def in_mode(self, mode: Mode) -> Policy:
        """Return the same policy in another mode: the one thing that may change while a release is watched."""
        return replace(self, mode=mode)


@dataclass(frozen=True)
class Policies:
    """The policy of the environment and those of services that differ, all in normal form."""

    base: Obj
    services: Mapping[str, Obj]

    def written(self, service: str) -> Obj:
        """Return the policy of a service in normal form; the name of its Rollout does as well."""
        return self.services.get(service.removeprefix(PREFIX), self.base)
