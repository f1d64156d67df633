# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the roles' templates make of the three inventories, for tests to look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = ("production", "staging", "development")
# What the inventories take their secrets from.
SECRETS = {
    name: f"{name.lower()}-of-a-test"
    for name in (
        *("DB_PASSWORD", "DB_SUPERUSER_PASSWORD", "DB_REPLICATION_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET_KEY"),
        *("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "POLYGON_API_KEY", "FINNHUB_API_KEY", "SENDGRID_API_KEY"),
        *("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "SENTRY_DSN", "DATADOG_API_KEY", "NEW_RELIC_LICENSE_KEY"),
        "ALERT_WEBHOOK_URL",
    )
}
Objects = dict[tuple[str, str], Any]


@cache
def texts(*extra: str) -> dict[str, dict[str, dict[str, str]]]:
    """Return environment -> role -> template -> text."""
    program = str(Path(__file__).with_name("render.py"))
    environment = {
        **SECRETS,
        **{key: value for key, value in os.environ.items() if not key.startswith(("TRADESENSE_", "ANSIBLE_"))},
    }
    run = subprocess.run(
        [sys.executable, program, str(ROOT), *extra], capture_output=True, text=True, check=False, env=environment
    )
    assert run.returncode == 0, run.stderr
    result: dict[str, dict[str, dict[str, str]]] = json.loads(run.stdout)
    return result


def objects(environment: str, *extra: str) -> Objects:
    """Return (kind, name) -> manifest, each once."""
    result: Objects = {}
    for role in texts(*extra)[environment].values():
        for text in role.values():
            for manifest in filter(None, yaml.safe_load_all(text)):
                key = (manifest["kind"], manifest["metadata"]["name"])
                assert key not in result
                result[key] = manifest
    return result


def pods(environment: str) -> Iterator[tuple[Any, Any]]:
    """Yield each workload with its pod template."""
    for (kind, _name), manifest in objects(environment).items():
        if kind in ("Rollout", "Deployment"):
            yield manifest, manifest["spec"]["template"]


def metrics(environment: str, *extra: str) -> dict[str, dict[str, Any]]:
    """Return template -> metric -> definition."""
    return {
        name: {metric["name"]: metric for metric in manifest["spec"]["metrics"]}
        for (kind, name), manifest in objects(environment, *extra).items()
        if kind == "AnalysisTemplate"
    }
