# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether an object already says what a manifest says. Pure functions. Private: other collections must not import it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

_SUFFIXES = {
    "": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"),
    "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "G": Decimal(10) ** 9, "T": Decimal(10) ** 12, "P": Decimal(10) ** 15,
    "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30, "Ti": Decimal(2) ** 40, "Pi": Decimal(2) ** 50,
}  # fmt: skip
# Below these keys texts are quantities. Elsewhere "2.1" and "2.10" are two versions, "1k" and "1000" two settings.
_QUANTITIES = frozenset({"limits", "requests", "sizeLimit", "divisor"})


def covers(live: Any, wanted: Any, *, quantity: bool = False) -> bool:
    """Return whether `live` has every value of `wanted`; what the server added beside it does not matter.

    Lists of named things (containers, ports, environment) are compared by name, other lists as they stand. Quantities
    are compared by value: the server stores ``1000m`` as ``1``.

    Args:
        live: what there is.
        wanted: what there should be.
        quantity: whether texts and numbers are quantities here.
    """
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            covers(live.get(key), value, quantity=quantity or key in _QUANTITIES)
            for key, value in wanted.items()
            if value is not None
        )
    if isinstance(wanted, list):
        return _covers_list(live if isinstance(live, list) else [], wanted)
    if live == wanted or (live is None and wanted in ("", [], {})):
        return True
    return quantity and _same_quantity(live, wanted)


def spelled_as(live: Any, wanted: Any, *, quantity: bool = False) -> Any:
    """Return `wanted` with quantities written as `live` writes them where both mean the same.

    The controller of Argo Rollouts stores ``1000m`` as ``1`` and owns the field from then on: sending our spelling again
    would be a conflict about nothing.

    Args:
        live: what there is.
        wanted: what there should be.
        quantity: whether texts and numbers are quantities here.
    """
    if isinstance(wanted, dict) and isinstance(live, dict):
        return {
            key: spelled_as(live.get(key), value, quantity=quantity or key in _QUANTITIES)
            for key, value in wanted.items()
        }
    if isinstance(wanted, list) and isinstance(live, list):
        by_name = {item.get("name"): item for item in live if isinstance(item, dict) and "name" in item}
        return [
            spelled_as(by_name.get(item.get("name")), item) if isinstance(item, dict) and "name" in item else item
            for item in wanted
        ]
    return live if quantity and _same_quantity(live, wanted) else wanted


def _covers_list(live: list[Any], wanted: list[Any]) -> bool:
    names = [item.get("name") if isinstance(item, dict) else None for item in wanted]
    if wanted and all(isinstance(name, str) for name in names):
        by_name = {item.get("name"): item for item in live if isinstance(item, dict)}
        return all(covers(by_name.get(name), item) for name, item in zip(names, wanted))
    return len(live) == len(wanted) and all(covers(left, right) for left, right in zip(live, wanted))


def _same_quantity(left: object, right: object) -> bool:
    if not all(isinstance(side, (str, int, float)) and not isinstance(side, bool) for side in (left, right)):
        return False
    first, second = number_of(str(left)), number_of(str(right))
    return first is not None and first == second


def number_of(text: str) -> Decimal | None:
    """Return what a quantity such as ``250m`` or ``1Gi`` amounts to, None when it is none."""
    number = text.rstrip("numkKMGTPi")
    factor = _SUFFIXES.get(text[len(number) :])
    try:
        return Decimal(number) * factor if factor is not None and number else None
    except InvalidOperation:
        return None
