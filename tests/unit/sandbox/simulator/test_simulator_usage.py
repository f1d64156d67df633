# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from sandbox.simulator.records import Container, Resources
from sandbox.simulator.usage import WINDOW, Meter, Usage, usage_of

MEBI = 2.0**20
ASKS = Container("main", "x:v1", requests=Resources(0.25, 512 * MEBI), limits=Resources(0.5, 1024 * MEBI))


TICK = 0.25


def metered(rate: float, seconds: float) -> Meter:
    meter = Meter()
    for tick in range(int(seconds / TICK)):
        meter.add(tick * TICK, (tick + 1) * TICK, round(rate * TICK))
    return meter


class TestMeter:
    def test_it_tells_the_rate_of_the_window(self) -> None:
        assert metered(100, 60).rate(60) == 100

    def test_a_rate_that_changed_is_known_after_the_window(self) -> None:
        meter = metered(100, 10)
        meter.add(10, 10 + WINDOW / 2, 750)
        assert meter.rate(10 + WINDOW / 2) == pytest.approx(200)
        meter.add(10 + WINDOW / 2, 10 + WINDOW, 750)
        assert meter.rate(10 + WINDOW) == pytest.approx(300)

    def test_without_requests_it_falls_to_nothing(self) -> None:
        meter = metered(100, 10)
        assert meter.rate(10 + WINDOW / 2) == pytest.approx(50)
        assert meter.rate(10 + WINDOW) == 0
        assert Meter().rate(1000) == 0

    def test_a_simulator_without_a_turn_shows_no_burst_afterwards(self) -> None:
        meter = metered(100, 10)
        meter.add(10, 13, 300)
        assert meter.rate(13) == pytest.approx(100)
        meter.add(13, 17, 400)
        assert meter.rate(17) == pytest.approx(100)

    def test_a_load_that_moves_to_other_pods_is_counted_once(self) -> None:
        old, new = metered(200, 10), Meter()
        for tick in range(12):
            begin, end = 10 + tick * TICK, 10 + (tick + 1) * TICK
            old.add(begin, end, 25)
            new.add(begin, end, 25)
            assert old.rate(end) + new.rate(end) == pytest.approx(200)


class TestUsage:
    def test_an_idle_pod_uses_a_little(self) -> None:
        assert usage_of(ASKS, 0) == Usage(0.25 * 0.05, 512 * MEBI * 0.2)

    def test_at_a_hundred_a_second_requests_are_what_the_autoscaler_goes_by(self) -> None:
        usage = usage_of(ASKS, 100)
        assert usage.cpu / 0.25 == pytest.approx(0.55)
        assert usage.memory / (512 * MEBI) == pytest.approx(0.3)

    def test_nothing_goes_beyond_its_limit(self) -> None:
        assert usage_of(ASKS, 1e6) == Usage(0.5, 1024 * MEBI)

    def test_a_container_that_asks_for_nothing_uses_something_and_has_no_limit(self) -> None:
        usage = usage_of(Container("main", "x:v1"), 1000)
        assert usage.cpu == pytest.approx(0.1 * 5.05)
        assert usage.memory == pytest.approx(128 * MEBI * 1.2)

    def test_quantities_are_written_as_metrics_server_does(self) -> None:
        assert (Usage(0.1, 10 * MEBI) + Usage(0.0375, 512.0)).quantities() == {"cpu": "137500000n", "memory": "10240Ki"}
