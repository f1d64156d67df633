# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What stands in the way of a migration, and what whoever runs it should know. Pure functions. Private to this collection."""

from __future__ import annotations

from .._errors import DeliveryError
from .._rollouts.phase import HEALTHY, phase_of
from .._types import Obj
from .quota import room
from .routes import is_canary, routes_of, service_of
from .situation import Situation

_MANAGED_BY = "app.kubernetes.io/managed-by"
_OURS = "tradesense-delivery"


def check(situation: Situation, scale_down: str) -> None:
    """Raise what stands in the way, all of it at once; nothing was touched yet.

    Raises:
        DeliveryError: the migration must not start or go on.
    """
    found = _missing(situation) or [*_running(situation), *_around(situation, scale_down)]
    if found:
        wanted = situation.wanted
        raise DeliveryError(
            "; ".join(found),
            reason="NotReady",
            hint="nothing was touched",
            where=f"Deployment {wanted.name} in namespace {wanted.namespace}",
        )


def notes(*situations: Situation) -> list[str]:
    """Return what stays to be done by people, a sentence each without a full stop, from where it began and ended."""
    return list(dict.fromkeys(text for situation in situations for text in _notes(situation)))


def _notes(situation: Situation) -> list[str]:
    found = []
    if _manager(situation.deployment) == "Helm":
        found.append(
            f"Helm manages Deployment {situation.wanted.name}: take it out of the chart, or the next upgrade makes it again"
        )
    for scaler in (*situation.scalers_of("Deployment"), *situation.scalers_of("Rollout")):
        if _manager(scaler) != _OURS:
            name = scaler["metadata"]["name"]
            found.append(
                f"HorizontalPodAutoscaler {name} scales the Rollout: delete it before provisioning makes another"
            )
    main = situation.wanted.main
    for name in situation.old_services:
        found.append(
            f"Service {name} stays and selects the pods of every revision; who calls it should call {main}, which does not"
        )
    for name, ingress in sorted(situation.ingresses.items()):
        left = [
            str(route)
            for route, backend in routes_of(ingress)
            if service_of(backend) in situation.old_services and route not in situation.wanted.routes
        ]
        if left and not is_canary(ingress):
            found.append(f"Ingress {name} keeps sending {', '.join(left)} to the pods of every revision")
    return found


def _manager(item: Obj | None) -> str:
    return str((((item or {}).get("metadata") or {}).get("labels") or {}).get(_MANAGED_BY) or "")


def _missing(situation: Situation) -> list[str]:
    """Return why there is nothing to migrate at all."""
    if situation.deployment is None and situation.rollout is None:
        return ["there is neither a Deployment nor a Rollout of that name; playbooks/provision.yml makes the Rollout"]
    if situation.deployment is None and situation.refers:
        return ["the Rollout takes its pod template from this Deployment, which does not exist any more"]
    return []


def _running(situation: Situation) -> list[str]:
    deployment, rollout = situation.deployment, situation.rollout
    if deployment is None or situation.refers:
        return []
    if rollout is not None:
        if situation.deployed or situation.still_there:
            return ["a Rollout of that name runs pods beside it: delete the one that users do not need"]
        return []
    found = []
    phase = phase_of(deployment)
    if phase.name != HEALTHY:
        found.append(f"it is {phase.name} ({phase.message}): bring it to rest first")
    elif not situation.deployed:
        found.append("it has no pods to take over: delete it, and playbooks/provision.yml makes the Rollout")
    labels = ((deployment["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    lacking = [f"{key}={value}" for key, value in situation.wanted.labels.items() if labels.get(key) != value]
    if lacking:
        found.append(
            f"its pods lack the label {', '.join(lacking)}, by which the Rollout selects its own: add it first"
        )
    return found


def _around(situation: Situation, scale_down: str) -> list[str]:
    if situation.deployment is None or (situation.rollout is not None and not situation.refers):
        return []
    found = []
    missing = [
        name for name in _analyses(situation.wanted.rollout["spec"]["strategy"]) if name not in situation.templates
    ]
    if missing:
        found.append(
            f"AnalysisTemplate {', '.join(missing)} does not exist: playbooks/provision.yml --tags analysis makes it"
        )
    for name in situation.wanted.ingresses:
        live = situation.ingresses.get(name)
        others = [str(route) for route, _backend in routes_of(live or {}) if route not in situation.wanted.routes]
        if others:
            found.append(
                f"Ingress {name} also routes {', '.join(others)}, which the manifests do not: give it an Ingress of its own"
            )
    if situation.rollout is None:
        found += _quota(situation, scale_down)
    return found


def _quota(situation: Situation, scale_down: str) -> list[str]:
    template = (situation.deployment or {})["spec"].get("template") or {}
    fits, limit = room(situation.quotas, template)
    # The controller frees a place with each new pod that is ready, or none before all of them are.
    needed = 1 if scale_down == "progressively" else situation.deployed
    if fits is None or fits >= needed:
        return []
    advice = "" if scale_down == "progressively" else "; with scale_down progressively 1 is enough"
    pods, are = "pod" if fits == 1 else "pods", "is" if needed == 1 else "are"
    return [f"{limit} leaves room for {fits} more {pods}, and {needed} {are} needed{advice}"]


def _analyses(strategy: Obj) -> list[str]:
    """Return the names of the AnalysisTemplates that a strategy refers to."""
    found: list[str] = []

    def look(value: object) -> None:
        if isinstance(value, dict):
            if value.get("templateName") and not value.get("clusterScope"):
                found.append(str(value["templateName"]))
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    look(strategy)
    return list(dict.fromkeys(found))
