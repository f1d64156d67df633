# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Plain data: values without the marks Ansible puts on them, and their deep merge. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping


def plain(value: object) -> object:
    """Return a deep copy made of dict, list, str, int, float, bool and None only.

    Ansible hands over subclasses of str, int and of the containers, which know where they were written and template
    themselves when read; those must not reach a YAML dumper or another process. Other objects are returned as they
    are: whoever reads them says that their type is wrong.
    """
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if isinstance(value, float) else value


def merged(base: object, over: object) -> object:
    """Return ``over`` laid over ``base``: mappings are merged key by key, everything else, lists too, is replaced.

    None in ``over`` takes the key away, so that its default applies again.
    """
    if not isinstance(over, dict):
        return over
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
