# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The quota of a namespace: what the catalog asks for at its most, times a factor. Pure functions. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from .model import Service
from .quantities import amount, cores, size


def quota(entries: Iterable[Service], factor: int) -> dict[str, str]:
    """Return the hard limits of a namespace for some of its services; empty when there is nothing to limit by.

    Args:
        entries: normalised entries of the services there.
        factor: 2 leaves room for a release: while one is under way there are the old pods and the new ones.
    """
    here = [(entry, entry["autoscaling"]) for entry in entries]
    most = [(entry, max(entry["replicas"], scaled["max_replicas"] if scaled else 0)) for entry, scaled in here]
    if not factor or not any(pods for _entry, pods in most):
        return {}

    def total(of: Callable[[Service], str]) -> Decimal:
        return sum((amount(of(entry)) * pods for entry, pods in most), Decimal(0)) * factor

    def volumes(of: Callable[[Service], str]) -> Decimal:
        return sum((amount(of(entry)) * pods for entry, pods in most if entry["stateful"]), Decimal(0)) * factor

    return {
        "pods": cores(total(lambda _entry: "1")),
        "requests.cpu": cores(total(lambda entry: entry["resources"]["requests"]["cpu"])),
        "requests.memory": size(total(lambda entry: entry["resources"]["requests"]["memory"])),
        "limits.cpu": cores(total(lambda entry: entry["resources"]["limits"]["cpu"])),
        "limits.memory": size(total(lambda entry: entry["resources"]["limits"]["memory"])),
        "persistentvolumeclaims": cores(volumes(lambda _entry: "1")),
        "requests.storage": size(volumes(_storage)),
    }


def _storage(entry: Service) -> str:
    return entry["stateful"]["storage"] if entry["stateful"] else "0"
