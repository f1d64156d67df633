# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a migration stands: everything it looks at, at one moment. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._rollouts.phase import Phase, phase_of
from .._types import Obj
from .routes import is_canary, routes_of
from .wanted import Wanted

_HASH = "rollouts-pod-template-hash"


@dataclass(frozen=True)
class Situation:
    """The live objects around a service, and what it is to be.

    Attributes:
        scalers: the HorizontalPodAutoscalers of the namespace.
        quotas: the ResourceQuotas of the namespace.
        templates: names of the AnalysisTemplates of the namespace.
    """

    wanted: Wanted
    deployment: Obj | None = None
    rollout: Obj | None = None
    services: dict[str, Obj] = field(default_factory=dict)
    ingresses: dict[str, Obj] = field(default_factory=dict)
    slices: list[Obj] = field(default_factory=list)
    scalers: list[Obj] = field(default_factory=list)
    quotas: list[Obj] = field(default_factory=list)
    templates: frozenset[str] = frozenset()

    @property
    def refers(self) -> bool:
        """Whether the Rollout takes its pod template from the Deployment."""
        reference = _spec(self.rollout).get("workloadRef") or {}
        return reference.get("kind") == "Deployment" and reference.get("name") == self.wanted.name

    @property
    def scale_down(self) -> str:
        """How the controller scales the Deployment down."""
        return str((_spec(self.rollout).get("workloadRef") or {}).get("scaleDown") or "never")

    @property
    def phase(self) -> Phase:
        """The phase of the Rollout."""
        return phase_of(self.rollout or {}, self.deployment if self.refers else None)

    @property
    def desired(self) -> int:
        """How many pods the Rollout is to have."""
        return int(_spec(self.rollout).get("replicas", 1))

    @property
    def stable(self) -> str:
        """The pod-template hash of the Rollout's stable revision."""
        return str(_status(self.rollout).get("stableRS") or "")

    @property
    def in_flight(self) -> bool:
        """Whether the Rollout has a revision that is not the stable one."""
        return _status(self.rollout).get("currentPodHash") != self.stable

    @property
    def deployed(self) -> int:
        """How many pods the Deployment is to have."""
        return int(_spec(self.deployment).get("replicas", 1)) if self.deployment else 0

    @property
    def still_there(self) -> int:
        """How many pods the Deployment still has."""
        return int(_status(self.deployment).get("replicas") or 0)

    @property
    def old_services(self) -> list[str]:
        """The Services that select the pods and are not the strategy's: what users' requests went through so far."""
        labels = self.wanted.labels
        if self.deployment:
            labels = ((_spec(self.deployment).get("template") or {}).get("metadata") or {}).get("labels") or {}
        return sorted(
            name
            for name, item in self.services.items()
            if name not in self.wanted.services and _selects(_spec(item).get("selector") or {}, labels)
        )

    @property
    def superseded(self) -> list[Obj]:
        """Other Ingresses with a host and path of the wanted ones."""
        return [
            item
            for name, item in sorted(self.ingresses.items())
            if name not in self.wanted.ingresses
            and not is_canary(item)
            and any(route in self.wanted.routes for route, _backend in routes_of(item))
        ]

    def scalers_of(self, kind: str) -> list[Obj]:
        """Return the HorizontalPodAutoscalers of the Deployment or of the Rollout."""
        return [
            item
            for item in self.scalers
            for target in [_spec(item).get("scaleTargetRef") or {}]
            if target.get("kind") == kind and target.get("name") == self.wanted.name
        ]

    def ready(self, service: str, *, of_rollout: bool | None = None) -> int:
        """Return the ready endpoints of a Service: all, those of the Rollout's pods, or the others."""
        prefix = f"{self.wanted.name}-{_status(self.rollout).get('currentPodHash') or ''}-"
        found = 0
        for item in self.slices:
            if (item["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != service:
                continue
            for endpoint in item.get("endpoints") or []:
                ours = bool(self.rollout) and str((endpoint.get("targetRef") or {}).get("name")).startswith(prefix)
                # An absent condition counts as ready, says the API.
                is_ready = (endpoint.get("conditions") or {}).get("ready") is not False
                found += is_ready and (of_rollout is None or ours == of_rollout)
        return found

    def selected(self, service: str) -> str:
        """Return the pod-template hash that a Service selects."""
        return str((_spec(self.services.get(service)).get("selector") or {}).get(_HASH) or "")


def available(workload: Obj | None) -> int:
    """Return how many pods of a workload are available."""
    return int(_status(workload).get("availableReplicas") or 0)


def _selects(selector: Obj, labels: Obj) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def _spec(item: Obj | None) -> Obj:
    return dict((item or {}).get("spec") or {})


def _status(item: Obj | None) -> Obj:
    return dict((item or {}).get("status") or {})
