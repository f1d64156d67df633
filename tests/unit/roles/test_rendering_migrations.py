# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The Jobs that migrate databases, beside the workloads whose pods they stand for."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.unit.roles.rendered import ENVIRONMENTS, objects

CHOSEN = ("user-service", "api-gateway", "trading-service")


@cache
def rendered(environment: str, **given: str) -> dict[str, tuple[Any, Any]]:
    """Return service -> (its Job, its workload)."""
    migrations = {service: {"migrations": json.loads(given.get(service.replace("-", "_"), "{}"))} for service in CHOSEN}
    found = objects(environment, f"tradesense_service_overrides={json.dumps(migrations)}")
    jobs = {name: manifest for (kind, name), manifest in found.items() if kind == "Job"}
    pairs = {}
    for service in CHOSEN:
        (job,) = (job for name, job in jobs.items() if name.startswith(f"tradesense-{service}-migrate-"))
        (workload,) = (
            manifest
            for (kind, name), manifest in found.items()
            if name == f"tradesense-{service}" and kind in ("Rollout", "Deployment")
        )
        pairs[service] = (job, workload)
    assert len(jobs) == len(CHOSEN), "services without migrations have no Job"
    return pairs


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("service", CHOSEN)
def test_a_job_has_what_the_pods_have(environment: str, service: str) -> None:
    job, workload = rendered(environment)[service]
    mine, theirs = job["spec"]["template"]["spec"], workload["spec"]["template"]["spec"]
    (container,), (beside,) = mine["containers"], theirs["containers"]
    missing = {"ports", "livenessProbe", "readinessProbe"}
    assert {key: value for key, value in container.items() if key != "args"} == {
        key: value for key, value in beside.items() if key not in missing
    }
    assert container["args"] == ["migrate"]
    left_out = {
        "containers",
        "topologySpreadConstraints",
        "affinity",
        "priorityClassName",
        "terminationGracePeriodSeconds",
    }
    assert {key: value for key, value in mine.items() if key not in ("containers", "restartPolicy")} == {
        key: value for key, value in theirs.items() if key not in left_out
    }
    assert mine["restartPolicy"] == "Never"


@pytest.mark.parametrize("service", CHOSEN)
def test_its_pods_belong_to_nobody_else(service: str) -> None:
    job, workload = rendered("production")[service]
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert not workload["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert job["metadata"]["labels"]["app"] == f"tradesense-{service}"


def test_it_ends_and_goes() -> None:
    job = rendered("production", user_service='{"retries": 3, "timeout_seconds": 90}')["user-service"][0]
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]) == (3, 90, 86400)


def test_the_same_content_is_the_same_job_and_another_is_another() -> None:
    names = {
        text: rendered("production", user_service=text)["user-service"][0]["metadata"]["name"]
        for text in (
            "{}",
            '{"timeout_seconds": 600}',
            '{"timeout_seconds": 601}',
            '{"command": ["migrate", "upgrade", "+1"]}',
        )
    }
    assert names["{}"] == names['{"timeout_seconds": 600}']
    assert len(set(names.values())) == 3
    assert all(len(name) <= 63 for name in names.values())
