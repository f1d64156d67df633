# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From what a task was given to a list of manifests. Private: other collections must not import it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from typing import Any

with contextlib.suppress(ImportError):
    # The Kubernetes client brings it; its absence is reported with that one's.
    import yaml

from .._errors import DeliveryError
from .._types import Obj


def parse(definitions: Any, source: str = "definitions") -> list[Obj]:
    """Return the manifests of a list of mappings, of one mapping or of a string with YAML documents.

    A ``List`` is taken apart; empty documents are skipped.

    Raises:
        DeliveryError: malformed YAML, or a document without apiVersion, kind or a name.
    """
    found: list[Obj] = []
    for index, document in enumerate(_documents(definitions, source), start=1):
        is_list = str(document.get("kind", "")).endswith("List") and "items" in document
        items = (document["items"] or []) if is_list else [document]
        for item in items if isinstance(items, list) else [items]:
            found.append(_checked(item, f"{source}, document {index}"))
    _refuse_twins(found, source)
    return found


def read(path: str) -> list[Obj]:
    """Return the manifests of a file.

    Raises:
        DeliveryError: the file cannot be read, or `parse` refuses it.
    """
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            return parse(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise DeliveryError(
            f"the file cannot be read: {error}", reason="BadManifest", where=path, hint="check option src"
        ) from error


def in_namespace(manifest: Obj, namespace: str | None, namespaced: bool) -> Obj:
    """Return the manifest with its namespace: its own, else the task's.

    Raises:
        DeliveryError: a namespaced object and no namespace at all.
    """
    metadata = dict(manifest["metadata"])
    if not namespaced:
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        if not namespace:
            raise DeliveryError(
                f"{manifest['kind']} {metadata['name']} names no namespace, and the task gives none",
                reason="BadManifest",
                hint="set option namespace",
            )
        metadata["namespace"] = namespace
    return {**manifest, "metadata": metadata}


def title(manifest: Obj) -> str:
    """Return what a message calls an object, e.g. ``Service a in namespace b``."""
    metadata = manifest["metadata"]
    place = f" in namespace {metadata['namespace']}" if metadata.get("namespace") else ""
    return f"{manifest['kind']} {metadata['name']}{place}"


@functools.cache
def _loader() -> Any:
    """Return a YAML loader that reads as Kubernetes does: no key may stand twice, and a date is a text."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # only known when it is there
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[Any] = set()
            for key, _value in getattr(node, "value", []):
                # Of sequences and mappings the loader itself says that they are no keys.
                mark, text = (key.tag, key.value), key.value
                if isinstance(text, str) and mark in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"the key {text} stands twice", key.start_mark)
                seen.add(mark if isinstance(text, str) else None)
            return super().construct_mapping(node, deep=deep)

    timestamp = "tag:yaml.org,2002:timestamp"
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != timestamp]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    return Loader


def _documents(definitions: Any, source: str, *, inside_text: bool = False) -> list[Obj]:
    if isinstance(definitions, str) and not inside_text:
        try:
            # A plain text: libyaml takes no other, and Ansible's know where they come from.
            definitions, inside_text = list(yaml.load_all(str.__str__(definitions), _loader())), True
        except (yaml.YAMLError, UnicodeError) as error:
            mark = getattr(error, "problem_mark", None)
            line = f" in line {mark.line + 1}" if mark else ""
            # A value that was not put in quotes can be taken for a tag or an alias, and is not for everybody's eyes.
            problem = re.sub(r"'[^']{2,}'", "'...'", getattr(error, "problem", None) or "not parsable")
            raise DeliveryError(
                f"malformed YAML{line}: {problem}",
                reason="BadManifest",
                where=source,
                hint="correct the manifest; nothing was sent",
            ) from error
    listed = definitions if isinstance(definitions, list) else [definitions]
    flat: list[Obj] = []
    for document in listed:
        if isinstance(document, list) or (isinstance(document, str) and not inside_text):
            flat += _documents(document, source, inside_text=inside_text)
        elif isinstance(document, dict):
            flat.append(document)
        elif document is not None:
            raise DeliveryError(
                f"a manifest must be a mapping, not {type(document).__name__}", reason="BadManifest", where=source
            )
    return flat


def _checked(item: Any, place: str) -> Obj:
    if not isinstance(item, dict):
        raise DeliveryError(
            f"a manifest must be a mapping, not {type(item).__name__}", reason="BadManifest", where=place
        )
    metadata = item.get("metadata")
    for key, value in (
        ("apiVersion", item.get("apiVersion")),
        ("kind", item.get("kind")),
        ("metadata.name", metadata.get("name") if isinstance(metadata, dict) else None),
    ):
        if not isinstance(value, str) or not value:
            raise DeliveryError(
                f"the manifest has no {key}", reason="BadManifest", where=place, hint="nothing was sent"
            )
    return item


def _refuse_twins(manifests: list[Obj], source: str) -> None:
    seen: set[tuple[str, str, str, str]] = set()
    for item in manifests:
        metadata = item["metadata"]
        key = (item["apiVersion"], item["kind"], str(metadata.get("namespace", "")), metadata["name"])
        if key in seen:
            raise DeliveryError(f"{title(item)} is defined twice", reason="BadManifest", where=source)
        seen.add(key)
