# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The outermost shape of a catalog: a mapping of services. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable

from .._errors import DeliveryError
from .plain import merged, plain
from .problems import nearest, raise_if_any, shown

CATALOG = "tradesense_services"
OVERRIDES = "tradesense_service_overrides"


def entries(catalog: object, overrides: object = None) -> dict[str, dict[str, object]]:
    """Return the catalog's entries as plain data, the overrides laid over them.

    Args:
        catalog: service -> entry.
        overrides: service -> the keys that differ in an environment; None: there are none.

    Raises:
        DeliveryError: no mapping, no service in it, a blank entry, or an override of a service that is not there.
    """
    base = _mapping(catalog, CATALOG)
    if not base:
        raise DeliveryError(
            f"{CATALOG} is empty: there is no service to work with",
            reason="BadCatalog",
            hint="describe each service under its name, see roles/workloads/README.md",
        )
    over = {} if overrides is None else _mapping(overrides, OVERRIDES)
    found = [no_service(f"{OVERRIDES}.{name}", name, map(str, base)) for name in over if name not in base]
    found += [problem for name, entry in base.items() if (problem := _entry_problem(entry, f"{CATALOG}.{name}"))]
    found += [problem for name, entry in over.items() if (problem := _entry_problem(entry, f"{OVERRIDES}.{name}"))]
    raise_if_any(found, "BadCatalog")
    result: dict[str, dict[str, object]] = {}
    for name, entry in base.items():
        whole = merged(entry, over.get(name, {}))
        if isinstance(whole, dict):
            result[str(name)] = whole
    return result


def no_service(where: str, name: object, services: Iterable[str]) -> str:
    """Return the sentence for a service that the catalog does not have."""
    return f"{where}: the catalog has no service {str(name)!r}, {nearest(str(name), services)}"


def _mapping(value: object, where: str) -> dict[object, object]:
    copied = plain(value)
    if isinstance(copied, dict):
        return copied
    raise DeliveryError(
        f"{where} is {shown(copied)}, not a mapping",
        reason="BadCatalog",
        hint="write the service's name as a key and its settings below it",
    )


def _entry_problem(entry: object, where: str) -> str:
    if entry is None or entry == {}:
        return f"{where}: the entry is blank; give its keys or remove it"
    return "" if isinstance(entry, dict) else f"{where}: {shown(entry)} is not accepted; give a mapping of keys"
