# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How both revisions behave during a release: what the generator draws counts from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from tests.bench.guard.stream import STEPS, WINDOWS

BASE = 0.005
"""Usual share of failing requests, and of failing orders."""
# The incident: this share of all requests fails for three minutes, whichever revision serves them.
_INCIDENT = 0.08
_INCIDENT_WINDOWS = 6
_DRIFT = 4.0
# The sick node: pods of both revisions stand on nodes chosen at random, and one node fails this share of its requests.
_NODES = 10
_SICK = 0.05
PODS = 10


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Shares: of requests that fail, of requests that stall for 5 to 10 s, of orders that fail; and orders, 1 being usual."""

    errors: float = BASE
    stalls: float = 0.0
    order_failures: float = BASE
    orders: float = 1.0


@dataclass(frozen=True, slots=True)
class Pair:
    """How the canary and the stable revision behave in one window."""

    canary: Behaviour
    stable: Behaviour


Plan = Sequence[Pair]
Planner = Callable[[Random], Plan]
"""Makes the plan of one release: what differs from release to release, such as when an incident begins, it draws."""


def alike(errors: float = BASE) -> Planner:
    """Both revisions fail alike, all the time."""
    both = Behaviour(errors)
    return lambda _: [Pair(both, both)] * WINDOWS


def incident(rng: Random) -> Plan:
    """For three minutes, at a random time, both revisions fail much more."""
    begin = rng.randrange(WINDOWS - _INCIDENT_WINDOWS + 1)
    usual, failing = Behaviour(), Behaviour(_INCIDENT)
    during = range(begin, begin + _INCIDENT_WINDOWS)
    return [Pair(failing, failing) if window in during else Pair(usual, usual) for window in range(WINDOWS)]


def drift(_: Random) -> Plan:
    """The share that fails grows steadily to four times what it was, in both revisions."""
    each = [Behaviour(BASE * (1 + (_DRIFT - 1) * window / (WINDOWS - 1))) for window in range(WINDOWS)]
    return [Pair(both, both) for both in each]


def sick_node(rng: Random) -> Plan:
    """From a random time on one node fails some requests of the pods on it, and chance decides whose pods these are.

    It is no fault of the release, yet a canary of one pod on that node is truly worse than the stable revision.
    """
    begin = rng.randrange(WINDOWS)
    # Pods come with each step and stay where they are; the stable revision gives its last ones up.
    canary = [rng.randrange(_NODES) == 0 for _ in range(PODS)]
    stable = [rng.randrange(_NODES) == 0 for _ in range(PODS)]
    plan = []
    for window, weight in enumerate(weights()):
        hit = []
        for placed, pods in ((canary, pods_at(weight)), (stable, PODS - pods_at(weight))):
            share = sum(placed[:pods]) / pods
            hit.append(Behaviour(BASE + (_SICK * share if window >= begin else 0.0)))
        plan.append(Pair(*hit))
    return plan


def worse(canary: Behaviour, *, onset: int = 0, every: int = 1) -> Planner:
    """Only the canary behaves otherwise: from window ``onset`` on, in one window out of ``every``."""
    usual, bad = Pair(Behaviour(), Behaviour()), Pair(canary, Behaviour())
    plan = [bad if window >= onset and (window - onset) % every == 0 else usual for window in range(WINDOWS)]
    return lambda _: plan


def more_errors(points: float, *, onset: int = 0, every: int = 1) -> Planner:
    """``points`` percentage points more of the canary's requests fail."""
    return worse(replace(Behaviour(), errors=BASE + points / 100), onset=onset, every=every)


def weights() -> list[float]:
    """Return the canary's weight in each window."""
    return [weight for weight, length in STEPS for _ in range(length)]


def pods_at(weight: float) -> int:
    """Return how many of the pods are the canary's at this weight, rounded up as the controller does."""
    return math.ceil(weight * PODS)
