# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a rollback has helped: checks on a described situation. Pure functions. Private to this collection.

The phase of a Rollout says nothing here: after an abort it is Degraded by design, and Healthy comes before the traffic has moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .._evidence.absolute import Absolute, counted
from .._evidence.combining import average
from .._evidence.counts import Counts
from .._windows.model import ServiceWindow, Stream
from .._words import Metric, Recovery
from .policy import Policy


class Check(StrEnum):
    """What has to be true, in the order in which it becomes so."""

    REVISION = "revision"
    TRAFFIC = "traffic"
    PODS = "pods"
    METRICS = "metrics"
    BUSINESS = "business"


@dataclass(frozen=True)
class RecoveryFacts:
    """What the cluster shows at the time of a look.

    Attributes:
        now: seconds since the epoch.
        started: when the rollback began.
        target: pod-template hash to go back to.
        stable: the one in the Rollout's status.
        selected: the one behind the Service that users reach.
        ready_endpoints: of that Service.
        canary_weight: share of traffic, in per cent, set for the bad revision.
        desired: pods that the target is to have.
        available: pods that it has.
        restarts: of the target's pods since the rollback began.
    """

    now: float
    started: float
    target: str
    stable: str
    selected: str
    ready_endpoints: int
    canary_weight: int
    desired: int
    available: int
    restarts: int = 0


