# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What each engine of a stateful service is by nature: ports, user of its image, time to end. Private to this collection.

An entry's own keys take precedence over the defaults here, and these over the schema's, which are those of TradeSense's
own services.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from .model import Service
from .plain import merged
from .problems import Place
from .values import PREFIX

PORTS: dict[str, dict[str, int]] = {
    "postgres_primary": {"postgres": 5432},
    "postgres_replica": {"postgres": 5432},
    # The nodes of a cluster speak with each other on a port of its own.
    "redis_cluster": {"redis": 6379, "bus": 16379},
    "prometheus": {"http": 9090, "alertmanager": 9093},
}
"""The ports of an engine's pods: the first one is what its Service is for."""


def _as_user(number: int, ends_within: int, replicas: int) -> dict[str, Any]:
    return {
        "replicas": replicas,
        "security": {"user": number, "group": number, "fs_group": number},
        "termination_grace_seconds": ends_within,
        # They have neither /health nor /app/logs.
        "scrape": {"enabled": False},
        "empty_dirs": {},
    }


# The numbers of the users are those of the official images.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "postgres_primary": _as_user(999, 120, 1),
    "postgres_replica": _as_user(999, 120, 1),
    "redis_cluster": _as_user(999, 60, 6),
    "prometheus": _as_user(65534, 120, 1),
}

_BYTES = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_SMALLEST = {"storage": 256, "memory": 128}
"""What an engine cannot do without, in MiB."""
_KEYS = {"storage": "stateful.storage", "memory": "resources.limits.memory"}


def with_engine_defaults(service: str, entry: Mapping[str, object]) -> Mapping[str, object]:
    """Return a service's entry as written, the defaults of its engine filled in; one without an engine as it is."""
    stateful = entry.get("stateful")
    engine = stateful.get("engine") if isinstance(stateful, Mapping) else None
    if entry.get("strategy") != "stateful" or not isinstance(engine, str) or engine not in _DEFAULTS:
        return entry
    defaults = copy.deepcopy(_DEFAULTS[engine])
    main = next(iter(PORTS[engine].values()))
    defaults["ports"] = {"http": main, "metrics": main}
    # The name with the prefix is that of the Service that gives each pod a name.
    defaults["service_name"] = service
    whole = merged(defaults, dict(entry))
    return whole if isinstance(whole, dict) else entry


def mebibytes(quantity: str) -> int:
    """Return a Kubernetes quantity of bytes in MiB, rounded down."""
    match = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity)
    return int(float(match[1]) * _BYTES[match[2]] / 2**20) if match else 0


def sizes(values: Mapping[str, Any]) -> dict[str, int]:
    """Return how much storage and memory a pod of a stateful service has, in MiB."""
    return {f"{kind}_mebibytes": mebibytes(quantity) for kind, quantity in _quantities(values).items()}


def _quantities(values: Mapping[str, Any]) -> dict[str, str]:
    # What was refused already is an empty text here, and a section of the wrong type an empty mapping.
    storage, limits = (values["stateful"] or {}).get("storage", ""), values["resources"].get("limits", {})
    return {"storage": str(storage), "memory": str(limits.get("memory", ""))}


def check_engine(service: str, values: Mapping[str, Any], place: Place) -> None:
    """Note what an engine could not work with."""
    if values["service_name"] == f"{PREFIX}{service}":
        place.key("service_name").problem(
            f"{values['service_name']!r} is taken by the Service that gives each pod a name; use another, such as {service!r}"
        )
    engine, replicas, here = values["stateful"]["engine"], values["replicas"], place.key("replicas")
    if engine == "postgres_primary" and replicas != 1:
        here.problem(
            f"{replicas} is not accepted: there is one primary; add pods to a service with engine postgres_replica"
        )
    elif engine == "prometheus" and replicas != 1:
        here.problem(f"{replicas} is not accepted: each pod would know a part only; give 1")
    elif engine == "redis_cluster" and (replicas < 6 or replicas % 2):
        here.problem(
            f"{replicas} is not accepted: a cluster needs three primaries, each with a replica; give an even number, 6 or more"
        )
    found = sizes(values)
    for kind, quantity in _quantities(values).items():
        if quantity and found[f"{kind}_mebibytes"] < _SMALLEST[kind]:
            place.key(_KEYS[kind]).problem(f"{quantity} is too little for {engine}; give {_SMALLEST[kind]}Mi or more")


def name_primaries(entries: Mapping[str, Service], catalog: str, found: list[str]) -> None:
    """Put into each entry of Postgres replicas the Service of the primary that they copy; there has to be one."""
    primaries = [entry for entry in entries.values() if _runs(entry, "postgres_primary")]
    for name, entry in entries.items():
        stateful = entry["stateful"]
        if stateful is None or not _runs(entry, "postgres_replica"):
            continue
        if len(primaries) == 1:
            stateful["primary"] = primaries[0]["service_name"]
        else:
            Place(f"{catalog}.{name}.stateful.engine", found).problem(
                f"postgres_replica copies the one service with engine postgres_primary, and the catalog has {len(primaries)}"
            )


def _runs(entry: Service, engine: str) -> bool:
    return entry["stateful"] is not None and entry["stateful"].get("engine") == engine
