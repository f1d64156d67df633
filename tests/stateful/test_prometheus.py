# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The sandbox's real Prometheus with the configuration and the rules that role workloads renders."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stateful.running import HOST, free_ports, rendered_files, until
from tools.binaries import ensure_binaries

LABELS = {"namespace": "tradesense-development", "service": "tradesense-trading-service"}
GOOD, BAD = {**LABELS, "rollouts_pod_template_hash": "good"}, {**LABELS, "rollouts_pod_template_hash": "bad"}


class Shop(http.server.BaseHTTPRequestHandler):
    """Two revisions of a service: one all is well with, one that fails. Counters grow with the time."""

    def do_GET(self) -> None:
        """Answer with the metrics."""
        seconds = time.time() % 1e5
        text = "".join(f"{line} {value * seconds}\n" for line, value in _rates(self.path == "/bad"))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _rates(bad: bool) -> Iterator[tuple[str, float]]:
    """Yield each series with how much it grows a second."""
    yield 'http_requests_total{status="200"}', 90
    if bad:
        # A good revision never had an error: it has no such series.
        yield 'http_requests_total{status="503"}', 10
    yield 'trading_orders_total{status="success"}', 8 if bad else 10
    yield 'trading_orders_total{status="failed"}', 2 if bad else 0
    yield "risk_check_failures_total", 0.5 if bad else 0
    for name in ("http_request_duration_seconds", "position_update_duration_seconds"):
        for bound, share in (("0.1", 0 if bad else 1), ("5", 0.5 if bad else 1), ("10", 1), ("+Inf", 1)):
            yield f'{name}_bucket{{le="{bound}"}}', 100 * share


