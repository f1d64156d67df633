# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The Prometheus of the benchmark's sandbox: how often it scrapes, and how many queries it was asked."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
import yaml

from sandbox.launcher.layout import Layout
from sandbox.launcher.processes import PidFiles
from tools.errors import ToolError

_PART = "prometheus"
_ASKED = re.compile(
    r'^prometheus_http_requests_total\{[^}]*handler="/api/v1/query(?:_range)?"[^}]*\} (?P<number>\S+)', re.M
)


@contextmanager
def scraping_every(seconds: int, environment: Mapping[str, str]) -> Iterator[None]:
    """Let Prometheus scrape so seldom; in the end as often as before.

    Raises:
        ToolError: it does not run.
    """
    layout = Layout(environment["TRADESENSE_SANDBOX"], Path(environment["TRADESENSE_SANDBOX_DIR"]))
    file = layout.prometheus / "prometheus.yml"
    before = file.read_text(encoding="utf-8")
    _configure(layout, file, slowed(before, seconds))
    try:
        yield
    finally:
        _configure(layout, file, before)


def slowed(text: str, seconds: int) -> str:
    """Return a configuration with another interval between scrapes."""
    config = yaml.safe_load(text)
    interval = f"{seconds}s"
    config["global"].update(scrape_interval=interval, scrape_timeout=interval, evaluation_interval=interval)
    return yaml.safe_dump(config, sort_keys=False)


def queries_asked(prometheus: str) -> int:
    """Return how many queries Prometheus has answered since it was started, by its own count."""
    answer = requests.get(f"{prometheus}/metrics", timeout=10)
    answer.raise_for_status()
    return queries_in(answer.text)


def queries_in(text: str) -> int:
    """Return the number of queries in Prometheus' metrics of itself, of whatever kind and with whatever answer."""
    return round(sum(float(found["number"]) for found in _ASKED.finditer(text)))


def _configure(layout: Layout, file: Path, text: str) -> None:
    record = PidFiles(layout.pids).running(_PART)
    if record is None:
        raise ToolError(f"{_PART} of sandbox {layout.name} does not run", hint=f"Logs: {layout.logs}")
    file.write_text(text, encoding="utf-8")
    # Prometheus reads its configuration anew at this signal.
    record.signal(signal.SIGHUP)
