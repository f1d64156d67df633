# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is told about a release, independent of where it is told. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from .._words import Mode, Occasion, Severity, Verdict

_SEVERITY: Mapping[Occasion, Severity] = {
    Occasion.STARTED: Severity.INFO,
    Occasion.WARNING: Severity.WARNING,
    Occasion.HOLD: Severity.WARNING,
    Occasion.ROLLBACK: Severity.CRITICAL,
    Occasion.RECOVERY: Severity.INFO,
    Occasion.INEFFECTIVE: Severity.CRITICAL,
    Occasion.ERROR: Severity.CRITICAL,
    Occasion.FINISHED: Severity.INFO,
}
# Whoever was told of trouble has to hear of these too, however unimportant they are by themselves.
CLOSING = frozenset({Occasion.RECOVERY, Occasion.FINISHED})


class ReasonLike(Protocol):
    """What a reason of the guard has, whatever its class."""

    @property
    def text(self) -> str: ...
    @property
    def metric(self) -> str | None: ...
    @property
    def value(self) -> float | None: ...
    @property
    def threshold(self) -> float | None: ...
    @property
    def evidence(self) -> float | None: ...


@dataclass(frozen=True)
class Reason:
    """Why: a sentence without a full stop, and its parts for programs.

    Attributes:
        text: the sentence.
        metric: the metric that it is about; empty: none.
        value: what was measured, a share or a count.
        threshold: what it is compared with, in the same unit.
        evidence: the e-value.
    """

    text: str
    metric: str = ""
    value: float | None = None
    threshold: float | None = None
    evidence: float | None = None


def reasons_of(found: Iterable[ReasonLike]) -> tuple[Reason, ...]:
    """Return the guard's reasons as those of an event."""
    return tuple(Reason(each.text, str(each.metric or ""), each.value, each.threshold, each.evidence) for each in found)


@dataclass(frozen=True)
class Impact:
    """What a release has cost. None: not known.

    Attributes:
        requests: those that the bad revision took.
        orders: the same of orders.
        excess_errors: failures that stable would not have had.
        minutes: time for which users reached the bad revision.
        pods: those that going back changes.
    """

    requests: int | None = None
    orders: int | None = None
    excess_errors: float | None = None
    minutes: float | None = None
    pods: int | None = None


@dataclass(frozen=True)
class Times:
    """When what happened, in seconds since the epoch. None: not known, or not yet.

    Attributes:
        started: the release began.
        first_bad: the first request failed that stable would not have failed.
        detected: the guard saw it.
        decided: the guard gave its verdict.
        traffic_off: the bad revision had no traffic any more.
        recovered: recovery was verified.
    """

    started: float | None = None
    first_bad: float | None = None
    detected: float | None = None
    decided: float | None = None
    traffic_off: float | None = None
    recovered: float | None = None


@dataclass(frozen=True)
class Event:
    """Something to be told about a release. Empty texts: not known, or of no interest.

    Attributes:
        occasion: what it is about.
        release: name of the release.
        at: when it happened, in seconds since the epoch.
        service: name of the service; empty: the release as a whole.
        environment: name of the environment.
        cluster: name of the cluster.
        namespace: in which the service runs.
        version: the new version.
        revision: number of the new revision.
        hash: its pod-template hash.
        stable_version: the version that served before, or serves again.
        stable_hash: its pod-template hash.
        by: who or what releases.
        mode: what the guard may do by itself.
        verdict: what the guard has come to, if it is about one.
        summary: what happened, a sentence without a full stop; for an error at least.
        reasons: why, the most important first.
        impact: what the release has cost.
        times: when what happened.
        next_steps: what to do next, sentences; empty: what usually is.
        occurrence: how many times the service has come to this in this release.
    """

    occasion: Occasion
    release: str
    at: float
    service: str = ""
    environment: str = ""
    cluster: str = ""
    namespace: str = ""
    version: str = ""
    revision: str = ""
    hash: str = ""
    stable_version: str = ""
    stable_hash: str = ""
    by: str = ""
    mode: Mode = Mode.ENFORCE
    verdict: Verdict | None = None
    summary: str = ""
    reasons: tuple[Reason, ...] = ()
    impact: Impact | None = None
    times: Times = Times()
    next_steps: tuple[str, ...] = ()
    occurrence: int = 1

    @property
    def severity(self) -> Severity:
        """How urgent it is."""
        return _SEVERITY[self.occasion]

    @property
    def subject(self) -> str:
        """What it is about, the same for all events of a service in a release.

        Cluster and namespace are a part of it: a play for two clusters gives both releases the same name.
        """
        parts = (self.cluster, self.namespace, self.release, self.service)
        return "/".join(quote(part, safe="") for part in parts)

    @property
    def key(self) -> str:
        """The idempotency key: release, service and what is told of it. Two events with the same one are the same."""
        again = f"#{self.occurrence}" if self.occurrence > 1 else ""
        return f"{self.subject}/{self.occasion}{again}"


def at_least(severity: Severity, wanted: Severity) -> bool:
    """Return whether something is as urgent as wanted."""
    order = list(Severity)
    return order.index(severity) >= order.index(wanted)