@dataclass(frozen=True)
class Watch:
    """What was measured since the rollback began; the state of the verification, all plain numbers.

    Attributes:
        seen: number of the last window taken in.
        quiet: windows in a row in which the bad revision took no requests.
        clean: windows in a row, with data, in which the target was below the warning thresholds.
        requests: those in them.
        orders: orders or updates of the target in them; None: the service has none.
        counted: evidence against the target, begun anew with the rollback, by stream.
        log_e: the same as one logarithm.
    """

    seen: int = -1
    quiet: int = 0
    clean: int = 0
    requests: int = 0
    orders: int | None = None
    counted: Mapping[str, Absolute] = field(default_factory=dict)
    log_e: float = 0.0

    def to_plain(self) -> dict[str, object]:
        """Return the state as plain data."""
        return {
            "seen": self.seen,
            "quiet": self.quiet,
            "clean": self.clean,
            "requests": self.requests,
            "orders": self.orders,
            "counted": {name: state.to_plain() for name, state in self.counted.items()},
            "log_e": self.log_e,
        }

    @classmethod
    def from_plain(cls, plain: object) -> Watch:
        """Return the state that `to_plain` gave.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(plain, dict) or "counted" not in plain:
            raise ValueError("not the state of a verification")
        states = {name: Absolute.from_plain(each) for name, each in plain["counted"].items()}
        return cls(**{**plain, "counted": states})


@dataclass(frozen=True)
class Result:
    """What a check came to, in a sentence without a full stop."""

    check: Check
    verdict: Recovery
    text: str


@dataclass(frozen=True)
class Verification:
    """All checks of one look."""

    results: tuple[Result, ...]

    @property
    def verdict(self) -> Recovery:
        """``ineffective`` when time has run out for one of them, ``recovered`` when all are true, else ``waiting``."""
        found = {result.verdict for result in self.results}
        return next(
            (each for each in (Recovery.INEFFECTIVE, Recovery.WAITING) if each in found),
            Recovery.RECOVERED,
        )

    @property
    def not_the_cause(self) -> bool:
        """Whether the target serves all users and metrics are bad all the same: the release was not the cause."""
        by = {result.check: result.verdict for result in self.results}
        served = all(by[check] is Recovery.RECOVERED for check in (Check.REVISION, Check.TRAFFIC, Check.PODS))
        return served and by[Check.METRICS] is Recovery.INEFFECTIVE

    @property
    def text(self) -> str:
        """What is not true yet, in one line; empty when everything is."""
        return "; ".join(result.text for result in self.results if result.verdict is not Recovery.RECOVERED)


def looked(policy: Policy, watch: Watch, window: ServiceWindow) -> Watch:
    """Return the watch after a window. One that was seen already, or is older, changes nothing.

    Args:
        policy: that of the release.
        watch: the state before.
        window: its counts; the target is the window's stable side, the bad revision its canary side.
    """
    if window.index <= watch.seen:
        return watch
    index, counts = window.index, window.of_stable
    bad = window.of_canary(Stream(Metric.ERROR_RATE))
    states = dict(watch.counted)
    weighted = []
    clean, seen_any = True, False
    for each in policy.metrics:
        for limit in each.limits:
            found = counts(limit.stream)
            if found is not None and (found.n or limit.per_window):
                seen_any = seen_any or each.metric is Metric.ERROR_RATE
                # A few failures in a few requests are for the evidence to judge.
                above = found.k > limit.share * (1 if limit.per_window else found.n)
                clean = clean and not (above and found.k >= policy.consecutive_failures)
        if each.critical:
            limit, name = each.critical, str(each.critical.stream)
            found = counts(limit.stream)
            exposed = Counts(1, found.k) if found is not None and limit.per_window else found
            states[name] = counted(states.get(name, Absolute()), index, exposed, policy.limit_starts, limit.threshold)
            weighted.append((each.weight or 0.1, states[name].log_e(limit.threshold, policy.limit_starts)))
    requests = counts(Stream(Metric.ERROR_RATE))
    quiet = watch.quiet + 1 if bad is None or bad.n == 0 else 0
    after = replace(watch, seen=index, quiet=quiet, counted=states, log_e=average(weighted))
    if not seen_any or requests is None:
        # Without data, or at night without requests, nothing is shown: neither good nor bad.
        return after
    if not clean:
        return replace(after, clean=0, requests=0, orders=None if watch.orders is None else 0)
    business = [counts(Stream(Metric.ORDER_SUCCESS))] if _trades(policy) else []
    orders = sum(each.n for each in business if each) if business else None
    return replace(
        after,
        clean=watch.clean + 1,
        requests=watch.requests + requests.n,
        orders=None if orders is None else (watch.orders or 0) + orders,
    )


def verify(policy: Policy, facts: RecoveryFacts, watch: Watch) -> Verification:
    """Return what every check comes to now."""
    rules, passed = policy.verify, facts.now - facts.started
    checks = (
        (Check.REVISION, _revision(facts), rules.traffic_timeout),
        (Check.TRAFFIC, _traffic(facts, watch), rules.traffic_timeout + 2 * policy.window + policy.delay),
        (Check.PODS, _pods(facts), rules.pods_timeout),
        (Check.METRICS, _metrics(policy, watch), rules.metrics_timeout),
        (Check.BUSINESS, _business(policy, watch), rules.metrics_timeout),
    )
    return Verification(tuple(_result(check, lacks, passed, timeout) for check, lacks, timeout in checks))


def _result(check: Check, lacks: str, passed: float, timeout: float) -> Result:
    if not lacks:
        return Result(check, Recovery.RECOVERED, _DONE[check])
    if passed > timeout:
        return Result(check, Recovery.INEFFECTIVE, f"{lacks}, {timeout:g} s after the rollback began")
    return Result(check, Recovery.WAITING, lacks)


def _revision(facts: RecoveryFacts) -> str:
    if facts.stable != facts.target:
        return f"stable is revision {facts.stable or 'none'}, not {facts.target}"
    if facts.selected != facts.target:
        return f"users reach revision {facts.selected or 'none'}, not {facts.target}"
    return ""


def _traffic(facts: RecoveryFacts, watch: Watch) -> str:
    if facts.canary_weight:
        return f"the bad revision still has a weight of {facts.canary_weight} %"
    if not facts.ready_endpoints:
        return "the Service that users reach has no ready endpoint"
    if watch.quiet < _QUIET:
        return f"the bad revision took no requests in {watch.quiet} of {_QUIET} windows"
    return ""


def _pods(facts: RecoveryFacts) -> str:
    if facts.available < facts.desired:
        return f"{facts.available} of {facts.desired} pods are available"
    if facts.restarts:
        return f"pods of the target were restarted {facts.restarts} times since"
    return ""


def _metrics(policy: Policy, watch: Watch) -> str:
    rules = policy.verify
    if watch.log_e >= policy.levels.hold:
        return "the target is over critical thresholds too"
    if watch.clean < rules.windows:
        return f"{watch.clean} of {rules.windows} windows in a row were within the thresholds"
    if watch.requests < rules.requests:
        return f"the target has served {watch.requests} of the {rules.requests} requests that a verdict takes"
    return ""


def _business(policy: Policy, watch: Watch) -> str:
    if not _trades(policy) or watch.orders:
        return ""
    return "no orders have come in since"


def _trades(policy: Policy) -> bool:
    return any(each.metric is Metric.ORDER_SUCCESS for each in policy.metrics)


_QUIET = 2
_DONE: Mapping[Check, str] = {
    Check.REVISION: "users reach the target",
    Check.TRAFFIC: "the bad revision has no traffic",
    Check.PODS: "the target's pods are available",
    Check.METRICS: "metrics are within the thresholds",
    Check.BUSINESS: "orders flow",
}
