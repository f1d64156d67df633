# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The settings of analysis runs: how often, how long, how many bad measurements. Private to this collection."""

from __future__ import annotations

from typing import TypedDict, cast

from .kinds import Key, Kind, number, section
from .plain import merged, plain
from .problems import Place, raise_if_any
from .values import COUNT, DURATION, POSITIVE, seconds

SHARE = number(0, 1)
LIMIT = number(0)

_TIMING = {
    "interval": Key(DURATION),
    "count": Key(POSITIVE),
    "window": Key(DURATION),
    "initial_delay": Key(DURATION),
    "failure_limit": Key(COUNT),
    "inconclusive_limit": Key(COUNT),
    "error_limit": Key(COUNT),
}

GROUPS: dict[str, Kind] = {
    "success_rate": section({**_TIMING, "success_rate_min": Key(SHARE), "avg_response_time_max": Key(LIMIT)}),
    "canary": section({**_TIMING, "error_rate_max": Key(SHARE), "response_time_p99_max": Key(LIMIT)}),
    "orders": section({**_TIMING, "order_success_rate_min": Key(SHARE)}),
}

_ALL = section({name: Key(kind) for name, kind in GROUPS.items()})


class Settings(TypedDict, total=False):
    """One group. Durations are texts; thresholds are shares (0..1) or seconds; limits count measurements.

    ``window`` is how far back each measurement looks, ``initial_delay`` how long the first one waits for data.
    """

    interval: str
    count: int
    window: str
    initial_delay: str
    failure_limit: int
    inconclusive_limit: int
    error_limit: int
    success_rate_min: float
    avg_response_time_max: float
    error_rate_max: float
    response_time_p99_max: float
    order_success_rate_min: float


def settings(base: object, overrides: object = None) -> dict[str, Settings]:
    """Return the settings of the groups success_rate, canary and orders, the overrides laid over the base.

    Raises:
        DeliveryError: whatever is wrong, each group and key named; also limits with which a run could never fail.
    """
    found: list[str] = []
    place = Place("tradesense_analysis", found)
    whole = merged(plain(base), plain(overrides or {}))
    result = cast("dict[str, Settings]", _ALL.read(whole, place))
    if not found:
        for name, group in result.items():
            _check(group, place.key(name))
    raise_if_any(found, "BadAnalysis")
    return result


def _check(group: Settings, place: Place) -> None:
    # Argo fails a metric when it has failed *more* often than the limit, and refuses a limit above the count.
    limits = {"failure_limit": group["failure_limit"], "inconclusive_limit": group["inconclusive_limit"]}
    for limit, value in limits.items():
        if value >= group["count"]:
            place.key(limit).problem(
                f"{value} is not accepted: count is {group['count']}, so it could never be exceeded; give a lower one"
            )
    if seconds(group["window"]) < 2:
        place.key("window").problem(f"{group['window']!r} is too short for a rate; give two scrapes' time or more")
