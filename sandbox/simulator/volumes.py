# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for a storage provisioner: each claim of the sandbox's class gets a volume, which goes with the claim.

The volumes hold nothing. Without them the scheduler would never place the pods of a StatefulSet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sandbox.simulator.records import Json, rows, table, text

STORAGE_CLASS = "sandbox"
PROVISIONER = "sandbox.tradesense.io/simulator"
VOLUMES = "/api/v1/persistentvolumes"


class Store(Protocol):
    """Creates and deletes objects; what does not arrive is told by it, and no error."""

    def create(self, path: str, body: Mapping[str, Json]) -> None: ...

    def delete(self, path: str) -> None: ...


@dataclass(frozen=True)
class Claim:
    """A PersistentVolumeClaim; ``volume`` is empty while it has none."""

    namespace: str
    name: str
    uid: str
    storage_class: str
    volume: str
    size: str
    modes: tuple[str, ...]


def read_claim(source: Mapping[str, Json]) -> Claim:
    """A claim from its JSON."""
    meta, spec = table(source.get("metadata")), table(source.get("spec"))
    requests = table(table(spec.get("resources")).get("requests"))
    return Claim(
        namespace=text(meta.get("namespace")),
        name=text(meta.get("name")),
        uid=text(meta.get("uid")),
        storage_class=text(spec.get("storageClassName")),
        volume=text(spec.get("volumeName")),
        size=text(requests.get("storage")),
        modes=tuple(map(text, rows(spec.get("accessModes")))),
    )


def volume_for(claim: Claim) -> dict[str, Json]:
    """The volume of a claim, bound to it from the beginning."""
    reference: dict[str, Json] = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": claim.namespace,
        "name": claim.name,
        "uid": claim.uid,
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": _name(claim), "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
        "spec": {
            "capacity": {"storage": claim.size},
            "accessModes": list(claim.modes),
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": STORAGE_CLASS,
            "claimRef": reference,
            "hostPath": {"path": f"/sandbox/{_name(claim)}"},
        },
    }


class Provisioner:
    """Makes volumes when told of claims."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def replace(self, claims: Iterable[Claim]) -> None:
        """Takes all the claims there are."""
        for claim in claims:
            self.put(claim)

    def put(self, claim: Claim) -> None:
        """Takes a claim that is new or has changed."""
        if claim.storage_class == STORAGE_CLASS and not claim.volume:
            self._store.create(VOLUMES, volume_for(claim))

    def drop(self, claim: Claim) -> None:
        """Takes a claim that is gone."""
        if claim.storage_class == STORAGE_CLASS:
            self._store.delete(f"{VOLUMES}/{_name(claim)}")


def _name(claim: Claim) -> str:
    return f"pvc-{claim.uid}"
