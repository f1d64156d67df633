# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a rollback may be done now: checks on a described situation. Pure functions. Private to this collection.

Every check has a result, passed or not, and a sentence; all of them are kept with the release. A check that fails holds the
release and calls somebody: a rollback that makes things worse is worse than none. Failing the lock only means to try again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .policy import RollbackRules


class Check(StrEnum):
    """The checks, in the order in which they are made."""

    LOCK = "lock"
    TARGET = "target"
    RECORD = "record"
    HEALTH = "health"
    CAPACITY = "capacity"
    CONFIGURATION = "configuration"
    DATABASE = "database"
    FLAPPING = "flapping"
    FREEZE = "freeze"
    DEPENDENCIES = "dependencies"
    AUTHORITY = "authority"


class Outcome(StrEnum):
    """What a check comes to."""

    PASS = "pass"  # noqa: S105 (no password)
    WAIT = "wait"
    HOLD = "hold"


@dataclass(frozen=True)
class Target:
    """The revision to go back to.

    Attributes:
        hash: its pod-template hash.
        exists: whether its ReplicaSet is there.
        promoted: whether it is recorded as promoted.
        banned: whether it was rolled back itself.
        pullable: whether its images can still be pulled, as far as that is known; None: it is not.
        promoted_at: when it was promoted, seconds since the epoch; None: not known.
        desired: pods that it is to have.
        available: pods that it has.
        over_thresholds: whether it is itself over critical thresholds now.
        missing_configuration: ConfigMaps and Secrets that its template names and that do not exist, or have other contents.
    """

    hash: str
    exists: bool = True
    promoted: bool = True
    banned: bool = False
    pullable: bool | None = None
    promoted_at: float | None = None
    desired: int = 1
    available: int = 1
    over_thresholds: bool = False
    missing_configuration: tuple[str, ...] = ()


@dataclass(frozen=True)
class Past:
    """A rollback of the service that was done by itself: when, seconds since the epoch."""

    at: float


@dataclass(frozen=True)
class Sibling:
    """Another service of the same release, and whether it still works with the target; None: nobody says."""

    name: str
    works_with_target: bool | None = None


@dataclass(frozen=True)
class RollbackFacts:
    """The situation in which a rollback is wanted.

    Attributes:
        now: seconds since the epoch.
        current: pod-template hash that runs as the new revision.
        target: where to go back to; None: there is nothing.
        in_flight: whether the release has not been promoted fully, so that stable still runs.
        locked_by: who else holds the lock, or works on the Rollout; empty: nobody.
        room: more pods that quota and nodes allow; None: nothing limits them.
        contract: whether the release has removed something from the database that the target needs.
        migration: what was done to the database, in words, for the message.
        past: rollbacks of this service that were done by themselves.
        is_rollback: whether the release that runs is itself a rollback.
        freeze: name of the freeze that is on; empty: none.
        siblings: the other services of the release.
        reapplied_by: who would put the new revision back from Git; empty: nobody.
    """

    now: float
    current: str
    target: Target | None
    in_flight: bool = True
    locked_by: str = ""
    room: int | None = None
    contract: bool = False
    migration: str = ""
    past: tuple[Past, ...] = ()
    is_rollback: bool = False
    freeze: str = ""
    siblings: tuple[Sibling, ...] = ()
    reapplied_by: str = ""


@dataclass(frozen=True)
class Result:
    """What a check came to, in a sentence without a full stop."""

    check: Check
    outcome: Outcome
    text: str


@dataclass(frozen=True)
class Preflight:
    """All checks of one situation."""

    results: tuple[Result, ...] = field(default=())

    @property
    def outcome(self) -> Outcome:
        """``pass`` when all passed; ``wait`` when only the lock is not to be had; else ``hold``."""
        outcomes = {result.outcome for result in self.results}
        return next((each for each in (Outcome.HOLD, Outcome.WAIT) if each in outcomes), Outcome.PASS)

    @property
    def passed(self) -> bool:
        """Whether the rollback may be done."""
        return self.outcome is Outcome.PASS

    @property
    def traffic_off(self) -> bool:
        """Whether at least the canary's traffic may be taken away, while the rollback itself is held.

        That is the cheapest thing to do and can be taken back. It needs a healthy stable that works with the database.
        """
        needed = (Check.LOCK, Check.TARGET, Check.HEALTH, Check.DATABASE)
        return all(result.outcome is Outcome.PASS for result in self.results if result.check in needed)

    @property
    def text(self) -> str:
        """What is in the way, in one line; empty when nothing is."""
        found = [result.text for result in self.results if result.outcome is not Outcome.PASS]
        # Several checks may miss the same; the first one says what to do about it.
        return "; ".join(text for text in found if not any(other != text and other.startswith(text) for other in found))


def preflight(facts: RollbackFacts, rules: RollbackRules) -> Preflight:
    """Return the results of all checks, also of those that follow one that failed."""
    return Preflight(tuple(_result(check, facts, rules) for check in Check))


def _result(check: Check, facts: RollbackFacts, rules: RollbackRules) -> Result:
    against = _CHECKS[check](facts, rules)
    if not against:
        return Result(check, Outcome.PASS, _PASSED[check])
    return Result(check, Outcome.WAIT if check is Check.LOCK else Outcome.HOLD, against)


def _lock(facts: RollbackFacts, rules: RollbackRules) -> str:
    return f"{facts.locked_by} is working on it" if facts.locked_by else ""


