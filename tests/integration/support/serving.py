# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Who served the users of a host at each moment, told from the changes of Ingresses and endpoints."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.integration.support.cluster import Obj
from tests.integration.support.watching import Watch

_CANARY = "nginx.ingress.kubernetes.io/canary"
_SERVICE = "kubernetes.io/service-name"


@dataclass
class Record:
    """What users saw: the Service that took the requests of a host, with its ready endpoints, after each change."""

    moments: list[tuple[str, int]] = field(default_factory=list)

    @property
    def services(self) -> list[str]:
        """The Services that took the requests, each once, in order."""
        return list(dict.fromkeys(service for service, _ in self.moments))

    @property
    def least(self) -> int:
        """The smallest number of ready endpoints there ever was."""
        return min(ready for _, ready in self.moments)


def of_host(ingresses: Watch, slices: Watch, host: str) -> Record:
    """Return who served a host. Of several Ingresses with one host the router takes the oldest."""
    live: dict[str, Obj] = {}
    record = Record()
    for what, item in _in_order(ingresses, slices):
        _take(live, what, item)
        backends = [_backend(other, host) for other in live.values() if other["kind"] == "Ingress"]
        service = next((name for name in backends if name), "")
        record.moments.append((service, _ready(live, service)))
    # The watches begin with what is there, in no order.
    first = next(index for index, (service, ready) in enumerate(record.moments) if service and ready)
    del record.moments[:first]
    return record


def of_service(slices: Watch, service: str) -> list[int]:
    """Return the ready endpoints of a Service after each change, from the first that it had."""
    live: dict[str, Obj] = {}
    found: list[int] = []
    for what, item in _in_order(slices):
        _take(live, what, item)
        found.append(_ready(live, service))
    return found[next(index for index, ready in enumerate(found) if ready) :]


def empty_spans(slices: Watch, service: str) -> list[tuple[float, float]]:
    """Return the spans of time in which a Service had no ready endpoint, from the first one that it had to the last change."""
    live: dict[str, Obj] = {}
    spans: list[tuple[float, float]] = []
    since, had_one = 0.0, False
    for moment, (what, item) in zip(slices.times, slices.changes):
        _take(live, what, item)
        if _ready(live, service):
            had_one = True
            if since:
                spans.append((since, moment))
            since = 0.0
        elif had_one and not since:
            since = moment
    return [*spans, (since, slices.times[-1])] if since else spans


def _in_order(*watches: Watch) -> list[tuple[str, Obj]]:
    changes = [change for watch in watches for change in watch.changes]
    # One counter for all kinds of objects.
    return sorted(changes, key=lambda change: int(change[1]["metadata"]["resourceVersion"]))


def _take(live: dict[str, Obj], what: str, item: Obj) -> None:
    name = f"{item['kind']}/{item['metadata']['name']}"
    if what == "DELETED":
        live.pop(name, None)
    else:
        # What is replaced keeps its place, so the oldest stays first.
        live[name] = item


def _backend(ingress: Obj, host: str) -> str:
    if (ingress["metadata"].get("annotations") or {}).get(_CANARY) == "true":
        return ""
    for rule in ingress["spec"]["rules"]:
        if rule["host"] == host:
            return str(rule["http"]["paths"][0]["backend"]["service"]["name"])
    return ""


def _ready(live: dict[str, Obj], service: str) -> int:
    return sum(
        (endpoint.get("conditions") or {}).get("ready") is not False
        for item in live.values()
        if item["kind"] == "EndpointSlice" and item["metadata"]["labels"].get(_SERVICE) == service
        for endpoint in item.get("endpoints") or []
    )
