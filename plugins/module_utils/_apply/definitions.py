# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Kinds that a set of manifests defines itself. Pure functions. Private: other collections must not import it."""

from __future__ import annotations

from .._kube.kinds import Kind
from .._types import Obj

# How the API server's answers say that it does not serve a kind (yet).
UNSERVED = ("KindNotFound", "MissingCRDs")


def defined_kinds(manifests: list[Obj]) -> dict[tuple[str, str], Kind]:
    """Return the kinds that CustomResourceDefinitions among the manifests define, by apiVersion and kind.

    A cluster that does not have the definition yet could not tell how such a kind is addressed.
    """
    found: dict[tuple[str, str], Kind] = {}
    for manifest in manifests:
        if manifest["kind"] == "CustomResourceDefinition":
            spec = manifest.get("spec") or {}
            names = spec.get("names") or {}
            for version in spec.get("versions") or []:
                api_version = f"{spec.get('group')}/{version.get('name')}"
                kind = Kind(
                    api_version, str(names.get("kind")), str(names.get("plural")), spec.get("scope") != "Cluster"
                )
                found[api_version, kind.name] = kind
    return found
