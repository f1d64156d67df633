# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Small manifests for the tests. Every workload has one container, `app`, and two pods unless told otherwise."""

from __future__ import annotations

from typing import Any

from tests.integration.support.cluster import Obj

PAUSE: Obj = {"pause": {}}
# What scales old pods down soon: an aborted canary whose pods stay keeps the controller busy for all other tests.
_SOON = {"scaleDownDelaySeconds": 1, "abortScaleDownDelaySeconds": 1}


def image(tag: str) -> str:
    """Return an image; the end of the tag says how its pods behave in the sandbox."""
    return f"tradesense/web:{tag}"


def weight(percent: int) -> Obj:
    """Return a canary step that sends so much traffic to the new pods."""
    return {"setWeight": percent}


def analysis(*templates: str) -> Obj:
    """Return the reference to analysis templates, as a step or as a blue-green gate."""
    return {"templates": [{"templateName": name} for name in templates]}


def pod_template(app: str, tag: str = "v1", env: dict[str, str] | None = None) -> Obj:
    """Return a pod template."""
    container: Obj = {"name": "app", "image": image(tag), "ports": [{"name": "http", "containerPort": 8000}]}
    if env:
        container["env"] = [{"name": name, "value": value} for name, value in env.items()]
    annotations = {"prometheus.io/scrape": "true"}
    return {"metadata": {"labels": {"app": app}, "annotations": annotations}, "spec": {"containers": [container]}}


def service(name: str, app: str) -> Obj:
    """Return a Service in front of a workload's pods."""
    spec = {"selector": {"app": app}, "ports": [{"name": "http", "port": 80, "targetPort": 8000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def ingress(name: str, backend: str) -> Obj:
    """Return an Ingress of class nginx."""
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": {"number": 80}}}}
    rules = [{"host": f"{name}.example.test", "http": {"paths": [path]}}]
    spec = {"ingressClassName": "nginx", "rules": rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name}, "spec": spec}


def config_map(name: str, **data: str) -> Obj:
    """Return a ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def rollout(name: str, strategy: Obj, *, tag: str = "v1", replicas: int = 2, env: dict[str, str] | None = None) -> Obj:
    """Return a Rollout."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": pod_template(name, tag, env),
            "strategy": strategy,
        },
    }


def canary(name: str, *steps: Obj, **how: Any) -> Obj:
    """Return a canary without a router, with or without steps."""
    return rollout(name, {"canary": {"steps": list(steps)} if steps else {}}, **how)


def routed(name: str, *steps: Obj, **how: Any) -> list[Obj]:
    """Return a canary that nginx routes, with what it needs: two Services and an Ingress."""
    strategy = {
        "stableService": f"{name}-stable",
        "canaryService": f"{name}-canary",
        "trafficRouting": {"nginx": {"stableIngress": name}},
        "steps": list(steps),
        **_SOON,
    }
    around = [service(f"{name}-stable", name), service(f"{name}-canary", name), ingress(name, f"{name}-stable")]
    return [*around, rollout(name, {"canary": strategy}, **how)]


def blue_green(name: str, *, gate: str = "", auto: bool = False, **how: Any) -> list[Obj]:
    """Return a blue-green with its two Services; `gate` names an analysis template to pass before promotion."""
    strategy: Obj = {
        "activeService": f"{name}-active",
        "previewService": f"{name}-preview",
        "autoPromotionEnabled": auto,
        **_SOON,
        **({"prePromotionAnalysis": analysis(gate)} if gate else {}),
    }
    around = [service(f"{name}-active", name), service(f"{name}-preview", name)]
    return [*around, rollout(name, {"blueGreen": strategy}, **how)]


def deployment(name: str, *, tag: str = "v1", replicas: int = 2) -> Obj:
    """Return a Deployment."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": pod_template(name, tag),
        },
    }


def measuring(name: str, prometheus: str, query: str, *, delay: str = "0s") -> Obj:
    """Return an AnalysisTemplate with one metric, `error-share`, that has to be below 0.02 three times, once a second."""
    metric = {
        "name": "error-share",
        "initialDelay": delay,
        "interval": "1s",
        "count": 3,
        "successCondition": "len(result) > 0 && !isNaN(result[0]) && result[0] < 0.02",
        "failureCondition": "len(result) > 0 && !isNaN(result[0]) && result[0] >= 0.02",
        "provider": {"prometheus": {"address": prometheus, "query": query}},
    }
    api = "argoproj.io/v1alpha1"
    return {"apiVersion": api, "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": {"metrics": [metric]}}
