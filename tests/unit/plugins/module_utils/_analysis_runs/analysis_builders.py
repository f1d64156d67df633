# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Templates and runs of their own, to build tests from."""

from __future__ import annotations

from typing import Any

from ansible_collections.tradesense.delivery.plugins.module_utils._analysis_runs.templates import Ref, Template
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAMESPACE

CONDITION = "len(result) > 0 && result[0] < 0.02"
SECRET: Obj = {"secretKeyRef": {"name": "prometheus", "key": "token"}}


def metric(name: str = "errors", query: str = "vector(0)", **given: Any) -> Obj:
    """Return a metric of a template."""
    provider = {"prometheus": {"address": "http://prometheus:9090", "query": query}}
    return {"name": name, "count": 3, "interval": "10s", "successCondition": CONDITION, "provider": provider, **given}


def template(name: str, *metrics: Obj, cluster: bool = False, **spec: Any) -> Template:
    """Return a template as it was read."""
    return Template(Ref(name, cluster), {"metrics": list(metrics), **spec})


def argument(name: str, value: str | None = None, **source: Any) -> Obj:
    """Return an argument as Argo writes it; `source` is its valueFrom."""
    return {
        "name": name,
        **({"value": value} if value is not None else {}),
        **({"valueFrom": source} if source else {}),
    }


def result(name: str, phase: str, *measured: tuple[str, str], **given: Any) -> Obj:
    """Return a metric's result; each measurement is a phase and a value, or for an Error a message."""
    measurements = [
        {
            "phase": state,
            **({"message": text} if state == "Error" else {"value": text}),
            "startedAt": f"2026-11-23T10:00:{index:02}Z",
            "finishedAt": f"2026-11-23T10:00:{index:02}Z",
        }
        for index, (state, text) in enumerate(measured)
    ]
    counts = {
        key: sum(state == word for state, _ in measured)
        for key, word in (("successful", "Successful"), ("failed", "Failed"), ("inconclusive", "Inconclusive"))
    }
    errors = sum(state == "Error" for state, _ in measured)
    usual = {**counts, "count": sum(counts.values()), "error": errors, "measurements": measurements}
    return {"name": name, "phase": phase, **usual, **given}


def run(phase: str, *results: Obj, metrics: list[Obj] | None = None, name: str = "check", **given: Any) -> Obj:
    """Return an AnalysisRun; without a phase the controller has not seen it. `given` are entries of spec or message."""
    message = given.pop("message", "")
    metadata = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"uid-{name}",
        "resourceVersion": "10",
        **given.pop("metadata", {}),
    }
    status = {"phase": phase, "metricResults": list(results), **({"message": message} if message else {})}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": metadata,
        "spec": {"metrics": metrics or [metric()], **given},
        **({"status": status} if phase else {}),
    }
