# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One generator of releases for all judges: the same seed gives the same stream, on every interpreter.

Requests and orders come as independent Poisson processes, split by the canary's weight. Each kind of request (served within
each latency bucket, stalled, failed) is then a Poisson process of its own, which is the same as marking each request by
itself. Latencies are log-normal with a 99th percentile of 1 s; requests that fail do so quickly. Burstiness multiplies the
expected number of failures in each window by a gamma variable, for each revision by itself: negative binomial counts with
``phi`` times the variance of Poisson ones (equal for failing requests and failing orders).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from random import Random

from sandbox.simulator.draws import binomial, log_normal, poisson
from tests.bench.guard.behaviour import PODS, Behaviour, pods_at, weights
from tests.bench.guard.regimes import Regime
from tests.bench.guard.stream import BOUNDS, WINDOW_SECONDS, Counts, Stream, Window

SEED = "tradesense.delivery guard 1"
"""With the regime's name and the number of the release it is the seed of a stream."""
ORDERS = 0.1
"""Orders for each request."""
# Median and log-scale of the latency: 99 % are served within a second.
_MEDIAN, _SIGMA = 0.15, 0.8155


def _latencies() -> tuple[float, ...]:
    """Return the probability of each latency bucket, the last of which takes the (rare) rest."""
    upto = (0.0, *log_normal(_MEDIAN, _SIGMA, BOUNDS).upto)
    return tuple(high - low for low, high in pairwise(upto))


_LATENCIES = _latencies()


def generate(regime: Regime, number: int) -> Stream:
    """Return the stream of one release: ``number`` is 0 for the first."""
    rng = Random(f"{SEED}/{regime.name}/{number}")
    windows = []
    for weight, pair in zip(weights(), regime.plan(rng)):
        load = regime.rps * WINDOW_SECONDS
        canary = _kinds(rng, load * weight, pair.canary, regime.phi)
        stable = _kinds(rng, load * (1 - weight), pair.stable, regime.phi)
        served = _counts(canary)
        if regime.missing and rng.random() < regime.missing:
            windows.append(Window(weight, None, None, served))
            continue
        if regime.resets:
            canary = _reset(rng, canary, regime.resets, pods_at(weight))
            stable = _reset(rng, stable, regime.resets, PODS - pods_at(weight))
            windows.append(Window(weight, _counts(canary), _counts(stable), served))
        else:
            windows.append(Window(weight, served, _counts(stable), served))
    return Stream(windows, partial(_halves, regime, number))


def _halves(regime: Regime, number: int, windows: int) -> list[tuple[Counts, Counts]]:
    """Return windows from before a release, when the regime's plan is not in force yet."""
    rng = Random(f"{SEED}/{regime.name}/{number}/before")
    half = regime.rps * WINDOW_SECONDS / 2
    usual = regime.plan(rng)[0].stable
    drawn = [[_counts(_kinds(rng, half, usual, regime.phi)) for _ in range(2)] for _ in range(windows)]
    return [(one, other) for one, other in drawn]


def _kinds(rng: Random, requests: float, behaviour: Behaviour, phi: float) -> list[int]:
    """Draw how many there are of each kind: a number for each latency bucket, failed; orders that succeed and that fail."""
    fine = requests * (1.0 - behaviour.errors - behaviour.stalls)
    kinds = [poisson(rng, fine * share) for share in _LATENCIES]
    if behaviour.stalls:
        kinds[-1] += poisson(rng, requests * behaviour.stalls)
    orders = requests * ORDERS * behaviour.orders
    kinds.append(_failures(rng, requests * behaviour.errors, phi))
    kinds.append(poisson(rng, orders * (1.0 - behaviour.order_failures)))
    kinds.append(_failures(rng, orders * behaviour.order_failures, phi))
    return kinds


def _failures(rng: Random, mean: float, phi: float) -> int:
    return poisson(rng, mean if phi == 1.0 else rng.gammavariate(mean / (phi - 1.0), phi - 1.0))


def _reset(rng: Random, kinds: Sequence[int], likely: float, pods: int) -> list[int]:
    """Take away what one of the pods counted between its last scrape and its restart, if it restarts at all."""
    if rng.random() >= likely:
        return list(kinds)
    kept = 1.0 - rng.random() / pods
    return [binomial(rng, kind, kept) for kind in kinds]


def _counts(kinds: Sequence[int]) -> Counts:
    *buckets, failed, fulfilled, failed_orders = kinds
    slow, above = [], 0
    for bucket in reversed(buckets[1:]):
        above += bucket
        slow.append(above)
    return Counts(
        requests=above + buckets[0] + failed,
        errors=failed,
        slow=tuple(reversed(slow)),
        orders=fulfilled + failed_orders,
        failed_orders=failed_orders,
    )
