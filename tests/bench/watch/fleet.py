# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Canaries in flight for a guard to watch: services that trade, each with two stable pods and a new one, behind nginx."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.bench.bench import Bench
from tests.bench.filling import for_each, until_all
from tests.integration.support import objects, stage
from tests.integration.support.cluster import Cluster, Obj, Refused, Space
from tools.report import Stopwatch, say

# Two pods at a third of the traffic: the controller starts one new pod, and keeps both old ones.
_PODS, _WEIGHT = 2, 33
_PAUSED_IN = 1
_TAG = "v2"
# Requests a second of a service: enough that every metric has something to count in every window.
_RPS = 20
# What else runs in the sandbox has room on its own nodes.
_SPARE_PODS = 50


@contextmanager
def fleet(bench: Bench, number: int) -> Iterator[tuple[Space, list[str]]]:
    """Give a namespace with so many canaries, each paused at a weight, and their names; remove it in the end."""
    # The simulator gives orders to what is called so.
    names = [f"trading-{each:03d}" for each in range(number)]
    _make_room(bench.cluster, number * (_PODS + 1) + _SPARE_PODS)
    with bench.space(f"bench-watch-{number}") as space, _load(bench.environment["TRADESENSE_SIMULATOR_URL"], space):
        watch = Stopwatch()
        for_each(names, lambda name: space.create(*_manifests(name)))
        until_all(space, number, lambda item: stage.is_in(item, "Healthy"), "Healthy")
        say(f"  {number} rollouts: Healthy after {watch}")
        for_each(names, lambda name: _release(space, name))
        until_all(space, number, in_flight, "in flight")
        say(f"  {number} rollouts: in flight after {watch}")
        yield space, names


def in_flight(item: Obj) -> bool:
    """Return whether a Rollout is paused at its weight, with a new revision that is not stable."""
    state = item.get("status") or {}
    new = state.get("currentPodHash") != state.get("stableRS")
    return new and stage.is_in(item, "Paused") and state.get("currentStepIndex") == _PAUSED_IN


def _manifests(name: str) -> list[Obj]:
    made = objects.routed(name, objects.weight(_WEIGHT), objects.PAUSE, objects.weight(100), replicas=_PODS)
    for item in made:
        if item["kind"] == "Service":
            # Without an address of its own: the sandbox does not have as many.
            item["spec"]["clusterIP"] = "None"
    return made


def _release(space: Space, name: str) -> None:
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": objects.image(_TAG)}]
    space.patch("Rollout", name, change, how="json", fieldManager="somebody-else")


def _make_room(cluster: Cluster, pods: int) -> None:
    """Copy a fake node until there is room for so many pods."""
    nodes = cluster.request("GET", "api/v1/nodes")["items"]
    each = int(nodes[0]["status"]["allocatable"]["pods"])
    for number in range(len(nodes), -(-pods // each)):
        body = node_like(nodes[0], f"bench-{number}")
        try:
            cluster.request("POST", "api/v1/nodes", body)
        except Refused as refused:
            # Left by a run that kept the sandbox.
            if refused.code != 409:
                raise


def node_like(node: Obj, name: str) -> Obj:
    """Return a fake node with what another one has, for kwok to bring to life."""
    metadata = node["metadata"]
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/hostname": name}
    status = {key: node["status"][key] for key in ("allocatable", "capacity")}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": metadata.get("annotations") or {}},
        "status": status,
    }


@contextmanager
def _load(simulator: str, space: Space) -> Iterator[None]:
    """Let every service of a namespace have a load of its own."""
    _put_load(simulator, space, _RPS)
    try:
        yield
    finally:
        _put_load(simulator, space, None)


def _put_load(simulator: str, space: Space, rps: float | None) -> None:
    rule = {"namespace": space.name, "rps": rps}
    requests.put(f"{simulator}/load", json=rule, timeout=10).raise_for_status()
