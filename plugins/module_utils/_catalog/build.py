# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Names and labels of a service's objects, put into its checked entry. Private to this collection."""

from __future__ import annotations

from typing import Any, cast

from .engines import PORTS, sizes
from .model import Service
from .values import PREFIX

_SUFFIXES = {"blue_green": ("-active", "-preview"), "canary": ("-stable", "-canary")}
"""What the names of a strategy's two Services end with: first the one that takes users' requests."""

# A Job's name, -migrate-<hash> at its end, has to fit into a label: 63 characters.
_JOB_NAME = 44

_ROLLOUT = ("argoproj.io/v1alpha1", "Rollout")
_WORKLOADS = {"rolling": ("apps/v1", "Deployment"), "stateful": ("apps/v1", "StatefulSet")}


def build(service: str, values: dict[str, Any], environment: str) -> Service:
    """Return the normalised entry of a service.

    Args:
        service: its key in the catalog.
        values: what the schema read of its entry, every key there.
        environment: value of the environment variable ENVIRONMENT; empty: none.
    """
    name = f"{PREFIX}{service}"
    services = _services(name, values)
    whole = {
        **values,
        **_labels(name, values),
        **_strategy(name, services, values),
        "service": service,
        "name": name,
        "services": services,
        "service_name": services[0],
        "service_account": name,
        # Filled in by whoever knows the values (_configuration).
        "config_name": None,
        "secrets_name": None,
        "autoscaling": _autoscaling(name, values),
        # One pod alone cannot be away less than wholly, and has nothing to be spread over.
        "disruption_budget": values["disruption_budget"] if _most(values) > 1 else None,
        "spread": values["spread"] if _most(values) > 1 else [],
        "env": {**({"ENVIRONMENT": environment} if environment else {}), **values["env"]},
        "scrape": _with_port(values["scrape"], values),
        "probes": {probe: _with_port(keys, values) for probe, keys in values["probes"].items()},
        "exposure": _exposure(name, services[0], values),
        "migrations": _migrations(name, values),
    }
    return cast(Service, whole)


def _services(name: str, values: dict[str, Any]) -> list[str]:
    suffixes = _SUFFIXES.get(values["strategy"])
    return [f"{name}{suffix}" for suffix in suffixes] if suffixes else [values["service_name"] or name]


def _most(values: dict[str, Any]) -> int:
    """Return the largest number of pods that a service is meant to have."""
    autoscaling = values["autoscaling"]
    return max(int(values["replicas"]), int(autoscaling["max_replicas"]) if autoscaling else 0)


def _autoscaling(name: str, values: dict[str, Any]) -> dict[str, Any] | None:
    autoscaling = values["autoscaling"]
    if autoscaling is None:
        return None
    api_version, kind = _WORKLOADS.get(values["strategy"], _ROLLOUT)
    target = {"api_version": api_version, "kind": kind, "name": name}
    return {**autoscaling, "name": f"{name}-hpa", "target": target}


def _labels(name: str, values: dict[str, Any]) -> dict[str, Any]:
    # The version is no label of the workload itself: a provision run would set it back after every release.
    marks = {
        **values["labels"],
        "app": name,
        "component": values["component"],
        "tier": values["tier"],
        "app.kubernetes.io/part-of": "tradesense",
    }
    return {
        "labels": {**marks, "app.kubernetes.io/managed-by": "tradesense-delivery"},
        "pod_labels": {**marks, "version": values["version"]},
        "selector": {"app": name},
    }


def _with_port(keys: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    return {**keys, "port": keys["port"] or values["ports"]["http"]}


def _exposure(name: str, backend: str, values: dict[str, Any]) -> dict[str, Any] | None:
    exposure = values["exposure"]
    if exposure is None:
        return None
    ingress = _stable_ingress(name) if values["strategy"] == "canary" else f"{name}-ingress"
    return {
        **exposure,
        "name": ingress,
        "backend": backend,
        "tls_secret": exposure["tls_secret"] or f"{name}-tls",
    }


def _migrations(name: str, values: dict[str, Any]) -> dict[str, Any] | None:
    migrations = values["migrations"]
    if migrations is None:
        return None
    # Another app than the service's: no Service, autoscaler or disruption budget may take these pods for its own. With a
    # dot, it is no other service's either.
    labels = {**_labels(name, values)["pod_labels"], "app": f"{name}.migrate"}
    return {**migrations, "name": f"{name[:_JOB_NAME]}-migrate", "labels": labels}


def _strategy(name: str, services: list[str], values: dict[str, Any]) -> dict[str, Any]:
    """Return the sections of the strategies: the service's own filled in, the others None."""
    strategy = values["strategy"]
    sections: dict[str, Any] = {"rolling": None, "blue_green": None, "canary": None, "stateful": None}
    own = dict(values.get(strategy) or {})
    if strategy == "blue_green":
        own.update(active_service=services[0], preview_service=services[1])
    elif strategy == "canary":
        own.update(stable_service=services[0], canary_service=services[1], stable_ingress=_stable_ingress(name))
    elif strategy == "stateful":
        own.update(sizes(values), ports=PORTS.get(own.get("engine", ""), {}), primary=None)
    return {**sections, strategy: own}


def _stable_ingress(name: str) -> str:
    return f"{name}-stable"
