# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Analysis templates that stay in one state, and the runs made of them."""

from __future__ import annotations

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.objects import measuring


def steady(name: str, prometheus: str) -> Obj:
    """Return a template that measures good values for longer than any test."""
    made = measuring(name, prometheus, "vector(0)")
    made["spec"]["metrics"][0]["count"] = 1000
    return made


def unmeasured(name: str, prometheus: str) -> Obj:
    """Return a template that runs for longer than any test and measures nothing."""
    return measuring(name, prometheus, "vector(0)", delay="1h")


def doubtful(name: str, prometheus: str) -> Obj:
    """Return a template that measures once, a value that is neither good nor bad."""
    made = measuring(name, prometheus, "vector(0.2)")
    metric = made["spec"]["metrics"][0]
    metric["count"] = 1
    del metric["interval"]
    metric.update(successCondition="result[0] < 0.1", failureCondition="result[0] > 0.5")
    return made


def runs_of(space: Space, rollout: str) -> list[Obj]:
    """Return the analysis runs of a Rollout that have begun, oldest first."""
    found = [
        item
        for item in space.list("AnalysisRun")
        if (item.get("status") or {}).get("phase") not in (None, "Pending")
        and any(owner["name"] == rollout for owner in item["metadata"].get("ownerReferences") or [])
    ]
    return sorted(found, key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))
