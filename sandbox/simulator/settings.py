# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What can be set while the simulator runs: load and behaviour overrides. Pure but for its own tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.simulator.behaviours import Behaviour, behaviour_of, image_tag
from sandbox.simulator.records import PodRecord


@dataclass(frozen=True)
class LoadRule:
    """``rps`` requests a second for the entry points that match; empty fields match all."""

    rps: float
    namespace: str = ""
    name: str = ""
    kind: str = ""

    @property
    def scope(self) -> tuple[str, str, str]:
        return (self.name, self.namespace, self.kind)

    def covers(self, namespace: str, kind: str, name: str) -> bool:
        return self.name in ("", name) and self.namespace in ("", namespace) and self.kind in ("", kind)


@dataclass
class Load:
    """Requests a second per entry point: defaults by kind, and rules, of which the narrowest wins.

    ``header_share`` (0..1): share of an Ingress' requests that carry the canary's header.
    """

    ingress_rps: float = 100.0
    service_rps: float = 20.0
    header_share: float = 0.02
    rules: list[LoadRule] = field(default_factory=list)

    def rps(self, namespace: str, kind: str, name: str) -> float:
        """The load of one entry point."""
        for rule in self.rules:
            if rule.covers(namespace, kind, name):
                return rule.rps
        return self.ingress_rps if kind == "Ingress" else self.service_rps

    def put(self, scope: LoadRule) -> None:
        """Sets a rule, in place of one of the same scope; without name and namespace it sets the defaults."""
        if not scope.name and not scope.namespace:
            if scope.kind in ("", "Ingress"):
                self.ingress_rps = scope.rps
            if scope.kind in ("", "Service"):
                self.service_rps = scope.rps
            return
        self.drop(scope)
        self.rules.append(scope)
        # A name says more than a namespace, and a namespace more than a kind.
        self.rules.sort(key=lambda r: (bool(r.name), bool(r.namespace), bool(r.kind)), reverse=True)

    def drop(self, scope: LoadRule) -> None:
        """Removes the rule of the same scope, if there is one."""
        self.rules = [rule for rule in self.rules if rule.scope != scope.scope]


@dataclass(frozen=True)
class Override:
    """A behaviour for the pods that match every field that is not empty."""

    behaviour: Behaviour
    tag: str = ""
    image: str = ""
    namespace: str = ""
    app: str = ""
    hash: str = ""

    @property
    def scope(self) -> tuple[str, str, str, str, str]:
        return (self.tag, self.image, self.namespace, self.app, self.hash)

    def place(self) -> dict[str, str]:
        """The fields that say which pods are meant."""
        return {"tag": self.tag, "image": self.image, "namespace": self.namespace, "app": self.app, "hash": self.hash}

    def covers(self, pod: PodRecord) -> bool:
        return (
            self.tag in ("", image_tag(pod.image))
            and self.image in ("", pod.image)
            and self.namespace in ("", pod.namespace)
            and self.app in ("", pod.app)
            and self.hash in ("", pod.hash)
        )


@dataclass
class Overrides:
    """Behaviours set at run time; the last one set wins over the image's tag."""

    items: list[Override] = field(default_factory=list)

    def put(self, override: Override) -> None:
        self.items = [item for item in self.items if item.scope != override.scope] + [override]

    def drop(self, scope: tuple[str, str, str, str, str] | None = None) -> int:
        """Removes the override of this scope, or all; returns how many went."""
        before = len(self.items)
        self.items = [] if scope is None else [item for item in self.items if item.scope != scope]
        return before - len(self.items)

    def behaviour_for(self, pod: PodRecord) -> Behaviour:
        for item in reversed(self.items):
            if item.covers(pod):
                return item.behaviour
        return behaviour_of(pod.image)
