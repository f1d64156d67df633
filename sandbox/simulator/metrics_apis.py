# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the autoscaler asks: ``metrics.k8s.io`` and ``custom.metrics.k8s.io``, answered from the simulated load."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.aggregation import CUSTOM_API, RESOURCE_API
from sandbox.simulator.control import Answer
from sandbox.simulator.life import PodLife
from sandbox.simulator.records import Json, NodeRecord
from sandbox.simulator.selectors import Selector, read_selector
from sandbox.simulator.usage import WINDOW, Usage, usage_of
from sandbox.simulator.world import World

REQUESTS_METRIC = "custom_requests_per_second"

_Fields = Mapping[str, str]
_ROUTES = {
    name: re.compile(pattern)
    for name, pattern in {
        "openapi": r"/openapi/v2",
        "resources": rf"/apis/(?P<api>{re.escape(RESOURCE_API)}|{re.escape(CUSTOM_API)})",
        "nodes": rf"/apis/{re.escape(RESOURCE_API)}/nodes",
        "node": rf"/apis/{re.escape(RESOURCE_API)}/nodes/(?P<name>[^/]+)",
        "pods": rf"/apis/{re.escape(RESOURCE_API)}(?:/namespaces/(?P<namespace>[^/]+))?/pods",
        "pod": rf"/apis/{re.escape(RESOURCE_API)}/namespaces/(?P<namespace>[^/]+)/pods/(?P<name>[^/]+)",
        "rates": rf"/apis/{re.escape(CUSTOM_API)}/namespaces/(?P<namespace>[^/]+)/pods/(?P<name>[^/]+)/(?P<metric>[^/]+)",
    }.items()
}

# Without any answer the API server would ask again and again.
_NO_SCHEMAS: Json = {"swagger": "2.0", "info": {"title": "Simulated metrics", "version": "v1"}, "paths": {}}


class Refusal(Exception):
    """A request that is not answered; becomes a Status, as from any API server."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason


@dataclass(frozen=True)
class _Asked:
    """A request in pieces; ``metric`` selects by the labels that Prometheus gives a pod's series."""

    fields: _Fields
    pods: Selector
    metric: Selector


