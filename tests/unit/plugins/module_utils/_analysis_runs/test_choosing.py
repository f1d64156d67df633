# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which runs somebody asks for, and in which order they come."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.choosing import chosen, summary

from tests.unit.plugins.builders import NAME, analysis_run
from tests.unit.plugins.module_utils._analysis_runs.analysis_builders import run

RUNS = [
    run("Successful", name="own", metadata={"creationTimestamp": "2026-11-23T10:00:01Z"}),
    analysis_run("step", "Failed", creationTimestamp="2026-11-23T10:00:02Z"),
    analysis_run("before", "Running", kind="PrePromotion", creationTimestamp="2026-11-23T10:00:03Z"),
    run(
        "Successful",
        name="ended",
        metadata={"creationTimestamp": "2026-11-23T10:00:03Z"},
        terminate=True,
        message="Run Terminated",
    ),
]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["ended", "before", "step", "own"]),
        ({"names": ["own", "step"]}, ["step", "own"]),
        ({"rollouts": [NAME]}, ["before", "step"]),
        ({"rollouts": ["other"]}, []),
        ({"phases": ["Successful"]}, ["own"]),
        ({"phases": ["Terminated", "Failed"]}, ["ended", "step"]),
        ({"kinds": ["Standalone"]}, ["ended", "own"]),
        ({"kinds": ["Step"], "rollouts": [NAME], "phases": ["Failed", "Running"]}, ["step"]),
    ],
)
def test_what_is_given_is_combined_and_the_newest_comes_first(given: dict[str, Any], expected: list[str]) -> None:
    # One of the same second as another comes after it by name, in reverse: what matters is that it never changes.
    assert [item["metadata"]["name"] for item in chosen(RUNS, **given)] == expected
    assert [item["metadata"]["name"] for item in chosen(RUNS[::-1], **given)] == expected


def test_the_sentence() -> None:
    assert summary(RUNS, "team") == (
        "4 analysis runs in namespace team: 1 Running, 1 Successful, 1 Failed, 1 Terminated."
    )
    assert summary(RUNS[:1], "team") == "1 analysis run in namespace team: 1 Successful."
    assert summary([], "team") == "0 analysis runs in namespace team."
