# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a release is: which services go out, and as which version. Private to this collection."""

from __future__ import annotations

from collections.abc import Collection

from .._errors import DeliveryError
from .entries import entries, no_service
from .graph import known_names
from .plain import plain
from .problems import Place, raise_if_any, shown
from .values import VERSION

STATEFUL = "stateful"


def versions(
    catalog: object,
    release_version: object = None,
    release_versions: object = None,
    release_services: object = None,
) -> dict[str, str]:
    """Return service -> version for a release, in the catalog's order.

    None and anything empty mean that a variable is not given: a survey's blank answer and a role's default are such.

    Args:
        catalog: the catalog, as written or normalised.
        release_version: one version for every service that is released.
        release_versions: service -> version, or the same as text: ``trading-service=v2.8.0,user-service=v2.7.3``.
        release_services: the services to release, a list or a text with commas; None: all of ``release_versions``, or
            of the catalog.

    Raises:
        DeliveryError: no version, a version that is none, an unknown service, a selection that names nothing, or
            variables that contradict each other.
    """
    every = entries(catalog)
    services = {name: entry for name, entry in every.items() if entry.get("strategy") != STATEFUL}
    _refuse_stateful(every, services, release_versions, release_services)
    one = _one_version(release_version)
    each = checked_versions(release_versions, services, "release_versions")
    if not one and not each:
        raise DeliveryError(
            "there is nothing to release: neither release_version nor release_versions is given",
            reason="NoVersion",
            hint="give one version for all services, release_version=v2.8.0, or one for each,"
            " release_versions=trading-service=v2.8.0",
        )
    _refuse_contradiction(one, each)
    chosen = _chosen(release_services, services, each if not one else services)
    missing = [name for name in chosen if name not in each and not one]
    left_over = [name for name in each if name not in chosen]
    if missing or left_over:
        what = f"{missing[0]} has no version" if missing else f"{left_over[0]} is not among the services"
        raise DeliveryError(
            f"release_services and release_versions contradict each other: {what}",
            reason="Contradiction",
            hint="give only one of both, or the same services in both",
        )
    return {name: each.get(name, one) for name in services if name in chosen}


def _refuse_stateful(
    every: Collection[str], services: Collection[str], release_versions: object, release_services: object
) -> None:
    """A database's version is not a version of the platform, and a data format may not come back with it."""
    named = set(_parsed(plain(release_versions), "release_versions"))
    chosen = plain(release_services)
    if chosen not in (None, "", []):
        named |= set(known_names(chosen, every, "release_services"))
    stateful = [name for name in every if name in named and name not in services]
    if stateful:
        raise DeliveryError(
            f"{stateful[0]} is a stateful service, and releases ship none: going back would not bring its data back",
            reason="Stateful",
            hint="change its entry in the catalog, then run playbooks/provision.yml"
            f" -e provision_update_stateful={','.join(stateful)}",
        )


def checked_versions(given: object, services: Collection[str], where: str = "versions") -> dict[str, str]:
    """Return service -> version, every name and version checked.

    Raises:
        DeliveryError: not a mapping, an unknown service or a version that is none.
    """
    copied = _parsed(plain(given), where)
    found: list[str] = []
    result: dict[str, str] = {}
    for name, version in copied.items():
        place = Place(f"{where}.{name}", found)
        if name not in services:
            found.append(no_service(place.path, name, services))
        result[str(name)] = str(VERSION.read(version, place))
    raise_if_any(found, "BadVersion")
    return result


def _one_version(value: object) -> str:
    copied = plain(value)
    if copied is None or copied == "":
        return ""
    found: list[str] = []
    version = VERSION.read(copied, Place("release_version", found))
    raise_if_any(found, "BadVersion")
    return str(version)


def _parsed(value: object, where: str) -> dict[object, object]:
    if value is None or value == "":
        return {}
    if isinstance(value, dict):
        return value
    pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()] if isinstance(value, str) else []
    if not pairs or not all(separator for _name, separator, _version in pairs):
        raise DeliveryError(
            f"{where}: {shown(value)} is not a mapping of services to versions",
            reason="BadVersion",
            hint="give {trading-service: v2.8.0}, or trading-service=v2.8.0,user-service=v2.7.3 as text",
        )
    return {name.strip(): version.strip() for name, _separator, version in pairs}


def _chosen(selection: object, services: Collection[str], otherwise: Collection[str]) -> list[str]:
    copied = plain(selection)
    if copied in (None, "", []):
        return list(otherwise)
    return known_names(copied, services, "release_services")


def _refuse_contradiction(one: str, each: dict[str, str]) -> None:
    for name, version in each.items():
        if one and version != one:
            raise DeliveryError(
                f"release_version is {one}, but release_versions gives {name} {version}",
                reason="Contradiction",
                hint="give only one of both",
            )
