# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A small catalog with one service of each sort, and the settings around it, for tests of what may talk to what."""

from __future__ import annotations

from typing import Any

from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.model import Service
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.normalise import normalise
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.outside import Settings, read_settings

PLAIN = {"image": "tradesense/a", "version": "v1.0.0", "strategy": "rolling", "scrape": {"enabled": False}}
STATEFUL = {"image": "postgres", "version": "16.4", "strategy": "stateful"}
PRIMARY = {**STATEFUL, "replicas": 1, "stateful": {"engine": "postgres_primary"}}
REPLICA = {**STATEFUL, "stateful": {"engine": "postgres_replica"}}
REDIS = {**STATEFUL, "replicas": 6, "stateful": {"engine": "redis_cluster"}}
PROMETHEUS = {**STATEFUL, "replicas": 1, "scope": "monitoring", "stateful": {"engine": "prometheus"}}
EXPOSED = {"exposure": {"host": "a.example.com"}}
CANARY = {**PLAIN, **EXPOSED, "strategy": "canary", "canary": {"steps": [{"weight": 10}]}}

SETTINGS: dict[str, Any] = {
    "namespace": "shop",
    "monitoring_namespace": "watch",
    "ingress_namespace": "ingress-nginx",
    "router_labels": {"policy-group.network.openshift.io/ingress": ""},
    "routes": False,
    "dns": [{"namespace": "kube-system", "ports": [53]}],
    "prometheus_clients": [{"namespace": "argo-rollouts"}],
    "api_server": [{"cidr": "10.1.2.3/32", "ports": [6443]}],
    "private_ranges": ["10.0.0.0/8", "fc00::/7"],
}


def catalog(**services: dict[str, Any]) -> dict[str, Service]:
    """Return normalised entries; an underscore in a name stands for a dash."""
    return normalise({name.replace("_", "-"): entry for name, entry in services.items()})


def settings(**changes: Any) -> Settings:
    """Return the settings with some of them changed."""
    return read_settings({**SETTINGS, **changes})
