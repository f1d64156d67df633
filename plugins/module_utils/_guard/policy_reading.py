# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From `tradesense_guard_policy` as people write it to a policy. Pure functions. Private to this collection."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from .._catalog.kinds import map_of, native
from .._catalog.plain import merged, plain
from .._catalog.problems import Place, raise_if_any
from .._catalog.values import NAME, seconds
from .._evidence.absolute import EventLimit, ShareLimit
from .._evidence.burn_rate import BurnWindows
from .._evidence.certifying import NotWorse
from .._evidence.relative import Relative
from .._evidence.share import Split
from .._evidence.starts import Starts
from .._types import Obj
from .._windows.definitions import Definition, Kind, LabelNames
from .._windows.model import Stream
from .._words import Metric, Mode
from .policy import BurnRule, Levels, Limit, MetricPolicy, Policies, Policy, RollbackRules, Verify
from .policy_checks import check
from .policy_schema import POLICY, SHAPE, STRICT

_REASON = "BadPolicy"
_SERVICES = "services"
_KINDS = {
    Metric.ERROR_RATE: Kind.SHARE,
    Metric.RESPONSE_TIME: Kind.SLOWER,
    Metric.ORDER_SUCCESS: Kind.SHARE,
    Metric.POSITION_LATENCY: Kind.SLOWER,
    Metric.RISK_FAILURES: Kind.EVENTS,
}
_TRADING = (Metric.ORDER_SUCCESS, Metric.POSITION_LATENCY, Metric.RISK_FAILURES)


def read_policies(written: object, overrides: object = None) -> Policies:
    """Return the policies that an inventory holds, checked and with every default filled in.

    Args:
        written: `tradesense_guard_policy`: the keys of policy_schema.py, and ``services``: service -> keys that differ.
        overrides: what an environment lays over it, key by key.

    Raises:
        DeliveryError: whatever is wrong, each key named.
    """
    found: list[str] = []
    place = Place(POLICY, found)
    for given in (written, overrides):
        if given is not None and not isinstance(given, Mapping):
            place.refuse(given, SHAPE.accepts)
    raise_if_any(found, _REASON)
    whole = _laid_over(written, overrides)
    kind = map_of(NAME, native("a mapping of the keys that differ"))
    services = cast("Obj", kind.read(whole.pop(_SERVICES, None) or {}, place.key(_SERVICES)))
    base = _read(whole, place)
    # What is wrong in the base would be told once more for every service.
    if not found:
        result = {
            name: _read(merged(copy.deepcopy(whole), over), place.key(_SERVICES).key(name))
            for name, over in services.items()
        }
    raise_if_any(found, _REASON)
    return Policies(base, result)


def _laid_over(written: object, overrides: object) -> Obj:
    return cast("Obj", merged(plain(written or {}), plain(overrides or {})))


def one_policy(written: object, overrides: object = None, mode: str = "") -> Obj:
    """Return a policy with what an environment lays over it as one, as people write it: what has a default stays away.

    Args:
        written: see `read_policies`.
        overrides: see `read_policies`.
        mode: for all services, whatever is written; empty: as it is written.

    Raises:
        DeliveryError: whatever is wrong, each key named.
    """
    read_policies(written, overrides)
    whole = _laid_over(written, overrides)
    if mode:
        services = {name: {**over, "mode": mode} for name, over in (whole.get(_SERVICES) or {}).items()}
        whole = {**whole, "mode": mode, **({_SERVICES: services} if services else {})}
        read_policies(whole)
    return whole


