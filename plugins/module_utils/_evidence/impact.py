# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a release has cost so far, and will. Pure arithmetic. Private to this collection."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .counts import Pair
from .process import Process
from .relative import GRID, Relative
from .starts import Starts

_RECENT = 5
_MARGINS = (1.0, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0)


@dataclass(frozen=True, slots=True)
class Cost:
    """What was counted on the new revision since the watch began; the state of an account, all plain numbers.

    Attributes:
        seen: index of the last window taken in.
        served: how many requests (orders, ...) it took.
        failed: how many of them failed.
        excess: failures that stable would not have had, ``sum (kc - nc * expected share)``, each window for itself, so that an
            incident of both costs nothing. May be below 0 when it was better.
        recent: the excess of the last five windows with requests.
    """

    seen: int = -1
    served: int = 0
    failed: int = 0
    excess: float = 0.0
    recent: tuple[float, ...] = ()

    def to_plain(self) -> list[object]:
        """Return the state as lists of numbers."""
        return [self.seen, self.served, self.failed, self.excess, list(self.recent)]

    @classmethod
    def from_plain(cls, plain: object) -> Cost:
        """Return the state that `to_plain` gave.

        Raises:
            ValueError: it is something else.
        """
        if not isinstance(plain, list) or len(plain) != 5 or not isinstance(plain[4], list):
            raise ValueError("not the state of an account")
        seen, served, failed, excess, recent = plain
        return cls(int(seen), int(served), int(failed), float(excess), tuple(float(each) for each in recent))

    @property
    def harmed(self) -> float:
        """Failures that stable would not have had; never below 0."""
        return max(self.excess, 0.0)

    @property
    def harm_per_window(self) -> float:
        """The same for one window of late; never below 0."""
        return max(math.fsum(self.recent) / len(self.recent), 0.0) if self.recent else 0.0

    def expected_harm(self, seconds: float, window: float) -> float:
        """Return the failures to be expected in the next ``seconds``, at a length of ``window`` seconds."""
        return self.harm_per_window * seconds / window


def charged(cost: Cost, index: int, pair: Pair | None, usual: float | None = None) -> Cost:
    """Return the account after window ``index``; one that was seen already, or is older, changes nothing.

    Args:
        cost: the account before.
        index: number of the window.
        pair: its counts; None: there are none.
        usual: share of failures that is expected where stable takes no requests at the same time, as measured before. None:
            it is not known, and every failure counts.
    """
    if index <= cost.seen:
        return cost
    if pair is None or not pair.canary.n:
        return Cost(index, cost.served, cost.failed, cost.excess, cost.recent)
    share = pair.stable.rate if pair.stable.n else usual
    # Above 1 where the denominator is only an exposure: still the number to be expected.
    excess = pair.canary.k - pair.canary.n * (share or 0.0)
    return Cost(
        index,
        cost.served + pair.canary.n,
        cost.failed + pair.canary.k,
        cost.excess + excess,
        (*cost.recent, excess)[-_RECENT:],
    )


def odds_at_least(pairs: Sequence[Pair], alpha: float, burstiness: float) -> float:
    """Return the odds ratio that canary over stable has at least, with confidence ``1 - alpha``; 1 if none is shown.

    The lower end of the confidence sequence that the relative test gives: the largest margin it rejects. It holds at any time
    one stops.
    """
    shown = 1.0
    for margin in _MARGINS:
        test = Relative(margin, burstiness, GRID, Starts())
        process = Process()
        for index, pair in enumerate(pairs):
            process = test.update(process, index, pair)
        if process.peak < math.log(1 / alpha):
            break
        shown = margin
    return shown


@dataclass(frozen=True)
class Work:
    """What going back takes: pods to start and to stop, and the seconds until stable has all traffic and pods."""

    start: int
    stop: int
    seconds: float


def work(
    *, desired: int, stable_available: int, new_pods: int, surge: int, ready_seconds: Iterable[float], delay: float
) -> Work:
    """Return what going back takes.

    Args:
        desired: pods that the workload is to have.
        stable_available: those of the old revision that are available now.
        new_pods: those of the new revision.
        surge: how many may start at once; 0 counts as 1.
        ready_seconds: how long pods of this release took until they were Ready.
        delay: seconds that the controller and the proxies need to move traffic.
    """
    start = max(desired - stable_available, 0)
    rounds = -(-start // max(surge, 1))
    return Work(start, new_pods, delay + rounds * _percentile(sorted(ready_seconds), 0.95))


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share does not exceed; 0 for nothing."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else 0.0
