# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a service is to be after its migration, read from its manifests. Pure functions. Private to this collection."""

from __future__ import annotations

import copy
from dataclasses import dataclass

from .._apply.manifests import in_namespace, title
from .._errors import DeliveryError
from .._rollouts.traffic import main_service
from .._types import Obj
from .routes import Route, routes_of, service_of

# On what a migration made or changed: what an undo has to know. Gone when the migration is finished.
MARK = "delivery.tradesense.io/migration"
CREATED = "created"
SCALE_DOWN = ("progressively", "onsuccess")
_KINDS = ("Rollout", "Service", "Ingress")


@dataclass(frozen=True)
class Wanted:
    """The objects of one service, as its manifests describe them.

    Attributes:
        rollout: the Rollout with its pod template.
        services: the Services of its strategy, by name.
        ingresses: Ingresses in front of them, by name.
    """

    rollout: Obj
    services: dict[str, Obj]
    ingresses: dict[str, Obj]

    @property
    def name(self) -> str:
        """The name of the Rollout, and of the Deployment that it takes the place of."""
        return str(self.rollout["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Where all of it is."""
        return str(self.rollout["metadata"]["namespace"])

    @property
    def main(self) -> str:
        """The Service that takes users' requests."""
        return main_service(self.rollout)

    @property
    def labels(self) -> Obj:
        """What the Rollout selects its pods by."""
        return dict(self.rollout["spec"]["selector"].get("matchLabels") or {})

    @property
    def routed(self) -> bool:
        """Whether Argo needs the Ingress before it accepts the Rollout."""
        return bool((self.rollout["spec"]["strategy"].get("canary") or {}).get("trafficRouting"))

    @property
    def routes(self) -> dict[Route, Obj]:
        """The hosts and paths that lead to the main Service, and the backend as an Ingress names it."""
        found = {}
        for ingress in self.ingresses.values():
            for route, backend in routes_of(ingress):
                if service_of(backend) == self.main:
                    found[route] = backend
        return found

    @property
    def everything(self) -> list[Obj]:
        """All manifests, as provisioning applies them."""
        return [*self.services.values(), *self.ingresses.values(), self.rollout]

    def referring(self, scale_down: str, replicas: int) -> Obj:
        """Return the Rollout with the Deployment's pod template in place of its own."""
        made = marked(self.rollout, "from Deployment")
        del made["spec"]["template"]
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": self.name, "scaleDown": scale_down}
        made["spec"].update(workloadRef=reference, replicas=replicas)
        return made


def wanted_of(manifests: list[Obj], namespace: str) -> Wanted:
    """Return what the manifests of one Rollout describe; Services and Ingresses that are not in front of it do not count.

    Raises:
        DeliveryError: not one Rollout with a template and a Service for its users, or other kinds beside it.
    """
    placed = [in_namespace(manifest, namespace, True) for manifest in manifests]
    rollouts = rollouts_of(placed)
    if len(rollouts) != 1:
        raise _bad(f"a migration is about one Rollout, and there are {len(rollouts)}")
    [rollout] = rollouts
    named = services_named(rollout)
    services = {item["metadata"]["name"]: item for item in placed if item["kind"] == "Service"}
    mine = {name: services[name] for name in named if name in services}
    main = main_service(rollout)
    ingresses = {
        item["metadata"]["name"]: item
        for item in placed
        if item["kind"] == "Ingress" and any(service_of(backend) == main for _route, backend in routes_of(item))
    }
    if any(item["metadata"]["namespace"] != namespace for item in (rollout, *mine.values(), *ingresses.values())):
        raise _bad(f"a migration happens in one namespace, {namespace}")
    missing = [name for name in named if name not in services]
    if missing or not named:
        raise _bad(f"Service {', '.join(missing) or 'for users'} of {title(rollout)} is not among the definitions")
    return Wanted(rollout, mine, ingresses)


def rollouts_of(manifests: list[Obj]) -> list[Obj]:
    """Return the Rollouts among manifests.

    Raises:
        DeliveryError: one of them is not complete, or there are kinds that a migration is not about.
    """
    others = [title(item) for item in manifests if item["kind"] not in _KINDS]
    if others:
        raise _bad(f"a migration is about a Rollout, its Services and Ingresses, not about {', '.join(others)}")
    found = [item for item in manifests if item["kind"] == "Rollout"]
    for item in found:
        spec = item.get("spec") or {}
        for key in ("template", "selector", "strategy"):
            if not isinstance(spec.get(key), dict):
                raise _bad(f"{title(item)} has no spec.{key}")
    return found


def services_named(rollout: Obj) -> list[str]:
    """Return the names of the Services of a Rollout's strategy, the one for users first."""
    strategy = rollout["spec"]["strategy"]
    own = strategy.get("blueGreen") or strategy.get("canary") or {}
    names = [own.get(key) for key in ("activeService", "stableService", "previewService", "canaryService")]
    return [str(name) for name in names if name]


def marked(manifest: Obj, text: str) -> Obj:
    """Return a manifest that says what a migration did to its object."""
    made = copy.deepcopy(manifest)
    made["metadata"].setdefault("annotations", {})[MARK] = text
    return made


def mark_of(item: Obj | None) -> str:
    """Return what a migration noted on an object, empty when nothing."""
    return str((((item or {}).get("metadata") or {}).get("annotations") or {}).get(MARK) or "")


def _bad(msg: str) -> DeliveryError:
    return DeliveryError(
        msg, reason="BadManifest", hint="give the Rollout, Services and Ingress of one service; nothing was sent"
    )
