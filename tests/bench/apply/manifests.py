# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The objects of an environment as files, as `provision.yml` sends them: rendered by the roles' own templates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.unit.roles.rendered import texts

Obj = dict[str, Any]
ENVIRONMENT = "production"


@dataclass(frozen=True)
class Manifests:
    """The objects, and the file that holds them all."""

    objects: list[Obj]
    file: Path


def render(namespace: str, folder: Path) -> Manifests:
    """Render production into a namespace of the benchmark's own; return the objects and a file of them."""
    extra = {
        "tradesense_namespace": namespace,
        "tradesense_monitoring_namespace": monitoring(namespace),
    }
    roles = texts(*(f"{name}={json.dumps(value)}" for name, value in extra.items()))[ENVIRONMENT]
    documents = [one for role in roles.values() for text in role.values() for one in yaml.safe_load_all(text) if one]
    # A file is applied in its order: what others refer to comes first.
    documents.sort(key=lambda one: one["kind"] != "Namespace")
    file = folder / f"{namespace}.yml"
    file.write_text(yaml.safe_dump_all(documents, sort_keys=False), encoding="utf-8")
    return Manifests(documents, file)


def monitoring(namespace: str) -> str:
    """Return the name of the monitoring namespace beside a namespace of the benchmark."""
    return f"{namespace}-monitoring"
