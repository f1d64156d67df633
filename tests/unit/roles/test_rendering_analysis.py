# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The analysis templates: limits, queries, and what they make of missing data."""

from __future__ import annotations

import json

import pytest

from tests.unit.roles.rendered import ENVIRONMENTS, metrics, pods


@pytest.mark.parametrize(
    ("template", "metric", "good", "bad", "interval", "count", "failures"),
    [
        ("success-rate", "success-rate", ">= 0.95", "< 0.95", "2m", 5, 2),
        ("success-rate", "avg-response-time", "< 0.5", ">= 0.5", "2m", 5, 2),
        ("canary-analysis", "error-rate-comparison", "< 0.02", ">= 0.02", "2m", 10, 3),
        ("canary-analysis", "response-time-p99", "< 1.0", ">= 1.0", "2m", 10, 3),
        ("canary-analysis", "order-success-rate", "> 0.98", "<= 0.98", "1m", 15, 2),
        ("canary-analysis-http", "error-rate-comparison", "< 0.02", ">= 0.02", "2m", 10, 3),
        ("canary-analysis-http", "response-time-p99", "< 1.0", ">= 1.0", "2m", 10, 3),
    ],
)
def test_metrics_in_production(
    template: str, metric: str, good: str, bad: str, interval: str, count: int, failures: int
) -> None:
    found = metrics("production")[template][metric]
    guard = "len(result) > 0 && !isNaN(result[0]) && result[0]"
    assert found["successCondition"] == f"{guard} {good}"
    assert found["failureCondition"] == f"{guard} {bad}"
    assert (found["interval"], found["count"], found["failureLimit"]) == (interval, count, failures)
    assert found["provider"]["prometheus"]["address"] == (
        "http://prometheus.tradesense-monitoring.svc.cluster.local:9090"
    )


def test_only_services_with_orders_are_judged_by_orders() -> None:
    assert "order-success-rate" not in metrics("production")["canary-analysis-http"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_series_in_a_query_is_that_of_the_new_revision(environment: str) -> None:
    scope = (
        f'{{namespace="tradesense-{environment}",service="{{{{args.service-name}}}}",'
        'rollouts_pod_template_hash="{{args.canary-hash}}"'
    )
    for template in metrics(environment).values():
        for metric in template.values():
            query = metric["provider"]["prometheus"]["query"]
            assert query.count("rate(") == query.count(scope) > 0
            assert query.count("(") == query.count(")")
            assert metric["inconclusiveLimit"] < metric["count"]
            assert metric["failureLimit"] < metric["count"]


def test_a_share_is_there_also_when_the_picked_series_is_not() -> None:
    query = metrics("development")["success-rate"]["success-rate"]["provider"]["prometheus"]["query"]
    scope = (
        'namespace="tradesense-development",service="{{args.service-name}}",'
        'rollouts_pod_template_hash="{{args.canary-hash}}"'
    )
    everything = f"sum(rate(http_requests_total{{{scope}}}[10s]))"
    picked = f'sum(rate(http_requests_total{{{scope},status!~"5.."}}[10s]))'
    assert " ".join(query.split()) == f"( {picked} or 0 * {everything} ) / {everything}"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_analyses_that_rollouts_name_exist(environment: str) -> None:
    text = json.dumps([manifest for manifest, _template in pods(environment)])
    named = {part.split('"')[0] for part in text.split('"templateName": "')[1:]}
    assert named
    assert named <= set(metrics(environment))
