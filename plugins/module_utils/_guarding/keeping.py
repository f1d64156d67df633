# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The record of a Rollout, in a ConfigMap beside it. Private to this collection."""

from __future__ import annotations

from .._kube.client import Kube
from .._kube.kinds import KNOWN
from .record import Record, from_data, to_data

CONFIG_MAP = KNOWN["v1", "ConfigMap"]
MANAGER = "tradesense-delivery-guard"
LABELS = {
    "app.kubernetes.io/part-of": "tradesense",
    "app.kubernetes.io/component": "guard",
    "app.kubernetes.io/managed-by": "tradesense-delivery",
}


def name_for(rollout: str) -> str:
    """Return the name of what the guard keeps of a Rollout."""
    return f"{rollout}-guard"


def load(kube: Kube, namespace: str, rollout: str) -> Record:
    """Return the record of a Rollout; an empty one when there is none.

    Raises:
        DeliveryError: it is damaged; ApiFailure: it cannot be read.
    """
    name = name_for(rollout)
    found = kube.find(CONFIG_MAP, namespace, name)
    return from_data((found or {}).get("data") or {}, f"{kube.cluster}, ConfigMap {name} in namespace {namespace}")


def save(kube: Kube, namespace: str, rollout: str, record: Record) -> None:
    """Write the record of a Rollout; only who holds its Lease may."""
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name_for(rollout), "namespace": namespace, "labels": LABELS},
        "data": to_data(record),
    }
    kube.apply(CONFIG_MAP, body, manager=MANAGER, force=True)
