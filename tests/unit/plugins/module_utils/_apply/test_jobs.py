# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""How a failed Job is told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._apply.jobs import ending


def pod(created: str, **state: Any) -> dict[str, Any]:
    return {
        "metadata": {"creationTimestamp": created},
        "status": {"containerStatuses": [{"name": "user-service", "state": state}]},
    }


@pytest.mark.parametrize(
    ("pods", "told"),
    [
        ([], ""),
        ([{"metadata": {}}], ""),
        ([pod("t1", running={})], ""),
        ([pod("t1", terminated={"exitCode": 0})], ""),
        ([pod("t1", terminated={"exitCode": 137})], "exit code 137"),
        (
            [pod("t1", terminated={"exitCode": 1, "message": "no\n migration: \tlocked\n"})],
            "exit code 1: no migration: locked",
        ),
        ([pod("t1", terminated={"exitCode": 1}), pod("t2", terminated={"exitCode": 2})], "exit code 2"),
        ([pod("t2", running={}), pod("t1", terminated={"exitCode": 2})], "exit code 2"),
        ([pod("t1", waiting={"reason": "ImagePullBackOff"})], "its pod waits: ImagePullBackOff"),
    ],
)
def test_the_youngest_pod_that_failed_says_how(pods: list[dict[str, Any]], told: str) -> None:
    assert ending(pods) == told


def test_a_long_message_is_cut() -> None:
    assert len(ending([pod("t1", terminated={"exitCode": 1, "message": "x" * 5000})])) < 400
