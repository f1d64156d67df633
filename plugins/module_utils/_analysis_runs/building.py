# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From templates and arguments to an AnalysisRun, merged as Argo does it. Pure functions. Private to this collection."""

from __future__ import annotations

from .._errors import DeliveryError
from .._kube.kinds import ANALYSIS_RUN
from .._types import Obj
from .arguments import check_uses, merged_arguments
from .templates import Template

INSTANCE_ID = "argo-rollouts.argoproj.io/controller-instance-id"
# Which task created a run: an answer that was lost shows a run that exists already, and whose it is must be known.
TASK = "delivery.tradesense.io/task"
# The longest name an object may have.
_LONGEST_NAME = 253


def spec_of(templates: list[Template], given: list[Obj], ttl: int | None) -> Obj:
    """Return the spec of a run.

    Args:
        templates: in the order of `templates.with_nested`.
        given: arguments, from `arguments.given_arguments`.
        ttl: seconds after which the controller deletes a run that ended.

    Raises:
        DeliveryError: what the templates say does not go together, or an argument is missing.
    """
    metrics = _joined(templates, "metrics", "name", "metrics")
    if not metrics:
        names = ", ".join(template.ref.title for template in templates)
        raise DeliveryError(f"there is no metric in {names}", reason="NoMetrics", hint="add metrics to the template")
    arguments = merged_arguments(templates, given)
    check_uses(templates, arguments)
    spec: Obj = {"metrics": metrics}
    for key, items in (
        ("args", arguments),
        ("dryRun", _joined(templates, "dryRun", "metricName", "dryRun rules")),
        (
            "measurementRetention",
            _joined(templates, "measurementRetention", "metricName", "measurementRetention rules"),
        ),
    ):
        if items:
            spec[key] = items
    if ttl is not None:
        spec["ttlStrategy"] = {"secondsAfterCompletion": ttl}
    return spec


def manifest(spec: Obj, *, name: str, namespace: str, instance_id: str, task: str) -> Obj:
    """Return the AnalysisRun."""
    labels = {"labels": {INSTANCE_ID: instance_id}} if instance_id else {}
    return {
        "apiVersion": ANALYSIS_RUN.api_version,
        "kind": ANALYSIS_RUN.name,
        "metadata": {"name": name, "namespace": namespace, **labels, "annotations": {TASK: task}},
        "spec": spec,
    }


def generated_name(template: str, suffix: str) -> str:
    """Return a name for a run of a template."""
    return f"{template[: _LONGEST_NAME - len(suffix) - 1]}-{suffix}"


def _joined(templates: list[Template], part: str, key: str, what: str) -> list[Obj]:
    items: list[Obj] = []
    origin: dict[str, str] = {}
    for template in templates:
        for item in template.spec.get(part) or []:
            name = str(item.get(key))
            if name in origin:
                raise DeliveryError(
                    f"two {what} have the same name {name}, one in {origin[name]} and one in {template.ref.title}",
                    reason="Duplicate",
                    hint="rename one of them, or run the templates one after the other",
                )
            origin[name] = template.ref.title
            items.append(item)
    return items
