# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From the catalog as people write it to what templates read. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .._errors import DeliveryError
from .build import build
from .engines import check_engine, name_primaries, with_engine_defaults
from .entries import CATALOG, entries, no_service
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
        values = cast("dict[str, Any]", ENTRY.read(with_engine_defaults(name, entry), place))
        if name in given:
            values["version"] = given[name]
        _check_labels(values, place)
        _check_strategy(entry, values, place)
        _check_uses(name, values, written, place, found)
        _check_stateful(name, entry, values, place)
        _check_scaling(values, place)
        result[name] = build(name, values, str(environment))
    name_primaries(result, CATALOG, found)
    raise_if_any(found, "BadCatalog")
    order_of(written)
    return only(result, selected)


def only(catalog: dict[str, Service], selected: object) -> dict[str, Service]:
    """Return the selected services of a normalised catalog; None: all.

    Raises:
        DeliveryError: an unknown service, or no service.
    """
    if selected is None:
        return catalog
    chosen = known_names(selected, catalog, "the selected services")
    return {name: entry for name, entry in catalog.items() if name in chosen}


def complete(catalog: object) -> dict[str, Service]:
    """Return what `normalise` returned, handed over by a user.

    Raises:
        DeliveryError: it is something else.
    """
    if not isinstance(catalog, Mapping) or not all(
        isinstance(entry, Mapping) and entry.get("service") == name for name, entry in catalog.items()
    ):
        raise DeliveryError(
            "this is no complete catalog",
            reason="BadCatalog",
            hint=f"put filter tradesense.delivery.catalog before this one: {CATALOG} | tradesense.delivery.catalog | ...",
        )
    return cast("dict[str, Service]", catalog)


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


def _check_uses(
    name: str, values: Mapping[str, Any], services: Mapping[str, object], place: Place, found: list[str]
) -> None:
    here = place.key("uses")
    for position, other in enumerate(values["uses"]):
        if other == name:
            here.index(position).problem("a service need not name itself")
        elif other and other not in services:
            found.append(no_service(here.index(position).path, other, services))


def _check_stateful(name: str, written: Mapping[str, object], values: Mapping[str, Any], place: Place) -> None:
    stateful = values["strategy"] == "stateful"
    if stateful and written.get("stateful") is None:
        place.key("stateful").problem("is missing; strategy stateful needs stateful.engine, such as postgres_primary")
    elif stateful and values["stateful"].get("engine"):
        check_engine(name, values, place)
    if stateful and values["exposure"]:
        place.key("exposure").problem("a stateful service is reached inside the cluster only; take it out")
    if not stateful and values["scope"] == "monitoring":
        place.key("scope").problem("'monitoring' is for stateful services; what is released lives in the environment")
    if stateful and values["migrations"]:
        place.key("migrations").problem(
            "a stateful service is not released; give them to the service that uses the database"
        )
    if values["strategy"] in ("blue_green", "canary") and values["service_name"]:
        place.key("service_name").problem(
            f"strategy {values['strategy']} has two Services, whose names follow the service's; take it out"
        )


def _check_scaling(values: Mapping[str, Any], place: Place) -> None:
    autoscaling, here = values["autoscaling"], place.key("autoscaling")
    if not autoscaling:
        return
    if values["strategy"] == "stateful":
        here.problem("a stateful service is not scaled by load: its data would have to move; take it out")
    if autoscaling["min_replicas"] > autoscaling["max_replicas"]:
        here.key("min_replicas").problem(
            f"{autoscaling['min_replicas']} is more than max_replicas, {autoscaling['max_replicas']}"
        )
