# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Times and durations as users write them."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.times import duration, moment
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError

NOW = 1795774500.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("now", NOW),
        ("1795774500", NOW),
        ("1795774500.25", NOW + 0.25),
        ("-15m", NOW - 900),
        ("-1h30m", NOW - 5400),
        ("-90", NOW - 90),
        (" -500ms ", NOW - 0.5),
        ("2026-11-27T10:15:00Z", 1795774500.0),
        ("2026-11-27T11:15:00+01:00", 1795774500.0),
        ("2026-11-27T10:15:00.5Z", 1795774500.5),
        # What YAML makes of a time without quotes.
        ("2026-11-27 10:15:00+00:00", 1795774500.0),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert moment("time", text, NOW) == seconds


@pytest.mark.parametrize("text", ["", "yesterday", "15m", "-", "--15m", "-0s", "1e9", "10:15", "nan"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(DeliveryError) as error:
        moment("start", text, NOW)
    assert error.value.reason == "BadOption"
    assert f"option start cannot be read: {text!r}" in error.value.msg


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(DeliveryError) as error:
        moment("end", "2026-11-27T10:15:00", NOW)
    assert "time zone" in error.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1d", 86400),
        ("1w2d", 777600),
        ("1y", 31536000),
        ("0.5", 0.5),
        ("60", 60),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration("step", text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-5s", "1.5h", "s", "15 s", "m15", "30m1h", "5min"])
def test_what_is_no_duration_above_zero_is_refused(text: str) -> None:
    with pytest.raises(DeliveryError, match="option step cannot be read") as error:
        duration("step", text)
    assert "duration above zero" in error.value.hint
