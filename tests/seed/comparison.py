# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Compares the objects of an environment with those that the architecture asks for, field by field.

A field of the architecture has to be there with its value, or differences.yml names it with what is there instead and the
reason. A difference that is none (any more) is an error too, so that the list stays true.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.tradesense.delivery.plugins.module_utils._catalog.quantities import amount

FOLDER = Path(__file__).parent
ABSENT = "absent"
Obj = dict[str, Any]
_QUANTITY = re.compile(r"\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?")


@dataclass(frozen=True)
class Difference:
    """What is here instead of a field of the architecture, and why.

    ``here`` is a value, the word ``absent``, or the limits of a number that somebody sets at run time: ``{between: [3, 20]}``.
    """

    here: Any
    why: str


@dataclass(frozen=True)
class Expected:
    """An object of the architecture: where it is found here (kind/name), and what differs."""

    manifest: Obj
    here: str
    differences: Mapping[str, Difference] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Kind and name in the architecture."""
        return title(self.manifest)


def title(manifest: Obj) -> str:
    """Return kind/name of an object."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def expected() -> list[Expected]:
    """Return every object of the architecture with the differences from it."""
    manifests = [one for one in yaml.safe_load_all((FOLDER / "objects.yml").read_text(encoding="utf-8")) if one]
    lists = yaml.safe_load((FOLDER / "differences.yml").read_text(encoding="utf-8"))
    names: dict[str, str] = {}
    differences: dict[str, dict[str, Difference]] = {}
    for entry in lists:
        for one in entry["objects"]:
            if "here" in entry:
                names[one] = entry["here"]
            for path, value in (entry.get("fields") or {}).items():
                differences.setdefault(one, {})[path] = Difference(value, entry["why"])
    unknown = (set(names) | set(differences)) - {title(one) for one in manifests}
    assert not unknown, f"differences.yml names objects that the architecture does not have: {sorted(unknown)}"
    # The same name twice (a Deployment and a Rollout of one service) stays two entries.
    return [Expected(one, names.get(title(one), title(one)), differences.get(title(one), {})) for one in manifests]


def compare(wanted: Expected, live: Obj | None, secrets: Mapping[str, str]) -> list[str]:
    """Return what is wrong with an object, a sentence each; none when it is as the architecture and the list say.

    Args:
        wanted: the object of the architecture.
        live: what is there under its name here; None: nothing.
        secrets: placeholder -> value, to read the architecture's Secrets with.
    """
    if live is None:
        return [f"{wanted.title}: there is no {wanted.here}"]
    problems: list[str] = []
    used: set[str] = set()
    asked, there = _asked(wanted.manifest, secrets), dict(nodes(_shown(live)))
    for path, value in leaves(asked):
        key = next((key for key in wanted.differences if path == key or path.startswith((f"{key}.", f"{key}["))), None)
        if key is not None:
            used.add(key)
        elif not _same(there.get(path, ABSENT), value):
            problems.append(f"{wanted.title}: {path} is {there.get(path, ABSENT)!r}, not {value!r}")
    for key, difference in wanted.differences.items():
        here = there.get(key, ABSENT)
        if key not in used:
            problems.append(f"{wanted.title}: differences.yml names {key}, which the architecture does not have")
        elif isinstance(difference.here, dict) and set(difference.here) == {"between"}:
            low, high = difference.here["between"]
            if not isinstance(here, int) or not low <= here <= high:
                problems.append(f"{wanted.title}: {key} is {here!r}, not between {low} and {high}")
        elif here != difference.here:
            problems.append(f"{wanted.title}: {key} is {here!r}, not {difference.here!r} as differences.yml says")
        elif here == dict(nodes(asked)).get(key):
            problems.append(f"{wanted.title}: differences.yml names {key}, but it is what the architecture asks for")
    return problems


def nodes(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and value of everything in an object: ``spec.containers[api-gateway].image``.

    An element of a list comes under its number and, where it has one, under its name.
    """
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from nodes(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for mark in dict.fromkeys((str(index), _name(inner, index))):
                yield from nodes(inner, f"{path}[{mark}]")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and value of every leaf, an element of a list under its name where it has one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{_name(inner, index)}]")
    else:
        yield path, value


def _same(here: Any, asked: Any) -> bool:
    """Return whether two values are the same, quantities by what they amount to: Argo's controller writes 1 for 1000m."""
    if isinstance(here, str) and isinstance(asked, str) and _QUANTITY.fullmatch(here) and _QUANTITY.fullmatch(asked):
        return amount(here) == amount(asked)
    return bool(here == asked)


def _name(item: Any, index: int) -> str:
    return str(item.get("name", index)) if isinstance(item, dict) else str(index)


def _asked(manifest: Obj, secrets: Mapping[str, str]) -> Obj:
    """Return what the architecture asks for: placeholders filled in, without the namespace (a test has its own)."""
    asked = {key: value for key, value in manifest.items() if key != "metadata"}
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in ("name", "namespace")}
    if manifest["kind"] == "Secret":
        texts = manifest["stringData"]
        asked["stringData"] = {key: _filled(text, secrets) for key, text in texts.items()}
    elif manifest["kind"] == "Role":
        asked["rules"] = _by_resource(manifest["rules"])
    return {**asked, **({"metadata": metadata} if metadata else {})}


def _filled(text: str, secrets: Mapping[str, str]) -> str:
    return re.sub(r"\$\{([A-Z_]+)\}", lambda match: secrets[match[1]], text)


def _shown(live: Obj) -> Obj:
    """Return a live object as the architecture writes it: a Secret's values as texts, a Role's rules by resource."""
    if live["kind"] == "Secret":
        return {**live, "stringData": {key: base64.b64decode(value).decode() for key, value in live["data"].items()}}
    return {**live, "rules": _by_resource(live["rules"])} if live["kind"] == "Role" else live


def _by_resource(rules: list[Obj]) -> list[Obj]:
    """Return rules one for each resource, named by it, with its verbs in order: how rules are grouped says nothing."""
    return [
        {**rule, "name": resource, "resources": [resource], "verbs": sorted(rule["verbs"])}
        for rule in rules
        for resource in rule["resources"]
    ]
