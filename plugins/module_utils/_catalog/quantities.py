# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Sums of Kubernetes quantities, written as the API server stores them. Private to this collection."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

_UNITS = {
    "": Decimal(1), "m": Decimal("1e-3"),
    "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "G": Decimal(10) ** 9, "T": Decimal(10) ** 12,
    "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30, "Ti": Decimal(2) ** 40,
}  # fmt: skip


def amount(quantity: str) -> Decimal:
    """Return a quantity such as ``250m`` or ``512Mi`` as a number of cores or bytes."""
    unit = quantity.lstrip("0123456789.")
    return Decimal(quantity.removesuffix(unit)) * _UNITS[unit]


def cores(number: Decimal) -> str:
    """Return a number of cores as a quantity: ``12500m``, and ``13`` when it is whole."""
    thousandths = _whole(number * 1000)
    return _shortest(thousandths // 1000, 1000, ("", "k", "M")) if thousandths % 1000 == 0 else f"{thousandths}m"


def size(number: Decimal) -> str:
    """Return a number of bytes as a quantity: ``1536Mi``, and ``2Gi`` when it is whole."""
    return _shortest(_whole(number), 1024, ("", "Ki", "Mi", "Gi", "Ti"))


def _shortest(number: int, step: int, units: tuple[str, ...]) -> str:
    for unit in units[:-1]:
        if not number or number % step:
            return f"{number}{unit}"
        number //= step
    return f"{number}{units[-1]}"


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))
