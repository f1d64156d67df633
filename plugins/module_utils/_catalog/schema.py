# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Every key of a catalog entry, with its kind and default. Private to this collection.

Only image, version and strategy have to be given. A test keeps roles/workloads/README.md in step with this table.
"""

from __future__ import annotations

from .kinds import Key, Kind, choice, list_of, map_of, native, section, switch
from .steps import STEP
from .values import (
    AMOUNT,
    BLANK_OR_TEXT,
    CIDR,
    COUNT,
    ENGINE,
    HEADER,
    HOST,
    IMAGE,
    LABEL_KEY,
    LABEL_VALUE,
    NAME,
    OBJECT_NAME,
    PATH,
    PORT,
    POSITIVE,
    QUANTITY,
    SCALAR,
    SCOPE,
    SECONDS,
    SHARE_PERCENT,
    STRATEGY,
    TEXT,
    TOPOLOGY_KEY,
    VARIABLE,
    VERSION,
)


def _probe(path: str, delay: int, period: int, timeout: int) -> Key:
    keys = {
        "path": Key(PATH, path),
        "port": Key(PORT, None),
        "initial_delay_seconds": Key(COUNT, delay),
        "period_seconds": Key(SECONDS, period),
        "timeout_seconds": Key(SECONDS, timeout),
        "failure_threshold": Key(POSITIVE, 3),
    }
    return Key(section(keys), {})


def _resources(cpu: str, memory: str) -> Key:
    return Key(section({"cpu": Key(QUANTITY, cpu), "memory": Key(QUANTITY, memory)}), {})


def _absent(seconds: int) -> dict[str, object]:
    """Return the toleration of a node that went away, as Kubernetes writes it, for one of the two taints."""
    return {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}


_TOLERATIONS = [
    {"key": "node.kubernetes.io/not-ready", **_absent(300)},
    {"key": "node.kubernetes.io/unreachable", **_absent(300)},
]

_SPREAD_OVER = [
    {"topology_key": "topology.kubernetes.io/zone"},
    {"topology_key": "kubernetes.io/hostname"},
]

_PORTS = section({"http": Key(PORT, 8000), "metrics": Key(PORT, 8080)})
_SCRAPE = section({"enabled": Key(switch(), True), "port": Key(PORT, None), "path": Key(PATH, "/metrics")})
_PROBES = section({"liveness": _probe("/health", 30, 30, 10), "readiness": _probe("/ready", 10, 10, 5)})
_RESOURCES = section({"requests": _resources("250m", "512Mi"), "limits": _resources("500m", "1Gi")})
_SECURITY = section(
    {
        "run_as_non_root": Key(switch(), True),
        "user": Key(POSITIVE, 1001),
        "group": Key(POSITIVE, 1001),
        "fs_group": Key(POSITIVE, 1001),
        "read_only_root_filesystem": Key(switch(), True),
    }
)
_SCHEDULING = section(
    {
        "node_selector": Key(map_of(LABEL_KEY, LABEL_VALUE), {"kubernetes.io/arch": "amd64"}),
        "tolerations": Key(list_of(native("a toleration, as Kubernetes writes it")), _TOLERATIONS),
        "affinity": Key(native("an affinity, as Kubernetes writes it"), None),
        "priority_class": Key(OBJECT_NAME, None),
    }
)
_EXPOSURE = section(
    {
        "host": Key(HOST),
        "path": Key(PATH, "/"),
        "ingress_class": Key(OBJECT_NAME, "nginx"),
        "tls_secret": Key(OBJECT_NAME, None),
        "cluster_issuer": Key(BLANK_OR_TEXT, "letsencrypt-prod"),
        "ssl_redirect": Key(switch(), True),
        "limit_rpm": Key(COUNT, 100),
        "limit_burst_multiplier": Key(POSITIVE, 5),
        "limit_connections": Key(COUNT, 0),
        "annotations": Key(map_of(LABEL_KEY, SCALAR), {}),
    }
)
_ROLLING = section({"max_surge": Key(AMOUNT, 1), "max_unavailable": Key(AMOUNT, 0)})
_TEMPLATES = list_of(OBJECT_NAME)
_BLUE_GREEN = section(
    {
        "preview_replicas": Key(POSITIVE, 1),
        "auto_promotion": Key(switch(), False),
        "scale_down_delay_seconds": Key(SECONDS, 30),
        "abort_scale_down_delay_seconds": Key(SECONDS, 30),
        "pre_promotion_analysis": Key(_TEMPLATES, ["success-rate"]),
        "post_promotion_analysis": Key(_TEMPLATES, ["success-rate"]),
    }
)
_HEADER = section({"name": Key(HEADER, "x-canary"), "value": Key(TEXT, "tradesense-canary")})
_CANARY = section(
    {
        "steps": Key(list_of(STEP), []),
        "header": Key(_HEADER, {}),
        "scale_down_delay_seconds": Key(SECONDS, 30),
        "abort_scale_down_delay_seconds": Key(SECONDS, 30),
    }
)

_BEHAVIOUR = {"stabilization_seconds": COUNT, "percent": POSITIVE, "period_seconds": SECONDS}


def _behaviour(stabilization: int, percent: int) -> dict[str, Key]:
    """Return how fast an autoscaler may go in one direction: seconds it waits, then per cent in each period of seconds."""
    defaults = {"stabilization_seconds": stabilization, "percent": percent, "period_seconds": 60}
    return {name: Key(_BEHAVIOUR[name], default) for name, default in defaults.items()}


_AUTOSCALING = section(
    {
        "min_replicas": Key(POSITIVE, 3),
        "max_replicas": Key(POSITIVE, 20),
        "cpu_utilization": Key(SHARE_PERCENT, 70),
        "memory_utilization": Key(SHARE_PERCENT, 80),
        # 0: not by requests. Kubernetes takes a quantity, people a number.
        "requests_per_second": Key(COUNT, 100),
        "scale_up": Key(section({**_behaviour(60, 100), "pods": Key(POSITIVE, 2)}), {}),
        "scale_down": Key(section(_behaviour(300, 50)), {}),
    }
)
_BUDGET = section({"max_unavailable": Key(AMOUNT, 1)})
_SPREAD = section(
    {
        "topology_key": Key(TOPOLOGY_KEY),
        "max_skew": Key(POSITIVE, 1),
        "when_unsatisfiable": Key(choice("ScheduleAnyway", "DoNotSchedule"), "ScheduleAnyway"),
    }
)
_EGRESS = section({"cidr": Key(CIDR), "ports": Key(list_of(PORT), [443])})
_MIGRATIONS = section(
    {
        "command": Key(list_of(TEXT), ["migrate"]),
        "timeout_seconds": Key(SECONDS, 600),
        "retries": Key(COUNT, 1),
    }
)
_STATEFUL = section(
    {
        "engine": Key(ENGINE),
        "storage": Key(QUANTITY, "10Gi"),
        "storage_class": Key(OBJECT_NAME, None),
    }
)

KEYS: dict[str, Key] = {
    "image": Key(IMAGE),
    "version": Key(VERSION),
    "strategy": Key(STRATEGY),
    "replicas": Key(COUNT, 3),
    "after": Key(list_of(NAME), []),
    "uses": Key(list_of(NAME), []),
    "component": Key(LABEL_VALUE, "backend"),
    "tier": Key(LABEL_VALUE, "service"),
    "labels": Key(map_of(LABEL_KEY, LABEL_VALUE), {}),
    "trading": Key(switch(), False),
    "env": Key(map_of(VARIABLE, SCALAR), {}),
    "config": Key(list_of(VARIABLE), []),
    "secrets": Key(map_of(OBJECT_NAME, list_of(VARIABLE)), {}),
    "scope": Key(SCOPE, "environment"),
    "service_name": Key(OBJECT_NAME, None),
    "egress": Key(list_of(_EGRESS), []),
    "autoscaling": Key(_AUTOSCALING, None),
    "disruption_budget": Key(_BUDGET, {}),
    "spread": Key(list_of(_SPREAD), _SPREAD_OVER),
    "ports": Key(_PORTS, {}),
    "scrape": Key(_SCRAPE, {}),
    "probes": Key(_PROBES, {}),
    "resources": Key(_RESOURCES, {}),
    "security": Key(_SECURITY, {}),
    "scheduling": Key(_SCHEDULING, {}),
    "empty_dirs": Key(map_of(OBJECT_NAME, PATH), {"app-logs": "/app/logs", "tmp-volume": "/tmp"}),  # noqa: S108 (inside a container)
    "exposure": Key(_EXPOSURE, None),
    "migrations": Key(_MIGRATIONS, None),
    "revision_history_limit": Key(COUNT, 10),
    # Argo counts a blue-green analysis as standing still, so this has to be longer than the longest of them.
    "progress_deadline_seconds": Key(SECONDS, 1200),
    "termination_grace_seconds": Key(COUNT, 30),
    "rolling": Key(_ROLLING, {}),
    "blue_green": Key(_BLUE_GREEN, {}),
    "canary": Key(_CANARY, None),
    "stateful": Key(_STATEFUL, None),
}

ENTRY: Kind = section(KEYS)
