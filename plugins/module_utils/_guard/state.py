# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the guard remembers of a release, and how that is kept. Pure functions. Private to this collection.

One state for each Rollout (by UID) and pod-template hash: a new hash is a new release and starts with nothing. It goes to JSON of
bounded size and comes back with the same bits, and every window is taken in once, by its number. So a guard that was killed
at any moment goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from .._errors import DeliveryError
from .._evidence.absolute import Absolute
from .._evidence.burn_rate import Trail
from .._evidence.certifying import Certificate
from .._evidence.counts import Counts
from .._evidence.impact import Cost
from .._evidence.process import Process
from .._types import Obj
from .._words import Stage

VERSION = 1

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Last:
    """The last window with data of a stream: its number, and the counts of the new and of the old revision, if any."""

    index: int
    canary: Counts
    stable: Counts | None

    def to_plain(self) -> list[object]:
        """Return it as a list of numbers."""
        stable = [self.stable.n, self.stable.k] if self.stable else []
        return [self.index, self.canary.n, self.canary.k, *stable]

    @classmethod
    def from_plain(cls, plain: Any) -> Last:
        """Return what `to_plain` gave."""
        index, n, k, *stable = plain
        return cls(int(index), Counts(int(n), int(k)), Counts(int(stable[0]), int(stable[1])) if stable else None)


@dataclass(frozen=True)
class Evidence:
    """How strong the evidence is after a window: logarithms of e-values, of all metrics together and of each.

    Attributes:
        relative: the new revision is worse than stable.
        relative_by: the same, by metric.
        absolute: it is over critical thresholds.
        absolute_by: the same, by metric.
        stable: stable is over critical thresholds.
        warning_by: it is over warning thresholds, by metric.
        split: requests are not split as the weight says.
        burn: for each burn-rate rule the rates of the long and the short window, in units of the budget's.
    """

    relative: float = 0.0
    relative_by: Mapping[str, float] = field(default_factory=dict)
    absolute: float = 0.0
    absolute_by: Mapping[str, float] = field(default_factory=dict)
    stable: float = 0.0
    warning_by: Mapping[str, float] = field(default_factory=dict)
    split: float = 0.0
    burn: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Run:
    """Windows in a row within all critical thresholds, and the requests in them (of the metric that has the fewest)."""

    windows: int = 0
    n: int = 0


@dataclass(frozen=True)
class State:
    """A release as the guard knows it. Streams and metrics are named as in results.

    Attributes:
        uid: of the Rollout.
        hash: pod-template hash of the new revision.
        service: name of the service.
        trading: whether it takes orders.
        origin: when the watch began, seconds since the epoch: window 0 begins there.
        policy: normal form of the policy when it began, by which it is judged to the end: changed settings would void the
            guarantee.
        stage: where it stands.
        seen: number of the last window taken in; -1: none.
        windows: how many had data and counted.
        served: requests of the new revision that counted.
        relative: a process for each stream that is compared.
        canary: what was counted of each stream with a threshold.
        stable: the same of the old revision.
        split: the process of requests against weight.
        certificates: by metric.
        costs: what the release has cost, by metric.
        usual: counts of the old revision while it could be compared, by metric.
        trails: of each burn-rate rule.
        missing: windows in a row without required data.
        missing_by: the same for each metric.
        over: windows in a row over the critical threshold, by metric.
        stable_over: the same of the old revision.
        clean: windows in a row within all critical thresholds.
        stable_clean: the same of the old revision.
        calm: windows in a row with evidence low enough to end a hold.
        holding: whether the release is held.
        onset: number of the window since which evidence has been above 1: the best guess of when it began.
        evidence: how strong it is now.
        last: the last counts of each stream.
        marks: when stages were reached, seconds since the epoch, by stage.
    """

    uid: str
    hash: str
    service: str
    trading: bool
    origin: float
    policy: Obj
    stage: Stage = Stage.WARMUP
    seen: int = -1
    windows: int = 0
    served: int = 0
    relative: Mapping[str, Process] = field(default_factory=dict)
    canary: Mapping[str, Absolute] = field(default_factory=dict)
    stable: Mapping[str, Absolute] = field(default_factory=dict)
    split: Process = field(default_factory=Process)
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    costs: Mapping[str, Cost] = field(default_factory=dict)
    usual: Mapping[str, Counts] = field(default_factory=dict)
    trails: tuple[Trail, ...] = ()
    missing: int = 0
    missing_by: Mapping[str, int] = field(default_factory=dict)
    over: Mapping[str, int] = field(default_factory=dict)
    stable_over: Mapping[str, int] = field(default_factory=dict)
    clean: Run = field(default_factory=Run)
    stable_clean: Run = field(default_factory=Run)
    calm: int = 0
    holding: bool = False
    onset: int | None = None
    evidence: Evidence = field(default_factory=Evidence)
    last: Mapping[str, Last] = field(default_factory=dict)
    marks: Mapping[str, float] = field(default_factory=dict)


def to_json(state: State) -> str:
    """Return the state as JSON, in one line."""
    return json.dumps({"version": VERSION, **_plain_fields(state)}, separators=(",", ":"))


def from_json(text: str, where: str) -> State:
    """Return the state that `to_json` gave.

    Args:
        text: the JSON.
        where: where it was kept, for the message.

    Raises:
        DeliveryError: it is of another version, or damaged.
    """
    try:
        given = json.loads(text)
        version = given.pop("version")
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _damaged(where) from error
    if version != VERSION:
        raise DeliveryError(
            f"the guard's state is of version {version}, and this collection writes {VERSION}",
            reason="StateVersion",
            where=where,
            hint="finish the release with the collection it began with, or delete the state to watch it from now on",
        )
    try:
        return State(**{name: _READERS.get(name, _same)(value) for name, value in given.items()})
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _damaged(where) from error


def _damaged(where: str) -> DeliveryError:
    return DeliveryError(
        "the guard's state cannot be read",
        reason="StateDamaged",
        where=where,
        hint="delete it to watch the release from now on; what was seen so far is then forgotten",
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "to_plain"):
        return value.to_plain()
    if isinstance(value, Counts):
        return [value.n, value.k]
    if isinstance(value, (Evidence, Run)):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value


def _plain_fields(value: Any) -> Obj:
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


def _same(value: Any) -> Any:
    return value


def _mapped(read: Callable[[Any], Value]) -> Callable[[Any], dict[str, Value]]:
    return lambda value: {key: read(each) for key, each in value.items()}


def _evidence(value: Any) -> Evidence:
    return Evidence(**{**value, "burn": tuple((float(long), float(short)) for long, short in value["burn"])})


_READERS: dict[str, Callable[[Any], Any]] = {
    "stage": Stage,
    "relative": _mapped(Process.from_plain),
    "canary": _mapped(Absolute.from_plain),
    "stable": _mapped(Absolute.from_plain),
    "split": Process.from_plain,
    "certificates": _mapped(Certificate.from_plain),
    "costs": _mapped(Cost.from_plain),
    "usual": _mapped(lambda value: Counts(int(value[0]), int(value[1]))),
    "trails": lambda value: tuple(Trail.from_plain(each) for each in value),
    "clean": lambda value: Run(**value),
    "stable_clean": lambda value: Run(**value),
    "evidence": _evidence,
    "last": _mapped(Last.from_plain),
}
