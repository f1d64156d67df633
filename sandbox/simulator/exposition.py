# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The metrics as Prometheus reads them: one pod's, and the router's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from sandbox.simulator.behaviours import BUCKETS
from sandbox.simulator.life import Histogram, PodLife
from sandbox.simulator.world import EntryTally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BOUNDS = [str(bound) for bound in BUCKETS] + ["+Inf"]


class PodCollector(Collector):
    """What one pod shows. It takes no lock: a scrape in the middle of a batch may miss a part of it."""

    def __init__(self, life: PodLife) -> None:
        self._life = life

    def collect(self) -> Iterable[Metric]:
        life, counters = self._life, self._life.counters
        requests = CounterMetricFamily("http_requests", "Requests answered", labels=["method", "status"])
        for labels, count in counters.requests.items():
            requests.add_metric(labels, count)
        yield requests
        yield _histogram("http_request_duration_seconds", "Time to answer a request", counters.latency)
        if life.trading:
            orders = CounterMetricFamily("trading_orders", "Orders handled", labels=["status"])
            orders.add_metric(["success"], counters.orders_succeeded)
            orders.add_metric(["failed"], counters.orders_failed)
            yield orders
            yield _histogram("position_update_duration_seconds", "Time to update a position", counters.position)
            yield CounterMetricFamily("risk_check_failures", "Risk checks that failed", value=counters.risk_failures)
        yield GaugeMetricFamily("process_start_time_seconds", "Start of the process", value=counters.started)
        yield GaugeMetricFamily("sandbox_pod_ready", "Whether the pod is Ready", value=float(life.record.ready))


class RouterCollector(Collector):
    """Requests of each entry point, served and not."""

    def __init__(self, entries: Mapping[tuple[str, str, str], EntryTally]) -> None:
        self._entries = entries

    def collect(self) -> Iterable[Metric]:
        names = ["namespace", "kind", "name"]
        served = CounterMetricFamily("router_served", "Requests a pod took", labels=names)
        unserved = CounterMetricFamily("router_unserved", "Requests answered 503 for want of a ready pod", labels=names)
        for key, tally in self._entries.items():
            served.add_metric(key, tally.served)
            unserved.add_metric(key, tally.unserved)
        yield served
        yield unserved


def render(collector: Collector) -> bytes:
    """The collector's metrics in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)


def _histogram(name: str, help_text: str, histogram: Histogram) -> HistogramMetricFamily:
    running = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip(_BOUNDS, list(histogram.counts), strict=True):
        running += count
        buckets.append((bound, running))
    return HistogramMetricFamily(name, help_text, buckets=buckets, sum_value=histogram.total)
