# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Splits a batch of requests over pods, as the router does. Pure functions of their random generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

from sandbox.simulator.draws import binomial, spread_evenly
from sandbox.simulator.routing import Branch, canary_choice, marked_headers, weight_share

Endpoint = TypeVar("Endpoint")


@dataclass(frozen=True)
class Route(Generic[Endpoint]):
    """A branch with its pods, and the shares of its requests (0..1) that go to the canary.

    ``marked``: share of requests that carry the canary's header; they go to the canary with probability
    ``marked_canary``, all others with probability ``plain_canary``.
    """

    stable: Sequence[Endpoint]
    canary: Sequence[Endpoint] = ()
    marked: float = 0.0
    marked_canary: float = 0.0
    plain_canary: float = 0.0


def route_of(
    branch: Branch, stable: Sequence[Endpoint], canary: Sequence[Endpoint], header_share: float
) -> Route[Endpoint]:
    """The route of a branch whose Services have these pods.

    A canary without a ready pod takes nothing: ingress-nginx keeps no balancer without endpoints and sends
    the request to the stable Service, header or not.
    """
    if branch.rule is None or not canary:
        return Route(stable)
    by_weight = weight_share(branch.rule)
    headers = marked_headers(branch.rule)
    choice = canary_choice(branch.rule, headers, {}) if headers else None
    return Route(
        stable=stable,
        canary=canary,
        marked=header_share if headers else 0.0,
        marked_canary=by_weight if choice is None else float(choice),
        plain_canary=by_weight,
    )


def split(rng: Random, requests: int, routes: Sequence[Route[Endpoint]]) -> tuple[list[tuple[Endpoint, int]], int]:
    """Requests per pod (an entry may come twice, zeros are left out) and how many found no ready pod (503)."""
    shares: list[tuple[Endpoint, int]] = []
    unserved = 0
    parts = spread_evenly(rng, requests, len(routes)) if len(routes) > 1 else [requests]
    for route, part in zip(routes, parts, strict=True):
        if not route.stable:
            unserved += part
            continue
        marked = binomial(rng, part, route.marked)
        to_canary = binomial(rng, marked, route.marked_canary) + binomial(rng, part - marked, route.plain_canary)
        _share_out(rng, to_canary, route.canary, shares)
        _share_out(rng, part - to_canary, route.stable, shares)
    return shares, unserved


def _share_out(rng: Random, requests: int, pods: Sequence[Endpoint], shares: list[tuple[Endpoint, int]]) -> None:
    if requests:
        for pod, count in zip(pods, spread_evenly(rng, requests, len(pods)), strict=True):
            if count:
                shares.append((pod, count))
