# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Which values of the environment's configuration and secrets a service gets. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._catalog.entries import CATALOG
from .._catalog.model import Service
from .._catalog.plain import plain
from .._catalog.problems import Place, nearest, raise_if_any
from .._catalog.values import SCALAR, VARIABLE
from .copies import Copy, copy_of
from .placeholders import DEFINITIONS, read_definitions, read_values, resolve

CONFIG = "tradesense_config"


@dataclass(frozen=True)
class Configuration:
    """Everything an environment configures its services with.

    ``config`` is key -> text, ``definitions`` Secret -> key -> text with placeholders, ``values`` placeholder -> text.
    """

    config: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


def read(config: object, definitions: object, values: object, found: list[str]) -> Configuration:
    """Return the configuration as written in an inventory, checked; what is wrong is noted in ``found``."""
    return Configuration(read_config(config, found), read_definitions(definitions, found), read_values(values, found))


def read_config(written: object, found: list[str]) -> dict[str, str]:
    """Return the keys of the environment's ConfigMap as texts."""
    place = Place(CONFIG, found)
    copied = plain(written if written is not None else {})
    if not isinstance(copied, dict):
        place.refuse(copied, "a mapping of keys to values")
        return {}
    result: dict[str, str] = {}
    for key, value in copied.items():
        here = place.key(str(key))
        result[str(VARIABLE.read(key, here))] = str(SCALAR.read(value, here))
    return result


def copies(entry: Service, configuration: Configuration, found: list[str]) -> list[Copy]:
    """Return what a service's pods get; a key that is not there, or has no usable value, is noted in ``found``."""
    place = Place(f"{CATALOG}.{entry['service']}", found)
    made = [
        copy_of(entry, "ConfigMap", _config(entry, configuration, place.key("config"))),
        copy_of(entry, "Secret", _secrets(entry, configuration, place.key("secrets"), found)),
    ]
    return [copy for copy in made if copy]


def _config(entry: Service, configuration: Configuration, place: Place) -> dict[str, str]:
    for key in entry["config"]:
        if key not in configuration.config:
            place.problem(f"{CONFIG} has no key {key!r}, {nearest(key, configuration.config)}")
    return {key: configuration.config[key] for key in entry["config"] if key in configuration.config}


def _secrets(entry: Service, configuration: Configuration, place: Place, found: list[str]) -> dict[str, str]:
    taken = dict.fromkeys(entry["config"], CONFIG)
    data: dict[str, str] = {}
    for secret, keys in entry["secrets"].items():
        here = place.key(secret)
        definitions = configuration.definitions.get(secret)
        if definitions is None:
            here.problem(f"{DEFINITIONS} has no Secret {secret!r}, {nearest(secret, configuration.definitions)}")
            continue
        for key in keys:
            if key not in definitions:
                here.problem(f"{DEFINITIONS}.{secret} has no key {key!r}, {nearest(key, definitions)}")
            elif key in taken:
                here.problem(f"the pods get {key} from {taken[key]} already; take it out of one of both")
            else:
                taken[key] = secret
                where = Place(f"{DEFINITIONS}.{secret}.{key}", found)
                data[key] = resolve(definitions[key], configuration.values, where)
    return data


def named(
    entries: Mapping[str, Service], configuration: Configuration, found: list[str]
) -> tuple[dict[str, Service], list[Copy]]:
    """Return the entries with the names of their copies, and all the copies; problems are noted in ``found``."""
    result: dict[str, Service] = {}
    every: list[Copy] = []
    for service, entry in entries.items():
        own = copies(entry, configuration, found)
        names = {copy.kind: copy.name for copy in own}
        whole: Service = {**entry, "config_name": names.get("ConfigMap"), "secrets_name": names.get("Secret")}
        result[service] = whole
        every += own
    return result, every


def resolved(definitions: object, values: object) -> dict[str, dict[str, str]]:
    """Return Secret -> key -> value, every placeholder filled in.

    Args:
        definitions: Secret -> key -> text with placeholders, as written in the inventory.
        values: placeholder -> value.

    Raises:
        DeliveryError: a placeholder without a value, an empty value or an example; names Secret and key of each.
    """
    found: list[str] = []
    known, given = read_definitions(definitions, found), read_values(values, found)
    place = Place(DEFINITIONS, found)
    result = {
        secret: {key: resolve(text, given, place.key(secret).key(key)) for key, text in keys.items()}
        for secret, keys in known.items()
    }
    raise_if_any(found, "BadSecret")
    return result


def configured(entries: Mapping[str, Service], given: object) -> tuple[dict[str, Service], list[Copy]]:
    """Return the entries with the names of what their pods mount, and the objects themselves.

    Args:
        entries: the normalised catalog.
        given: the mapping that filters take: ``config``, ``secrets`` (definitions) and ``values``, each optional.

    Raises:
        DeliveryError: whatever is wrong, each service, Secret and key named.
    """
    found: list[str] = []
    mapping = plain(given)
    parts = mapping if isinstance(mapping, dict) else {}
    configuration = read(parts.get("config"), parts.get("secrets"), parts.get("values"), found)
    raise_if_any(found, "BadConfiguration")
    result = named(entries, configuration, found)
    raise_if_any(list(dict.fromkeys(found)), "BadConfiguration")
    return result
