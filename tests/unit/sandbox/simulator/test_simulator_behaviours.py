# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

import sandbox.simulator
from sandbox.simulator.behaviours import (
    BUCKETS,
    HEALTHY,
    RULES,
    Readiness,
    behaviour_named,
    behaviour_of,
    image_tag,
)
from sandbox.simulator.life import Histogram, PodLife, new_life
from tests.unit.sandbox.simulator.simulator_builders import MakePod

REQUESTS = 60_000


def live(make_pod: MakePod, tag: str, app: str = "tradesense-trading-service", seconds: float = 0.0) -> PodLife:
    """A pod that has just answered 60 000 requests, ``seconds`` after it became Ready."""
    record = make_pod("p", app, image=f"tradesense/x:{tag}")
    life = new_life(record, behaviour_of(record.image), now=1_000_000_020.0)
    rng = Random(42)
    for _ in range(REQUESTS // 20):
        life.take(rng, 20, 1_000_000_020.0 + seconds)
    return life


def quantile(histogram: Histogram, q: float) -> float:
    """As Prometheus' histogram_quantile does it."""
    wanted = q * sum(histogram.counts)
    seen, low = 0, 0.0
    for bound, count in zip(BUCKETS, histogram.counts, strict=False):
        if seen + count >= wanted:
            return low + (bound - low) * (wanted - seen) / count
        seen, low = seen + count, bound
    return BUCKETS[-1]


def error_share(life: PodLife) -> float:
    return life.tally.errors / life.tally.requests


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("tradesense/web:v2.8.0-slow", "v2.8.0-slow"),
        ("registry:5000/tradesense/web", ""),
        ("registry:5000/tradesense/web:v1", "v1"),
        ("web:v1@sha256:abc", "v1"),
        ("", ""),
    ],
)
def test_image_tag(image: str, tag: str) -> None:
    assert image_tag(image) == tag


@pytest.mark.parametrize("tag", ["v2.8.0", "v2.8.0-rc1", "latest", "v1-errors", "v1-errors5x", "v1-slowly", "errors20"])
def test_a_tag_without_a_known_suffix_is_healthy(tag: str) -> None:
    assert behaviour_of(f"tradesense/web:{tag}") is HEALTHY


@pytest.mark.parametrize(
    ("tag", "field", "value"),
    [
        ("v1-errors20", "error_rate", 0.20),
        ("v1-errors0.5", "error_rate", 0.005),
        ("v1-errors500", "error_rate", 1.0),
        ("v1-rc1-errors3", "error_rate", 0.03),
        ("v1-orders20", "order_failure_rate", 0.20),
        ("v1-late20", "onset", 60.0),
        ("v1-late20-120s", "onset", 120.0),
        ("v1-late20-120s", "fault_rate", 0.20),
        ("v1-burst20", "fault_rate", 0.20),
        ("v1-burst20", "period", 30.0),
        ("v1-stall3", "name", "stall3"),
        ("v1-risk15", "risk_failures_per_minute", 15.0),
        ("v1-crash", "readiness", Readiness.CRASH),
        ("v1-neverready", "readiness", Readiness.NEVER_READY),
        ("v1-imagepull", "readiness", Readiness.IMAGE_PULL),
    ],
)
def test_suffixes(tag: str, field: str, value: object) -> None:
    assert getattr(behaviour_of(f"x:{tag}"), field) == value


def test_behaviours_by_name() -> None:
    assert behaviour_named("healthy") is HEALTHY
    assert behaviour_named("errors20") == behaviour_of("x:v1-errors20")
    assert behaviour_named("-late5-10s").name == "late5-10s"
    with pytest.raises(ValueError, match="no behaviour is named 'fast'; there are healthy, errorsN"):
        behaviour_named("fast")
    with pytest.raises(ValueError, match="no behaviour"):
        behaviour_named("v1-slow")


def test_a_healthy_pod_is_healthy(make_pod: MakePod) -> None:
    life = live(make_pod, "v1")
    assert error_share(life) == pytest.approx(0.001, rel=0.35)
    assert quantile(life.counters.latency, 0.5) == pytest.approx(0.04, rel=0.1)
    assert quantile(life.counters.latency, 0.99) < 0.25
    assert life.tally.slow == 0
    assert life.tally.orders == pytest.approx(0.3 * REQUESTS, rel=0.02)
    assert life.tally.orders_failed / life.tally.orders == pytest.approx(0.002, rel=0.4)
    assert quantile(life.counters.position, 0.5) == pytest.approx(0.05, rel=0.1)
    assert quantile(life.counters.position, 0.95) < 1.0


def test_counters_agree_with_each_other(make_pod: MakePod) -> None:
    life = live(make_pod, "v1-errors20")
    counters = life.counters
    assert sum(counters.requests.values()) == sum(counters.latency.counts) == life.tally.requests == REQUESTS
    assert counters.requests[("GET", "500")] + counters.requests[("POST", "500")] == life.tally.errors
    orders = counters.requests[("POST", "200")] + counters.requests[("POST", "500")]
    assert counters.orders_failed + counters.orders_succeeded == life.tally.orders == orders
    mean = counters.latency.total / REQUESTS
    assert mean == pytest.approx(0.04 * 2.718281828 ** (0.6**2 / 2), rel=0.02)


