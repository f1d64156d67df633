# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The queries: scoped by construction, one for a metric."""

from __future__ import annotations

import re

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.definitions import LabelNames
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import Revision
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.queries import Scope, query

from tests.unit.plugins.module_utils._windows.window_builders import ERRORS, NEW, OLD, RISKS, SLOW, TRAFFIC

SCOPE = Scope("production", (NEW, OLD, Revision("tradesense-api", "6c96ffff68")))
INSIDE = 'namespace="production",service=~"tradesense-api|web",rollouts_pod_template_hash=~"6c96ffff68|new|old"'
BY = "by (service, rollouts_pod_template_hash, pod)"


def test_a_share() -> None:
    assert query(ERRORS, SCOPE).split("\nor\n") == [
        f'label_replace(sum {BY} (http_requests_total{{{INSIDE}}}), "part", "all", "", "")',
        f'label_replace(max {BY} (timestamp(http_requests_total{{{INSIDE}}})), "part", "time", "", "")',
        f'label_replace(sum {BY} (http_requests_total{{{INSIDE},status=~"5.."}}), "part", "failed", "", "")',
    ]


def test_a_histogram_events_and_traffic() -> None:
    assert query(SLOW, SCOPE).startswith("sum by (service, rollouts_pod_template_hash, pod, le) (")
    assert f"(http_request_duration_seconds_bucket{{{INSIDE}}})" in query(SLOW, SCOPE)
    assert f"timestamp(http_request_duration_seconds_count{{{INSIDE}}})" in query(SLOW, SCOPE)
    assert f'(trading_orders_total{{{INSIDE}}}), "part", "all"' in query(RISKS, SCOPE)
    assert f'(risk_check_failures_total{{{INSIDE}}}), "part", "failed"' in query(RISKS, SCOPE)
    assert "failed" not in query(TRAFFIC, SCOPE)


def test_there_are_as_many_queries_as_metrics_whatever_the_number_of_services() -> None:
    many = Scope("production", tuple(Revision(f"service-{number}", f"hash{number}") for number in range(200)))
    for definition in (ERRORS, SLOW, RISKS, TRAFFIC):
        text = query(definition, many)
        # Every selector, not only one of them, is scoped.
        assert text.count("{") == text.count('{namespace="production",service=~"service-0|')
        assert text.count("{") == text.count(',rollouts_pod_template_hash=~"hash0|')


def test_only_known_buckets_are_asked_for() -> None:
    text = query(SLOW, SCOPE, {2.5, 0.5, 10.0})
    assert 'le=~"0\\\\.5([.]0)?|2\\\\.5([.]0)?|10([.]0)?|[+]Inf"' in text
    pattern = re.compile(r"0\.5([.]0)?|2\.5([.]0)?|10([.]0)?|[+]Inf")
    matched = [le for le in ("0.5", "10", "10.0", "+Inf", "1.0", "100", "0.25", "5") if pattern.fullmatch(le)]
    assert matched == ["0.5", "10", "10.0", "+Inf"]
    assert "le=~" not in query(SLOW, SCOPE)


@pytest.mark.parametrize("revisions", [(), (Revision("web", ""),), (Revision("", "new"),)])
def test_a_query_without_a_scope_cannot_be_built(revisions: tuple[Revision, ...]) -> None:
    with pytest.raises(ValueError, match="needs"):
        Scope("production", revisions)
    with pytest.raises(ValueError, match="namespace"):
        Scope("", (NEW,))


def test_names_are_quoted() -> None:
    odd = Scope('a"b\\', (Revision("web.v2-x", "h|1"),), LabelNames(service="app"))
    assert odd.matchers == ('namespace="a\\"b\\\\",app=~"web\\\\.v2-x",rollouts_pod_template_hash=~"h\\\\|1"')
