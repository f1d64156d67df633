# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which Service an Ingress sends the requests of a host and path to. Pure functions. Private to this collection."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from .._types import Obj

# The router looks at the oldest of several Ingresses with one host and path, and its admission webhook refuses a second one
# unless one of them says whether it is a canary. "false" is an answer, too.
CANARY = "nginx.ingress.kubernetes.io/canary"


class Route(NamedTuple):
    """A host and a path, as an Ingress names them."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.host or '*'}{self.path}"


def routes_of(ingress: Obj) -> list[tuple[Route, Obj]]:
    """Return the routes of an Ingress with their backends, in its order."""
    return [(route, path.get("backend") or {}) for route, path in _paths(ingress.get("spec") or {})]


def is_canary(ingress: Obj) -> bool:
    """Return whether an Ingress only takes a part of another one's traffic."""
    return str((ingress["metadata"].get("annotations") or {}).get(CANARY)).lower() == "true"


def switched(ingress: Obj, backends: Mapping[Route, Obj], leaving: Collection[str]) -> tuple[list[Obj], str]:
    """Return the rules of an Ingress with other backends, and a text from which `restored` makes the old ones.

    Args:
        ingress: as it is.
        backends: where the requests of a route go from now on.
        leaving: names of Services; only what goes to one of them is changed. The text is empty when nothing is.
    """
    before: list[Obj] = []

    def change(route: Route, backend: Obj) -> Obj:
        if route not in backends or service_of(backend) not in leaving:
            return backend
        before.append({"host": route.host, "path": route.path, "backend": backend})
        return backends[route]

    rules = _changed(ingress, change)
    return rules, json.dumps(before, separators=(",", ":"), sort_keys=True) if before else ""


def restored(ingress: Obj, noted: str, leaving: str) -> list[Obj]:
    """Return the rules of an Ingress with the backends that `switched` noted, where it still goes to `leaving`."""
    try:
        before = {Route(str(item["host"]), str(item["path"])): item["backend"] for item in json.loads(noted)}
    except (ValueError, KeyError, TypeError):
        before = {}
    return _changed(
        ingress, lambda route, backend: before.get(route, backend) if service_of(backend) == leaving else backend
    )


def without(ingress: Obj, unwanted: Collection[Route]) -> list[Obj]:
    """Return the rules of an Ingress without some routes; none when nothing is left."""
    rules = []
    for rule in copy.deepcopy((ingress.get("spec") or {}).get("rules") or []):
        paths = (rule.get("http") or {}).get("paths") or []
        kept = [path for path in paths if _route(rule, path) not in unwanted]
        if kept or not paths:
            rules.append({**rule, **({"http": {"paths": kept}} if paths else {})})
    return rules


def service_of(backend: Obj) -> str:
    """Return the name of the Service that a backend names, empty when it names another kind of object."""
    return str((backend.get("service") or {}).get("name") or "")


def _changed(ingress: Obj, change: Callable[[Route, Obj], Obj]) -> list[Obj]:
    spec = copy.deepcopy(ingress.get("spec") or {})
    for route, path in _paths(spec):
        path["backend"] = change(route, path.get("backend") or {})
    return list(spec.get("rules") or [])


def _paths(spec: Obj) -> Iterator[tuple[Route, Obj]]:
    for rule in spec.get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            yield _route(rule, path), path


def _route(rule: Obj, path: Obj) -> Route:
    return Route(str(rule.get("host") or ""), str(path.get("path") or "/"))
