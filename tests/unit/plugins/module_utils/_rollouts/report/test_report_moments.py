# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Moments and durations in short words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.report.moments import (
    age,
    elapsed,
    seconds_of,
    short,
    until,
)

NOW = datetime(2026, 11, 23, 10, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (60, "1m"),
        (90, "1m30s"),
        (599, "9m59s"),
        (601, "10m"),
        (3600, "1h"),
        (3661, "1h1m"),
        (86399, "23h"),
        (90000, "1d1h"),
        (864000, "10d"),
    ],
)
def test_a_duration_in_short(seconds: float, expected: str) -> None:
    assert short(seconds) == expected


def test_how_long_ago() -> None:
    assert age("2026-11-23T10:12:55Z", NOW) == "2m5s"
    assert age("2026-11-23T11:00:00Z", NOW) == "0s", "the cluster's clock is ahead of ours"
    assert age("", NOW) == age("soon", NOW) == ""
    assert elapsed("2026-11-23T10:14:00", NOW) == 60, "without a zone it is UTC"
    assert elapsed("", NOW) is None


def test_how_long_until() -> None:
    assert until("2026-11-23T10:15:32Z", NOW) == 32
    assert until("2026-11-23T10:00:00Z", NOW) == 0
    assert until("", NOW) is None


@pytest.mark.parametrize(
    ("duration", "expected"),
    [(300, 300), ("300", 300), ("5m", 300), ("1h30m", 5400), ("1.5h", 5400), ("500ms", 0.5), ("soon", None),
     ("5 m", None), ("", None), (None, None)],
)  # fmt: skip
def test_the_duration_of_a_pause(duration: object, expected: float | None) -> None:
    assert seconds_of(duration) == expected
