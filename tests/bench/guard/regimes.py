# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The circumstances under which releases are judged: nulls, in which nothing may be rolled back, and alternatives."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.guard import behaviour
from tests.bench.guard.behaviour import Behaviour, Planner


@dataclass(frozen=True)
class Regime:
    """One kind of release.

    ``rps``: requests per second to both revisions together. ``onset``: the window in which the canary turns bad, None for a
    null. ``phi``: how many times the variance of failures exceeds that of independent ones. ``missing``: share of the windows
    whose question finds no data. ``resets``: how likely a pod of a revision restarts in a window, and takes what it had
    counted since the last scrape with it. ``equal``: in a null, whether the revisions really fail alike, and independently.
    """

    name: str
    title: str
    plan: Planner
    rps: float = 100.0
    onset: int | None = None
    phi: float = 1.0
    missing: float = 0.0
    resets: float = 0.0
    equal: bool = True

    @property
    def null(self) -> bool:
        """Whether the release is not at fault."""
        return self.onset is None


NULLS = (
    Regime("iid-100", "healthy, 100 rps", behaviour.alike()),
    Regime("iid-20", "healthy, 20 rps", behaviour.alike(), rps=20),
    Regime("iid-2", "healthy, 2 rps", behaviour.alike(), rps=2),
    Regime("base-0.1", "0.1 % fail", behaviour.alike(0.001)),
    Regime("base-1.8", "1.8 % fail", behaviour.alike(0.018)),
    Regime("incident", "shared incident", behaviour.incident),
    Regime("drift", "failures drift x4", behaviour.drift),
    Regime("missing", "10 % of windows missing", behaviour.alike(), missing=0.1),
    Regime("resets", "counter resets", behaviour.alike(), resets=0.05),
    Regime("bursty-1.5", "bursty, phi 1.5", behaviour.alike(), phi=1.5, equal=False),
    Regime("bursty-3", "bursty, phi 3", behaviour.alike(), phi=3.0, equal=False),
    Regime("bursty-5", "bursty, phi 5", behaviour.alike(), phi=5.0, equal=False),
    Regime("sick-node", "one sick node", behaviour.sick_node, equal=False),
)

ALTERNATIVES = (
    *(
        Regime(
            f"errors-{points}-{rps}",
            f"+{points} point{'s' if points > 1 else ''} of errors, {rps} rps",
            behaviour.more_errors(points),
            rps=rps,
            onset=0,
        )
        for points in (1, 5, 20)
        for rps in (100, 20, 2)
    ),
    *(
        Regime(f"stall-{share}", f"{share} % stall for 5 s", behaviour.worse(Behaviour(stalls=share / 100)), onset=0)
        for share in (1, 3, 10)
    ),
    Regime("orders-failing", "10 points more orders fail", behaviour.worse(Behaviour(order_failures=0.105)), onset=0),
    Regime("orders-fewer", "10 % fewer orders come in", behaviour.worse(Behaviour(orders=0.9)), onset=0),
    *(
        Regime(
            f"late-{minutes:g}",
            f"+1 point of errors after {minutes:g} min",
            behaviour.more_errors(1, onset=round(minutes * 2)),
            onset=round(minutes * 2),
        )
        for minutes in (10, 15, 22.5)
    ),
    Regime("intermittent", "+5 points in 1 window of 5", behaviour.more_errors(5, every=5), onset=0),
)
