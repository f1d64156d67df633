# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From the catalog as people write it to what templates read. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .build import build
from .entries import CATALOG, entries
from .graph import known_names, order_of
from .model import Service
from .problems import Place, raise_if_any
from .release import checked_versions
from .schema import ENTRY
from .values import NAME

# Labels that the collection sets itself.
_RESERVED = ("app", "component", "tier", "version", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by")

# The analysis of a canary that also looks at orders: a service without any would never give it data.
_ORDERS_TEMPLATE = "canary-analysis"
_NO_ORDERS_TEMPLATE = "canary-analysis-http"


def normalise(
    catalog: object,
    overrides: object = None,
    *,
    environment: str = "",
    versions: object = None,
    selected: object = None,
) -> dict[str, Service]:
    """Return the catalog with overrides and defaults filled in, checked, in the catalog's order.

    The whole catalog is checked even when only a part is selected: a mistake should not wait for its turn.

    Args:
        catalog: service -> entry, as written in the inventory.
        overrides: service -> the keys that differ in this environment.
        environment: becomes the environment variable ENVIRONMENT of every service that sets none itself.
        versions: service -> version, in place of the catalog's.
        selected: names of the services to return; None: all.

    Raises:
        DeliveryError: whatever is wrong, each entry and key named.
    """
    written = entries(catalog, overrides)
    found: list[str] = []
    result: dict[str, Service] = {}
    given = checked_versions(versions or {}, written)
    for name, entry in written.items():
        place = Place(f"{CATALOG}.{name}", found)
        NAME.read(name, place)
        # The reader's answer has the shape of the schema; the names are put in below.
        values = cast("dict[str, Any]", ENTRY.read(entry, place))
        if name in given:
            values["version"] = given[name]
        _check_labels(values, place)
        _check_strategy(entry, values, place)
        result[name] = build(name, values, str(environment))
    raise_if_any(found, "BadCatalog")
    order_of(written)
    if selected is None:
        return result
    chosen = known_names(selected, written, "the selected services")
    return {name: entry for name, entry in result.items() if name in chosen}


def _check_labels(values: Mapping[str, Any], place: Place) -> None:
    for label in values["labels"]:
        if label in _RESERVED:
            place.key("labels").key(label).problem("the collection sets this label itself; use another name")


def _check_strategy(written: Mapping[str, object], values: Mapping[str, Any], place: Place) -> None:
    if values["strategy"] != "canary":
        return
    if written.get("canary") is None:
        place.key("canary").problem(
            "is missing; strategy canary needs canary.steps, such as [{weight: 10}, {pause: 2m}]"
        )
    elif not values["canary"]["steps"]:
        place.key("canary").key("steps").problem("there are no steps; give at least one, such as {weight: 10}")
    if values["exposure"] is None:
        place.key("exposure").problem("is missing; strategy canary splits the traffic of an Ingress, so give its host")
    if values["trading"] or not values["canary"]:
        return
    for position, step in enumerate(values["canary"]["steps"]):
        if _ORDERS_TEMPLATE in step.get("templates", ()):
            place.key("canary").key("steps").index(position).problem(
                f"analysis {_ORDERS_TEMPLATE} measures orders, and a service without 'trading: true' takes none;"
                f" use {_NO_ORDERS_TEMPLATE}"
            )