def policy_of(written: Obj, *, trading: bool, burstiness: Mapping[Metric, float] | None = None) -> Policy:
    """Return the policy of a service.

    Args:
        written: its normal form, from `Policies.written` or from the state of a release.
        trading: whether it takes orders; the others have no metrics of orders.
        burstiness: what was measured on its stable pods, in place of what is written. Fixed when a release begins, and part of
            the normal form from then on.

    Raises:
        DeliveryError: it is no policy in normal form.
    """
    found: list[str] = []
    given = copy.deepcopy(written)
    for metric, phi in (burstiness or {}).items():
        if metric.value in given.get("metrics", {}):
            given["metrics"][metric.value]["burstiness"] = phi
    values = _read(given, Place(POLICY, found))
    raise_if_any(found, _REASON)
    evidence, no_data = values["evidence"], values["no_data"]
    window = float(seconds(values["window"]))
    every = evidence["start_every_windows"]
    starts = Starts(every, max(round(seconds(evidence["planned"]) / window / every), 1))
    metrics = tuple(
        _metric(metric, values, window, starts)
        for metric in _KINDS
        if values["metrics"][metric.value]["enabled"] and (trading or metric not in _TRADING)
    )
    traffic = values["metrics"][Metric.REQUEST_RATE.value]
    return Policy(
        written=values,
        mode=Mode(values["mode"]),
        window=window,
        delay=float(seconds(values["delay"])),
        staleness=float(seconds(values["staleness"])),
        warm_up=float(seconds(values["warm_up"])),
        bake=float(seconds(values["bake"])),
        min_requests=values["min_requests"],
        levels=Levels(
            -math.log(evidence["hold"]),
            -math.log(evidence["rollback"]),
            math.log(evidence["resume_below"]),
            evidence["resume_windows"],
        ),
        starts=starts,
        limit_starts=replace(starts, kept=4),
        metrics=metrics,
        traffic=Definition(Metric.REQUEST_RATE, Kind.TRAFFIC, traffic["series"]) if traffic["enabled"] else None,
        split=Split(traffic["burstiness"], starts=starts) if traffic["enabled"] else None,
        absolute_rollback=values["absolute"]["rollback"],
        consecutive_windows=values["absolute"]["consecutive_windows"],
        consecutive_failures=values["absolute"]["consecutive_failures"],
        hold_after_windows=no_data["hold_after_windows"],
        page_after_windows=_windows(no_data["page_after"], window),
        certify_level=-math.log(values["certify"]["alpha"]),
        restarts=values["pods"]["restarts"],
        budget=round(1 - values["burn_rate"]["objective"], 12),
        burn=tuple(_burn(rule, window) for rule in values["burn_rate"]["windows"]),
        verify=_verify(values["verify"]),
        rollback=_rollback(values["rollback"]),
        labels=LabelNames(**values["labels"]),
    )


def _read(whole: object, place: Place) -> Obj:
    before = len(place.found)
    values = cast("Obj", SHAPE.read(whole, place))
    # The reader's stand-ins would only give consequential errors.
    if len(place.found) == before:
        check(values, place)
    return values


def _metric(metric: Metric, values: Obj, window: float, starts: Starts) -> MetricPolicy:
    given, evidence = values["metrics"][metric.value], values["evidence"]
    phi = given["burstiness"] or evidence["burstiness"]
    kind = _KINDS[metric]
    limits = {name: _limit(metric, given, name, window, phi) for name in ("warning", "critical")}
    compared: tuple[Stream, ...] = (Stream(metric),)
    bounds: tuple[float, ...] = ()
    if kind is Kind.SLOWER:
        compared = tuple(Stream(metric, bound) for bound in given["bounds"])
        streams = [*compared, *(limit.stream for limit in limits.values() if limit)]
        bounds = tuple(sorted({stream.bound for stream in streams if stream.bound is not None}))
    return MetricPolicy(
        definition=Definition(
            metric,
            kind,
            given["series"],
            failed=given.get("failed", ""),
            exposure=given.get("exposure", ""),
            bounds=bounds,
            trading=metric in _TRADING,
        ),
        weight=given["weight"],
        relative=Relative(given["margin"], phi, tuple(evidence["effects"]), starts),
        compared=compared,
        required=given["required"],
        certify=NotWorse(values["certify"]["margin"], phi) if metric.value in values["certify"]["metrics"] else None,
        **limits,
    )


def _limit(metric: Metric, given: Obj, name: str, window: float, phi: float) -> Limit | None:
    shown = given[name]
    if shown is None or shown is False:
        return None
    if _KINDS[metric] is Kind.SLOWER:
        return Limit(Stream(metric, shown), ShareLimit(given["share"], phi), given["share"], shown)
    if _KINDS[metric] is Kind.EVENTS:
        rate = shown * window / 60
        return Limit(Stream(metric), EventLimit(rate, phi), rate, shown, per_window=True)
    share = round(1 - shown, 12) if metric is Metric.ORDER_SUCCESS else shown
    return Limit(Stream(metric), ShareLimit(share, phi), share, shown)


def _burn(rule: Obj, window: float) -> BurnRule:
    windows = BurnWindows(rule["factor"], _windows(rule["long"], window), _windows(rule["short"], window))
    return BurnRule(windows, rule["action"], rule["long"], rule["short"])


def _verify(given: Obj) -> Verify:
    timeouts = {name: float(seconds(given[name])) for name in ("traffic_timeout", "pods_timeout", "metrics_timeout")}
    return Verify(given["windows"], given["requests"], **timeouts)


def _rollback(given: Obj) -> RollbackRules:
    return RollbackRules(
        cooldown=float(seconds(given["cooldown"])),
        limit=given["limit"],
        period=float(seconds(given["period"])),
        max_target_age=float(seconds(given["max_target_age"])),
        available=given["available"],
        strict_freeze=given["freeze"] == STRICT,
    )


def _windows(duration: str, window: float) -> int:
    return max(round(seconds(duration) / window), 1)