class MetricsApis:
    """Both APIs; only pods whose process runs have metrics."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._answers: dict[str, Callable[[_Asked], Json]] = {
            "openapi": lambda asked: _NO_SCHEMAS,
            "resources": lambda asked: _resource_list(asked.fields["api"]),
            "nodes": self._nodes,
            "node": self._node,
            "pods": self._pods,
            "pod": self._pod,
            "rates": self._rates,
        }

    def answer(self, method: str, target: str) -> Answer:
        """The answer to a request; ``target`` is its path and query."""
        try:
            return Answer(200, self._found(method, target))
        except Refusal as refusal:
            return refuse(refusal.code, refusal.reason, str(refusal))
        except ValueError as error:
            return refuse(400, "BadRequest", str(error))

    def _found(self, method: str, target: str) -> Json:
        url = urlsplit(target)
        for name, route in _ROUTES.items():
            if found := route.fullmatch(url.path):
                query = parse_qs(url.query)
                if method != "GET" or "watch" in query:
                    raise Refusal(405, "MethodNotAllowed", "metrics can only be read, and not be watched")
                with self._world.lock:
                    return self._answers[name](_asked(found.groupdict(""), query))
        raise Refusal(404, "NotFound", f"there is nothing at {url.path}")

    def _nodes(self, asked: _Asked) -> Json:
        nodes = [node for node in self._world.nodes.values() if asked.pods(node.labels)]
        return _list("NodeMetricsList", RESOURCE_API, [self._node_metrics(node) for node in nodes])

    def _node(self, asked: _Asked) -> Json:
        node = self._world.nodes.get(asked.fields["name"])
        if node is None:
            raise Refusal(404, "NotFound", f'nodes "{asked.fields["name"]}" not found')
        return self._node_metrics(node)

    def _pods(self, asked: _Asked) -> Json:
        pods = self._running(asked.fields["namespace"], asked.pods)
        return _list("PodMetricsList", RESOURCE_API, [self._pod_metrics(life) for life in pods])

    def _pod(self, asked: _Asked) -> Json:
        return self._pod_metrics(self._one(asked.fields["namespace"], asked.fields["name"]))

    def _rates(self, asked: _Asked) -> Json:
        fields = asked.fields
        if fields["metric"] != REQUESTS_METRIC:
            raise Refusal(404, "NotFound", f"there is no metric {fields['metric']} of pods, only {REQUESTS_METRIC}")
        if fields["name"] == "*":
            pods = self._running(fields["namespace"], asked.pods)
        else:
            pods = [self._one(fields["namespace"], fields["name"])]
        items = [self._rate(life) for life in pods if asked.metric(_series_labels(life))]
        return _list("MetricValueList", CUSTOM_API, items)

    def _running(self, namespace: str, selected: Selector) -> list[PodLife]:
        return [
            life
            for (place, _), life in sorted(self._world.pods.items())
            if life.running and namespace in ("", place) and selected(life.record.labels)
        ]

    def _one(self, namespace: str, name: str) -> PodLife:
        life = self._world.pods.get((namespace, name))
        if life is None or not life.running:
            raise Refusal(404, "NotFound", f'pods "{name}" not found')
        return life

    def _rate_of(self, life: PodLife) -> float:
        return life.meter.rate(self._world.traffic_seconds)

    def _rate(self, life: PodLife) -> Json:
        now, record = self._world.clock(), life.record
        rate = self._rate_of(life)
        return {
            "describedObject": {
                "kind": "Pod",
                "namespace": record.namespace,
                "name": record.name,
                "apiVersion": "/v1",
            },
            "metric": {"name": REQUESTS_METRIC, "selector": None},
            "timestamp": _stamp(now),
            "windowSeconds": int(WINDOW),
            "value": f"{round(rate * 1000)}m",
        }

    def _pod_metrics(self, life: PodLife) -> Json:
        now, record = self._world.clock(), life.record
        rate = self._rate_of(life)
        return {
            "kind": "PodMetrics",
            "apiVersion": RESOURCE_API,
            "metadata": {"name": record.name, "namespace": record.namespace, "labels": dict(record.labels)},
            "timestamp": _stamp(now),
            "window": f"{WINDOW:g}s",
            "containers": [
                {"name": container.name, "usage": dict(usage_of(container, rate).quantities())}
                for container in record.containers
            ],
        }

    def _node_metrics(self, node: NodeRecord) -> Json:
        """What the pods on a node use together."""
        now = self._world.clock()
        used = Usage()
        for life in self._world.pods.values():
            if life.running and life.record.node == node.name:
                rate = self._rate_of(life)
                used = sum((usage_of(container, rate) for container in life.record.containers), used)
        return {
            "kind": "NodeMetrics",
            "apiVersion": RESOURCE_API,
            "metadata": {"name": node.name, "labels": dict(node.labels)},
            "timestamp": _stamp(now),
            "window": f"{WINDOW:g}s",
            "usage": dict(used.quantities()),
        }


def refuse(code: int, reason: str, message: str) -> Answer:
    """A Status that says no."""
    status: dict[str, Json] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message or HTTPStatus(code).phrase,
        "reason": reason,
        "code": code,
    }
    return Answer(code, status)


def _asked(fields: _Fields, query: Mapping[str, list[str]]) -> _Asked:
    if "fieldSelector" in query:
        raise ValueError("metrics cannot be selected by field, only by label")
    return _Asked(
        {name: unquote(value) for name, value in fields.items()},
        read_selector(query.get("labelSelector", [""])[-1]),
        read_selector(query.get("metricLabelSelector", [""])[-1]),
    )


def _series_labels(life: PodLife) -> dict[str, str]:
    record = life.record
    labels = {"namespace": record.namespace, "pod": record.name, "service": record.app}
    return labels | ({"rollouts_pod_template_hash": record.hash} if record.hash else {})


def _list(kind: str, api: str, items: list[Json]) -> Json:
    return {"kind": kind, "apiVersion": api, "metadata": {}, "items": items}


def _resource_list(api: str) -> Json:
    """What kinds of object an API has: discovery."""
    if api == RESOURCE_API:
        resources = [_resource("nodes", "NodeMetrics", ["get", "list"], False)]
        resources.append(_resource("pods", "PodMetrics", ["get", "list"], True))
    else:
        resources = [_resource(f"pods/{REQUESTS_METRIC}", "MetricValueList", ["get"], True)]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api, "resources": resources}


def _resource(name: str, kind: str, verbs: list[Json], namespaced: bool) -> Json:
    return {"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": verbs}


def _stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
