# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Volumes for claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.simulator.records import Json
from sandbox.simulator.volumes import Provisioner, read_claim


class Store:
    """Keeps what was asked of it."""

    def __init__(self) -> None:
        self.created: list[Any] = []
        self.deleted: list[str] = []

    def create(self, path: str, body: Mapping[str, Json]) -> None:
        """Note an object."""
        self.created.append((path, body))

    def delete(self, path: str) -> None:
        """Note a path."""
        self.deleted.append(path)


def claim(**spec: Json) -> dict[str, Json]:
    """Return a claim as the API server gives it."""
    whole: dict[str, Json] = {
        "storageClassName": "sandbox",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "10Gi"}},
        **spec,
    }
    return {"metadata": {"namespace": "shop", "name": "data-db-0", "uid": "u1"}, "spec": whole}


def test_a_claim_gets_a_volume_of_its_size_that_is_for_nobody_else() -> None:
    store = Store()
    Provisioner(store).put(read_claim(claim()))
    ((path, volume),) = store.created
    assert path == "/api/v1/persistentvolumes"
    assert volume["metadata"]["name"] == "pvc-u1"
    spec = volume["spec"]
    assert (spec["capacity"], spec["accessModes"]) == ({"storage": "10Gi"}, ["ReadWriteOnce"])
    assert spec["claimRef"].items() >= {"namespace": "shop", "name": "data-db-0", "uid": "u1"}.items()


def test_claims_that_have_one_or_are_of_another_class_get_none() -> None:
    store = Store()
    Provisioner(store).replace([read_claim(claim(volumeName="pvc-u1")), read_claim(claim(storageClassName="fast"))])
    assert store.created == []


def test_the_volume_goes_with_its_claim() -> None:
    store = Store()
    Provisioner(store).drop(read_claim(claim(volumeName="pvc-u1")))
    Provisioner(store).drop(read_claim(claim(storageClassName="fast")))
    assert store.deleted == ["/api/v1/persistentvolumes/pvc-u1"]
