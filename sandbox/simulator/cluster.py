# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The connection to the API server: what is watched, and the patches of pod statuses.

Of the kubernetes package this uses the reading of kubeconfig files and the connection made from it. The generated
functions above that take a second to start with, and would build objects that are not needed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Protocol, cast
from urllib.parse import quote, urlencode

import urllib3
from kubernetes import config
from kubernetes.client.api_client import ApiClient

from sandbox.simulator.log import say
from sandbox.simulator.records import Json, PodRecord, read_ingress, read_node, read_pod, read_service
from sandbox.simulator.volumes import Provisioner, read_claim
from sandbox.simulator.watching import Expired, Kind, Refused, Watcher, checked, one_line
from sandbox.simulator.world import World

_CONNECT_TIMEOUT = 5.0
_STRATEGIC_MERGE = "application/strategic-merge-patch+json"


class _Connect(Protocol):
    def __call__(self, *, config_file: str) -> ApiClient: ...


# The function has no type hints of its own.
_connect = cast(_Connect, config.new_client_from_config)


class Cluster:
    """A connection to the cluster of a kubeconfig file.

    Raises OSError or kubernetes.config.ConfigException when the file cannot be read or names no cluster.
    """

    def __init__(self, kubeconfig: str) -> None:
        self._api = _connect(config_file=kubeconfig)

    def watchers(self, world: World) -> tuple[Watcher, ...]:
        """One watcher a kind, each to be run in a thread of its own."""
        provisioner = Provisioner(self)
        return (
            Watcher(
                "claims",
                partial(self._get, "/api/v1/persistentvolumeclaims"),
                Kind(read_claim, provisioner.replace, provisioner.put, provisioner.drop),
            ),
            Watcher(
                "pods",
                partial(self._get, "/api/v1/pods"),
                Kind(read_pod, world.replace_pods, world.put_pod, world.drop_pod),
            ),
            Watcher(
                "nodes",
                partial(self._get, "/api/v1/nodes"),
                Kind(read_node, world.replace_nodes, world.put_node, world.drop_node),
            ),
            Watcher(
                "services",
                partial(self._get, "/api/v1/services"),
                Kind(read_service, world.replace_services, world.put_service, world.drop_service),
            ),
            Watcher(
                "ingresses",
                partial(self._get, "/apis/networking.k8s.io/v1/ingresses"),
                Kind(read_ingress, world.replace_ingresses, world.put_ingress, world.drop_ingress),
            ),
        )

    def patch_status(self, pod: PodRecord, patch: dict[str, Json]) -> bool:
        """Patches a pod's ``/status``, for this very pod only; False when it was refused or did not arrive."""
        path = f"/api/v1/namespaces/{quote(pod.namespace)}/pods/{quote(pod.name)}/status"
        body = json.dumps({"metadata": {"uid": pod.uid}, **patch}).encode()
        return self._send("PATCH", path, body, f"pod {pod.namespace}/{pod.name}: its status could not be patched")

    def create(self, path: str, body: Mapping[str, Json]) -> None:
        """Creates an object in the collection ``path``; one that is there already stays as it is."""
        self._send("POST", path, json.dumps(body).encode(), f"nothing could be created in {path}")

    def delete(self, path: str) -> None:
        """Deletes an object; one that is gone already is no matter."""
        self._send("DELETE", path, None, f"{path} could not be deleted")

    def _send(self, method: str, path: str, body: bytes | None, complaint: str) -> bool:
        try:
            response = checked(self._request(method, path, {"fieldManager": "sandbox-simulator"}, body, 10.0))
            # Read to the end, or the next request on this connection would get the rest.
            response.drain_conn()
            response.release_conn()
        except Refused as error:
            # 404, 409: the object is gone, or there already, or another of the same name has taken its place.
            if error.status not in (404, 409):
                say(f"{complaint}: {one_line(error)}")
            return False
        except (Expired, urllib3.exceptions.HTTPError, OSError) as error:
            say(f"{complaint}: {one_line(error)}")
            return False
        return True

    def _get(self, path: str, query: Mapping[str, str], read_timeout: float) -> urllib3.BaseHTTPResponse:
        return checked(self._request("GET", path, query, None, read_timeout))

    def _request(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None, read_timeout: float
    ) -> urllib3.BaseHTTPResponse:
        settings = self._api.configuration
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = _STRATEGIC_MERGE if method == "PATCH" else "application/json"
        for entry in cast("Mapping[str, Mapping[str, str]]", settings.auth_settings()).values():
            headers[entry["key"]] = entry["value"]
        pool: urllib3.PoolManager = self._api.rest_client.pool_manager
        return pool.request(
            method,
            f"{settings.host}{path}?{urlencode(query)}",
            body=body,
            headers=headers,
            preload_content=False,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_TIMEOUT, read=read_timeout),
        )
