# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The order of services: who goes after whom. Private to this collection."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .._errors import DeliveryError
from .entries import entries, no_service
from .problems import Place, raise_if_any, shown

Order = dict[str, list[str]]
"""Service -> the services it goes after."""


def waves(catalog: object, selected: object = None) -> list[list[str]]:
    """Return the selected services in the order they are released: wave after wave, those of a wave at the same time.

    A service goes after those its ``after`` names, also through services that are not selected. Inside a wave the
    catalog's order is kept.

    Args:
        catalog: the catalog, as written or normalised.
        selected: names of services; None: all.

    Raises:
        DeliveryError: an unknown service, or a circle.
    """
    services = entries(catalog)
    order = order_of(services)
    chosen = list(services) if selected is None else known_names(selected, services, "the selected services")
    level = _levels(order, chosen)
    result: list[list[str]] = [[] for _wave in range(max((level[name] for name in chosen), default=-1) + 1)]
    for name in services:
        if name in chosen:
            result[level[name]].append(name)
    return [wave for wave in result if wave]


def order_of(services: Mapping[str, Mapping[str, object]]) -> Order:
    """Return who goes after whom.

    Raises:
        DeliveryError: ``after`` is not a list, names an unknown service, or leads in a circle.
    """
    found: list[str] = []
    order: Order = {}
    for name, entry in services.items():
        place = Place(f"tradesense_services.{name}.after", found)
        order[name] = _after(entry.get("after"), services, place, found)
        if name in order[name]:
            place.problem("a service cannot go after itself")
    if not found:
        circle = _circle(order)
        if circle:
            found.append(
                f"tradesense_services.{circle[0]}.after: the services wait for each other in a circle:"
                f" {' after '.join(circle)}; take one of these out"
            )
    raise_if_any(found, "BadCatalog")
    return order


def known_names(names: object, services: Collection[str], where: str) -> list[str]:
    """Return a list of names of services, each once.

    Raises:
        DeliveryError: no list (a string with commas is one), an empty one, or an unknown name.
    """
    if isinstance(names, str):
        names = [part.strip() for part in names.split(",") if part.strip()]
    if not isinstance(names, (list, tuple)):
        raise DeliveryError(f"{where}: {shown(names)} is not a list of services", reason="BadSelection")
    if not names:
        raise DeliveryError(
            f"{where}: the list is empty",
            reason="BadSelection",
            hint="leave it out to take every service of the catalog",
        )
    found: list[str] = []
    for name in names:
        if str(name) not in services:
            found.append(no_service(where, name, services))
    raise_if_any(found, "UnknownService")
    return list(dict.fromkeys(str(name) for name in names))


def _after(value: object, services: Collection[str], place: Place, found: list[str]) -> list[str]:
    if value is None:
        return []
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list):
        place.refuse(value, "a list of services")
        return []
    for position, name in enumerate(names):
        if str(name) not in services:
            found.append(no_service(place.index(position).path, name, services))
    return [str(name) for name in names]


def _circle(order: Order) -> list[str]:
    """Return the services of a circle, the first one again at the end; empty when there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in order[name]:
            if circle := walk(other, [*way, name]):
                return circle
        done.add(name)
        return []

    return next((circle for name in order if (circle := walk(name, []))), [])


def _levels(order: Order, chosen: Collection[str]) -> dict[str, int]:
    """Return for each service how many selected services stand one after the other before it."""
    level: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in level:
            level[name] = max((of(other) + (other in chosen) for other in order[name]), default=0)
        return level[name]

    for name in order:
        of(name)
    return level