def _target(facts: RollbackFacts, rules: RollbackRules) -> str:
    target = facts.target
    if target is None:
        return "there is no revision to go back to: roll forward"
    if target.hash == facts.current:
        return f"the revision to go back to, {target.hash}, is the one that runs"
    if not target.exists:
        return f"the ReplicaSet of revision {target.hash} is gone: roll forward, or release its images again"
    return ""


def _record(facts: RollbackFacts, rules: RollbackRules) -> str:
    target = facts.target
    if target is None:
        return "there is no revision to go back to"
    if target.banned:
        return f"revision {target.hash} was rolled back itself: name another one"
    # What is stable in flight was promoted by definition; of others there must be a record.
    if not target.promoted and not facts.in_flight:
        return f"revision {target.hash} is not recorded as promoted: name a revision that was good"
    if target.pullable is False:
        return f"an image of revision {target.hash} can no longer be pulled"
    if target.promoted_at is not None and facts.now - target.promoted_at > rules.max_target_age and not facts.in_flight:
        days = (facts.now - target.promoted_at) / 86400
        return (
            f"revision {target.hash} was promoted {days:.0f} days ago: look whether it still works with everything else"
        )
    return ""


def _health(facts: RollbackFacts, rules: RollbackRules) -> str:
    target = facts.target
    if target is None:
        return "there is no revision to go back to"
    if facts.in_flight and target.available < rules.available * target.desired:
        return f"stable has {target.available} of {target.desired} pods available: going back would lose capacity"
    if facts.in_flight and target.over_thresholds:
        return "stable is over critical thresholds too: going back would not help"
    return ""


def _capacity(facts: RollbackFacts, rules: RollbackRules) -> str:
    if facts.target is None or facts.room is None:
        return ""
    needed = max(facts.target.desired - facts.target.available, 0)
    if needed <= facts.room:
        return ""
    return f"{needed} pods have to start and there is room for {facts.room}: raise the quota or add nodes"


def _configuration(facts: RollbackFacts, rules: RollbackRules) -> str:
    missing = facts.target.missing_configuration if facts.target else ()
    if not missing:
        return ""
    return f"configuration of the target is gone or has changed: {', '.join(missing)}; restore it from the release's record"


def _database(facts: RollbackFacts, rules: RollbackRules) -> str:
    if not facts.contract:
        return ""
    what = f" ({facts.migration})" if facts.migration else ""
    return f"the release has removed from the database what the target needs{what}: roll forward"


def _flapping(facts: RollbackFacts, rules: RollbackRules) -> str:
    if facts.is_rollback:
        return "what runs is a rollback itself: two in a row would go in circles"
    lately = [past for past in facts.past if facts.now - past.at < rules.period]
    if len(lately) >= rules.limit:
        return f"there were {len(lately)} rollbacks in the last {_span(rules.period)}, and {rules.limit} are the limit"
    last = max((past.at for past in lately), default=None)
    if last is not None and facts.now - last < rules.cooldown:
        return f"the last rollback was {_span(facts.now - last)} ago: {_span(rules.cooldown)} have to pass"
    return ""


def _freeze(facts: RollbackFacts, rules: RollbackRules) -> str:
    return f"freeze {facts.freeze} is on and stops rollbacks too" if facts.freeze and rules.strict_freeze else ""


def _dependencies(facts: RollbackFacts, rules: RollbackRules) -> str:
    names = [sibling.name for sibling in facts.siblings if sibling.works_with_target is False]
    if not names:
        return ""
    return f"{', '.join(names)} of the same release do not work with the target: roll the whole release back"


def _authority(facts: RollbackFacts, rules: RollbackRules) -> str:
    if not facts.reapplied_by:
        return ""
    return f"{facts.reapplied_by} would put the new revision back: revert the change in Git, or switch its automatic sync off"


_CHECKS: Mapping[Check, Callable[[RollbackFacts, RollbackRules], str]] = {
    Check.LOCK: _lock,
    Check.TARGET: _target,
    Check.RECORD: _record,
    Check.HEALTH: _health,
    Check.CAPACITY: _capacity,
    Check.CONFIGURATION: _configuration,
    Check.DATABASE: _database,
    Check.FLAPPING: _flapping,
    Check.FREEZE: _freeze,
    Check.DEPENDENCIES: _dependencies,
    Check.AUTHORITY: _authority,
}

_PASSED: Mapping[Check, str] = {
    Check.LOCK: "nobody else works on it",
    Check.TARGET: "there is a revision to go back to",
    Check.RECORD: "it was promoted, and not rolled back since",
    Check.HEALTH: "it is healthy, or will start anew",
    Check.CAPACITY: "its pods have room",
    Check.CONFIGURATION: "its configuration is there",
    Check.DATABASE: "the database works with it",
    Check.FLAPPING: "no rollback was done lately",
    Check.FREEZE: "no freeze is in the way",
    Check.DEPENDENCIES: "the other services work with it",
    Check.AUTHORITY: "nobody would put the new revision back",
}


def _span(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def first_good(targets: Iterable[Target], rules: RollbackRules, facts: RollbackFacts) -> Target | None:
    """Return the first revision, of those from the newest to the oldest, that the checks of target and record let pass."""
    for target in targets:
        described = RollbackFacts(now=facts.now, current=facts.current, target=target, in_flight=facts.in_flight)
        if not _target(described, rules) and not _record(described, rules):
            return target
    return None