@pytest.mark.parametrize(("tag", "share"), [("v1-errors20", 0.2), ("v1-errors5", 0.05), ("v1-errors0.5", 0.005)])
def test_errors(make_pod: MakePod, tag: str, share: float) -> None:
    assert error_share(live(make_pod, tag)) == pytest.approx(share, rel=0.15)


def test_slow(make_pod: MakePod) -> None:
    life = live(make_pod, "v1-slow")
    assert quantile(life.counters.latency, 0.5) == pytest.approx(0.8, rel=0.1)
    assert quantile(life.counters.latency, 0.99) > 3.0
    over = sum(life.counters.latency.counts[BUCKETS.index(1.0) + 1 :])
    assert life.tally.slow == over > REQUESTS / 4
    assert error_share(life) < 0.002


def test_stalls(make_pod: MakePod) -> None:
    life = live(make_pod, "v1-stall3")
    stalled = sum(life.counters.latency.counts[BUCKETS.index(5.0) + 1 :])
    assert stalled == pytest.approx(0.03 * REQUESTS, rel=0.1)
    assert life.tally.slow == pytest.approx(stalled, rel=0.01)
    assert quantile(life.counters.latency, 0.5) == pytest.approx(0.04, rel=0.1)
    assert quantile(life.counters.latency, 0.99) > 5.0
    assert error_share(life) < 0.002


@pytest.mark.parametrize("tag", ["v1-errors100", "v1-stall100", "v1-orders100"])
def test_the_ledger_says_when_it_began_and_ended(make_pod: MakePod, tag: str) -> None:
    record = make_pod("p", "tradesense-trading-service", image=f"tradesense/x:{tag}")
    life = new_life(record, behaviour_of(record.image), now=100.0)
    assert (life.tally.first_bad, life.tally.last_request) == (0.0, 0.0)
    for now in (101.0, 102.0):
        life.take(Random(1), 20, now)
    assert (life.tally.first_bad, life.tally.last_request) == (101.0, 102.0)


def test_a_pod_without_a_bad_request_has_no_first_one(make_pod: MakePod) -> None:
    life = new_life(make_pod("p", "tradesense-web"), HEALTHY, now=100.0)
    life.take(Random(1), 1, 101.0)
    assert (life.tally.errors, life.tally.first_bad, life.tally.last_request) == (0, 0.0, 101.0)


def test_failing_orders_are_not_errors(make_pod: MakePod) -> None:
    life = live(make_pod, "v1-orders20")
    assert life.tally.orders_failed / life.tally.orders == pytest.approx(0.2, rel=0.05)
    assert error_share(life) < 0.002


def test_slow_position_updates(make_pod: MakePod) -> None:
    life = live(make_pod, "v1-positionslow")
    assert quantile(life.counters.position, 0.5) > 1.0
    assert quantile(life.counters.latency, 0.99) < 0.25


def test_only_trading_and_broker_services_take_orders(make_pod: MakePod) -> None:
    assert live(make_pod, "v1", app="tradesense-broker-gateway").tally.orders > 0
    other = live(make_pod, "v1-orders50", app="tradesense-user-service")
    assert other.tally.orders == other.tally.orders_failed == sum(other.counters.position.counts) == 0


@pytest.mark.parametrize(
    ("tag", "seconds", "share"),
    [
        ("v1-late20", 0.0, 0.001),
        ("v1-late20", 59.0, 0.001),
        ("v1-late20", 60.0, 0.2),
        ("v1-late20-120s", 119.0, 0.001),
        ("v1-late20-120s", 3600.0, 0.2),
        ("v1-late20-0s", 0.0, 0.2),
    ],
)
def test_late_errors_begin_when_they_should(make_pod: MakePod, tag: str, seconds: float, share: float) -> None:
    assert error_share(live(make_pod, tag, seconds=seconds)) == pytest.approx(share, rel=0.4)


def test_bursts_are_common_to_all_pods_and_make_errors_correlated() -> None:
    behaviour = behaviour_of("x:v1-burst20")
    rates = [behaviour.error_rate_at(1_000_000_000.0 + second, ready_since=0.0) for second in range(300)]
    assert rates.count(0.2) == 50
    assert rates.count(0.001) == 250
    # Per window of 10 s with 1 000 requests the spread is far beyond that of independent errors (phi > 1).
    windows = [sum(rates[i : i + 10]) * 100 for i in range(0, 300, 10)]
    mean = sum(windows) / len(windows)
    phi = sum((x - mean) ** 2 for x in windows) / (len(windows) - 1) / mean
    assert phi > 10


@pytest.mark.parametrize(("tag", "per_minute"), [("v1", 0.3), ("v1-risk15", 15.0)])
def test_risk_failures_follow_time_not_requests(make_pod: MakePod, tag: str, per_minute: float) -> None:
    record = make_pod("p", "tradesense-trading", image=f"x:{tag}")
    life = new_life(record, behaviour_of(record.image), now=0.0)
    rng = Random(9)
    minutes = 600
    for _ in range(minutes * 240):
        life.check_risks(rng, 0.25)
    assert life.counters.risk_failures == pytest.approx(per_minute * minutes, rel=0.2)


def test_the_readme_has_the_whole_table() -> None:
    readme = (Path(sandbox.simulator.__file__).parent / "README.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(-.+?)` \| (.+?) \|$", readme, re.MULTILINE)
    assert table == [(rule.suffix.replace(", ", "`, `"), rule.description) for rule in RULES]
