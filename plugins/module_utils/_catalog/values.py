# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The strings and numbers that catalog and release are written with. Private to this collection."""

from __future__ import annotations

import ipaddress
import re

from .kinds import Kind, choice, text, whole
from .problems import Place

PREFIX = "tradesense-"
"""What the names of a service's objects begin with."""

# tradesense-<service>-preview and the other Services have to fit into 63 characters.
_NAME_LENGTH = 63 - len(PREFIX) - len("-preview")


def _why_name(value: str) -> str:
    if value.startswith(PREFIX):
        return f"the name must not begin with {PREFIX!r}: that is put in front of it; use {value[len(PREFIX) :]!r}"
    if len(value) > _NAME_LENGTH:
        return f"the name has {len(value)} characters; give at most {_NAME_LENGTH}, or its Services' names get too long"
    return ""


NAME = text(
    "a service's name: lower-case letters, digits and '-', such as trading-service",
    rf"(?!{PREFIX})(?=.{{1,{_NAME_LENGTH}}}\Z)[a-z]([a-z0-9-]*[a-z0-9])?",
    _why_name,
)


def _why_version(value: str) -> str:
    if value.lower() in ("latest", "stable", "main", "master"):
        return f"{value!r} is not accepted: the tag moves, so nobody could say what runs or go back to it; give v2.8.0"
    return ""


# A tag that registries accept and that also fits the pods' label `version`.
VERSION = text(
    "a version such as v2.8.0 or v2.8.0-rc.1: 'v' and a digit, or a digit, then letters, digits, '.', '_' or '-',"
    " 63 characters at most, the last one a letter or a digit",
    r"(?=.{1,63}\Z)v?[0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?",
    _why_version,
)


def _why_image(value: str) -> str:
    if "@" in value:
        return f"{value!r} carries a digest; give the repository alone, the release sets the tag"
    if ":" in value.rsplit("/", 1)[-1]:
        return f"{value!r} carries a tag; give the repository alone, and the tag as key version"
    return ""


IMAGE = text(
    "an image repository without a tag, such as tradesense/trading-service",
    r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(?<!:)",
    _why_image,
)

TEXT = text("a text", r"[^\n]+")
BLANK_OR_TEXT = text("a text (empty: none)", r"[^\n]*")
HOST = text("a host name such as api.example.com", r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
PATH = text("a path that begins with /", r"/[^\s]*")
LABEL_VALUE = text(
    "a label's value: at most 63 letters, digits, '.', '_' or '-', the first and last one a letter or digit",
    r"(?=.{1,63}\Z)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?",
)
LABEL_KEY = text(
    "a label's key, such as team or example.com/team",
    r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?(?=.{1,63}\Z)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?",
)
VARIABLE = text("the name of an environment variable", r"[A-Za-z_][A-Za-z0-9_]*")
SECRET_KEY = text("the key of a Secret: letters, digits, '.', '_' or '-'", r"[A-Za-z0-9._-]{1,253}")
OBJECT_NAME = text("the name of an object", r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
TOPOLOGY_KEY = text("the label of nodes to spread over", r"[a-z0-9A-Z]([a-z0-9A-Z./_-]*[a-z0-9A-Z])?")
HEADER = text("the name of a header", r"[A-Za-z0-9-]+")
QUANTITY = text("a quantity such as 250m or 512Mi, in quotes", r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
PORT = whole(1, 65535)
COUNT = whole(0)
POSITIVE = whole(1)
SECONDS = whole(1)
PERCENT = whole(0, 100)
SHARE_PERCENT = whole(1, 100)
STRATEGY = choice("rolling", "blue_green", "canary", "stateful")
ENGINE = choice("postgres_primary", "postgres_replica", "redis_cluster", "prometheus")
SCOPE = choice("environment", "monitoring")

_DURATION = re.compile(r"(?=[0-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?")
_DURATION_WORDS = "a duration of one second or more, such as 30s, 2m or 1h30m"


def seconds(duration: str) -> int:
    """Return the length of a duration such as ``1h30m`` in seconds; -1 when it is none."""
    match = _DURATION.fullmatch(duration)
    if not match:
        return -1
    hours, minutes, rest = (int(part[:-1]) if part else 0 for part in match.groups())
    return hours * 3600 + minutes * 60 + rest


def _read_duration(value: object, place: Place) -> object:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return f"{value}s"
    if isinstance(value, str) and seconds(value) > 0:
        return value
    place.refuse(value, f"{_DURATION_WORDS}, or a number of seconds")
    return "1s"


DURATION = Kind(_DURATION_WORDS, _read_duration)


def _read_scalar(value: object, place: Place) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    place.refuse(value, "a text, a number, true or false")
    return ""


SCALAR = Kind("a text, a number, true or false", _read_scalar)
"""The value of an environment variable: read as the string that YAML's own notation of it shows."""


def _read_amount(value: object, place: Place) -> object:
    whole_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    percentage = isinstance(value, str) and re.fullmatch(r"[0-9]{1,2}%|100%", value)
    if whole_number or percentage:
        return value
    place.refuse(value, "a number of pods, or a percentage such as 25%")
    return 0


AMOUNT = Kind("a number of pods, or a percentage such as 25%", _read_amount)


_CIDR_WORDS = "a range of addresses such as 10.0.0.0/8"


def _read_cidr(value: object, place: Place) -> object:
    if isinstance(value, str) and "/" in value:
        try:
            return str(ipaddress.ip_network(value))
        except ValueError as error:
            # Python knows best what is wrong: has host bits set, octet above 255.
            place.problem(f"{error}; give {_CIDR_WORDS}")
            return ""
    place.refuse(value, _CIDR_WORDS)
    return ""


CIDR = Kind(_CIDR_WORDS, _read_cidr)