class Prometheus:
    """A running Prometheus, asked as its clients do."""

    def __init__(self, port: int) -> None:
        self._url = f"http://{HOST}:{port}"

    def ready(self) -> bool:
        """Return whether it serves."""
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def ask(self, path: str, **query: str) -> Any:
        """Return the data of an answer of its API."""
        with urllib.request.urlopen(f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def value(self, query: str, labels: dict[str, str]) -> float | None:
        """Return the value of a query for one revision, None when there is none."""
        found = [one for one in self.ask("query", query=query)["result"] if one["metric"].items() >= labels.items()]
        return float(found[0]["value"][1]) if found else None


def written(folder: Path, shop: int) -> Path:
    """Write the files as rendered, but with the shop's revisions as further targets, and faster."""
    files = rendered_files("tradesense-monitoring-stack")
    # A rate is over its whole window, so a long one would take as long to be right.
    rules = re.sub(r"\[[0-9]+m\]", "[10s]", files["rules.yml"])
    (folder / "rules.yml").write_text(rules, encoding="utf-8")
    config = yaml.safe_load(files["prometheus.yml"])
    assert config["rule_files"] == ["/etc/tradesense/rules.yml"]
    config["rule_files"] = [str(folder / "rules.yml")]
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    # Outside a pod there is no account: an API server that is not there takes its place.
    discovery = config["scrape_configs"][0]["kubernetes_sd_configs"][0]
    discovery["api_server"] = f"http://{HOST}:1"
    config["scrape_configs"] += [
        {
            "job_name": labels["rollouts_pod_template_hash"],
            "metrics_path": f"/{labels['rollouts_pod_template_hash']}",
            "static_configs": [{"targets": [f"{HOST}:{shop}"], "labels": labels}],
        }
        for labels in (GOOD, BAD)
    ]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the shop."""
    folder = tmp_path_factory.mktemp("prometheus")
    (port,) = free_ports(1)
    with http.server.ThreadingHTTPServer((HOST, 0), Shop) as server, (folder / "log").open("wb") as log:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = written(folder, server.server_port)
        argv = [
            str(ensure_binaries()["prometheus"]),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
        ]
        process = subprocess.Popen([*argv, f"--web.listen-address={HOST}:{port}"], stdout=log, stderr=log)
        try:
            made = Prometheus(port)
            until(made.ready, lambda: (folder / "log").read_text(encoding="utf-8"))
            yield made
        finally:
            process.terminate()
            process.wait(timeout=30)
            server.shutdown()


def test_the_configuration_is_taken_as_it_is(prometheus: Prometheus) -> None:
    config = yaml.safe_load(prometheus.ask("status/config")["yaml"])
    assert [job["job_name"] for job in config["scrape_configs"]][:3] == ["pods", "prometheus", "alertmanager"]
    (discovery,) = config["scrape_configs"][0]["kubernetes_sd_configs"]
    assert discovery["role"] == "pod"
    assert discovery["namespaces"]["names"] == ["tradesense-production", "tradesense-staging", "tradesense-development"]
    (manager,) = config["alerting"]["alertmanagers"]
    assert manager["static_configs"] == [{"targets": ["localhost:9093"]}]


def test_all_rules_are_evaluated_without_an_error(prometheus: Prometheus) -> None:
    def evaluated() -> bool:
        groups = prometheus.ask("rules")["groups"]
        return all(rule["health"] == "ok" for group in groups for rule in group["rules"])

    until(evaluated, lambda: json.dumps(prometheus.ask("rules")))
    kinds = [rule["type"] for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert (kinds.count("recording"), kinds.count("alerting")) == (7, 8)


@pytest.mark.parametrize(
    ("record", "good", "bad"),
    [
        ("revision:http_requests:rate5m", 90, 100),
        ("revision:http_request_errors:ratio5m", 0, 0.1),
        ("revision:http_request_duration_seconds:p99_5m", 0.099, 9.9),
        ("revision:trading_orders:rate2m", 10, 10),
        ("revision:trading_orders_success:ratio2m", 1, 0.8),
        ("revision:position_update_duration_seconds:p95_2m", 0.095, 9.5),
        ("revision:risk_check_failures:per_minute5m", 0, 30),
    ],
)
def test_each_revision_has_its_numbers(prometheus: Prometheus, record: str, good: float, bad: float) -> None:
    def right() -> bool:
        found = [prometheus.value(record, labels) for labels in (GOOD, BAD)]
        return None not in found and found == [pytest.approx(good, rel=0.05), pytest.approx(bad, rel=0.05)]

    until(right, lambda: json.dumps([prometheus.value(record, labels) for labels in (GOOD, BAD)]))


@pytest.mark.parametrize(
    ("alert", "severities"),
    [
        ("HighErrorRate", ["critical", "warning"]),
        ("SlowResponses", ["critical", "warning"]),
        ("OrdersFail", ["critical"]),
        ("SlowPositionUpdates", ["warning"]),
        ("RiskChecksFail", ["critical"]),
    ],
)
def test_the_bad_revision_alone_raises_alerts(prometheus: Prometheus, alert: str, severities: list[str]) -> None:
    def pending() -> list[dict[str, str]]:
        alerts = prometheus.ask("alerts")["alerts"]
        return [one["labels"] for one in alerts if one["labels"]["alertname"] == alert]

    until(lambda: len(pending()) == len(severities), lambda: json.dumps(prometheus.ask("alerts")))
    assert sorted(labels["severity"] for labels in pending()) == severities
    assert {labels["rollouts_pod_template_hash"] for labels in pending()} == {"bad"}
    summaries = [one["annotations"]["summary"] for one in prometheus.ask("alerts")["alerts"]]
    assert all("{{" not in summary for summary in summaries)


def test_thresholds_are_those_of_the_architecture() -> None:
    rules = yaml.safe_load(rendered_files("tradesense-monitoring-stack")["rules.yml"])["groups"][1]["rules"]
    limits = {(rule["alert"], rule["labels"]["severity"]): rule["expr"].split(" ")[1:] for rule in rules}
    assert limits == {
        ("HighErrorRate", "critical"): [">", "0.05"],
        ("HighErrorRate", "warning"): [">", "0.02"],
        ("SlowResponses", "critical"): [">", "5"],
        ("SlowResponses", "warning"): [">", "2"],
        ("OrdersFail", "critical"): ["<", "0.95"],
        ("SlowPositionUpdates", "warning"): [">", "1"],
        ("RiskChecksFail", "critical"): [">", "10"],
        ("PodNotScraped", "warning"): ["==", "0"],
    }
