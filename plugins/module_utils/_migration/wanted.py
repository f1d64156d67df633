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
from .routes import Route, routes_of

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
                if (backend.get("service") or {}).get("name") == self.main:
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
    """Return what a service's manifests describe.

    Raises:
        DeliveryError: not one Rollout with a template and a Service for its users, or other kinds beside it.
    """
    placed = [in_namespace(manifest, namespace, True) for manifest in manifests]
    by_kind = {kind: [item for item in placed if item["kind"] == kind] for kind in _KINDS}
    others = [title(item) for item in placed if item["kind"] not in _KINDS]
    if others:
        raise _bad(f"a migration is about a Rollout, its Services and Ingresses, not about {', '.join(others)}")
    if len(by_kind["Rollout"]) != 1:
        raise _bad(f"a migration is about one Rollout, and there are {len(by_kind['Rollout'])}")
    [rollout] = by_kind["Rollout"]
    if any(item["metadata"]["namespace"] != namespace for item in placed):
        raise _bad(f"a migration happens in one namespace, {namespace}")
    spec = rollout.get("spec") or {}
    for key in ("template", "selector", "strategy"):
        if not isinstance(spec.get(key), dict):
            raise _bad(f"{title(rollout)} has no spec.{key}")
    services = {item["metadata"]["name"]: item for item in by_kind["Service"]}
    ingresses = {item["metadata"]["name"]: item for item in by_kind["Ingress"]}
    wanted = Wanted(rollout, services, ingresses)
    if wanted.main not in services:
        raise _bad(f"the Service {wanted.main or 'for users'} of {title(rollout)} is not among the definitions")
    return wanted


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
