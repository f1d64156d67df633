# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Every request to a cluster goes through here. Private: other collections must not import it.

Objects stay decoded JSON: turning them into the library's typed models costs many times the request itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import DeliveryError
from .._types import Obj
from . import _libs
from .credentials import Credentials, configure
from .discovery import discover
from .failures import ApiFailure, Ask, bad_selector, missing_crds, refused, unreachable
from .kinds import KNOWN, Kind
from .retrying import BUSY, Attempts, Deadline, seconds_asked
from .tls import share_context

FIELD_MANAGER = "tradesense-delivery"

PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
# What the server is asked for where names and labels are enough: no content is read then, e.g. of Secrets.
_METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
# Connections kept open at once: enough for an apply's threads.
POOL_SIZE = 16
# Seconds that a request gets even when the task's time is over.
_SHORTEST = 1.0
# Bytes of an answer that are read at once, at most.
_PIECE = 1 << 16


@dataclass(frozen=True)
class Listing:
    """The objects of one kind at one moment; ``version`` is where a watch goes on from."""

    items: list[Obj]
    version: str


class Kube:
    """A connection to one cluster, for one task.

    Never share one across a fork: sockets would be shared too. Use as a context manager.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        dry_run: bool = False,
        warn: Callable[[str], None],
        seconds: float | None = None,
    ) -> None:
        """Resolve credentials; no request is made yet.

        Args:
            credentials: the connection options.
            dry_run: every write is a server-side dry run (check mode).
            warn: where to say that TLS is not verified.
            seconds: how long the task may take in all: no request is waited for or repeated after that.

        Raises:
            DeliveryError: missing library, no or unusable credentials.
        """
        _libs.require()
        configuration = configure(credentials, warn)
        configuration.connection_pool_maxsize = POOL_SIZE
        self._deadline = Deadline(seconds)
        configuration.retries = _libs.Retry(connect=0, read=0, status=0, other=0, redirect=3, raise_on_status=False)
        self.cluster = str(configuration.host)
        self.dry_run = dry_run
        self._timeout = credentials.request_timeout
        self._answered = False
        self._requests = _client(configuration, credentials)
        # Watches hold their connections: with some of their own, a request always finds a warm one.
        self._watches = _client(configuration, credentials)
        share_context(self._watches.client, share_context(self._requests.client))
        self._kinds: dict[tuple[str, str], Kind] = dict(KNOWN)

    def __enter__(self) -> Kube:
        return self

    def __exit__(self, *_: object) -> None:
        for client in (self._requests, self._watches):
            client.client.rest_client.pool_manager.clear()

    def get(self, kind: Kind, namespace: str | None, name: str) -> Obj:
        """Return one object, or raise ApiFailure (code 404 when it does not exist)."""
        return self.request("get", kind.path(namespace, name), _target(kind, namespace, name))

    def find(self, kind: Kind, namespace: str | None, name: str) -> Obj | None:
        """Return one object, or None when it (not its kind or its namespace) does not exist."""
        try:
            return self.get(kind, namespace, name)
        except ApiFailure as failure:
            if failure.reason == "NotFound":
                return None
            raise

    def find_metadata(self, kind: Kind, namespace: str | None, name: str) -> Obj | None:
        """Return one object with nothing but its metadata, or None when it does not exist."""
        params = {"header_params": {"Accept": _METADATA.format("")}}
        try:
            found = self.request("get", kind.path(namespace, name), _target(kind, namespace, name), params=params)
        except ApiFailure as failure:
            if failure.reason == "NotFound":
                return None
            raise
        return _typed(kind, found)

    def list(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        labels: str | None = None,
        fields: str | None = None,
        metadata_only: bool = False,
    ) -> Listing:
        """Return all objects of a kind, of one namespace or (None) of all; if wanted with nothing but their metadata."""
        params: Obj = {"label_selector": labels, "field_selector": fields}
        if metadata_only:
            params["header_params"] = {"Accept": _METADATA.format("List")}
        try:
            answer = self.request("get", kind.path(namespace), _target(kind, namespace, ""), params=params)
        except ApiFailure as failure:
            if failure.code == 400 and labels:
                raise bad_selector(labels, self.cluster) from None
            raise
        items = [_typed(kind, item) for item in answer.get("items") or []]
        return Listing(items, str((answer.get("metadata") or {}).get("resourceVersion") or ""))

    def apply(
        self, kind: Kind, body: Obj, *, manager: str = FIELD_MANAGER, force: bool = False, dry: bool = False
    ) -> Obj:
        """Server-side apply one object with strict field validation; return the object as the server has it."""
        namespace, name = body["metadata"].get("namespace"), body["metadata"]["name"]
        return self._write(
            "patch",
            kind.path(namespace, name),
            _target(kind, namespace, name),
            body,
            {"content_type": PATCH_TYPES["apply"], "field_manager": manager, "force_conflicts": force or None},
            dry,
        )

    def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        body: Obj | Sequence[Obj],
        *,
        patch_type: str = "merge",
        subresource: str | None = None,
    ) -> Obj:
        """Patch one object or its subresource; return the object as the server has it."""
        return self._write(
            "patch",
            kind.path(namespace, name, subresource),
            _target(kind, namespace, name),
            body,
            {"content_type": PATCH_TYPES[patch_type], "field_manager": FIELD_MANAGER},
        )

    def create(self, kind: Kind, body: Obj) -> Obj:
        """Create one object; ApiFailure with code 409 when it exists."""
        namespace = body["metadata"].get("namespace")
        name = body["metadata"].get("name") or body["metadata"].get("generateName", "")
        return self._write(
            "post", kind.path(namespace), _target(kind, namespace, name), body, {"field_manager": FIELD_MANAGER}
        )

    def delete(self, kind: Kind, namespace: str | None, name: str, *, uid: str, version: str) -> None:
        """Delete one object if it still is the one that was seen, in the state in which it was seen.

        What belongs to it is deleted by the cluster afterwards.

        Raises:
            ApiFailure: code 409 when it is another or has changed, 404 when it is gone.
        """
        options: Obj = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "preconditions": {"uid": uid, "resourceVersion": version},
            "propagationPolicy": "Background",
        }
        if self.dry_run:
            # Here, not in the address: with a body, the server does not look at the address, and would really delete.
            options["dryRun"] = ["All"]
        self.request("delete", kind.path(namespace, name), _target(kind, namespace, name), options)

    def kind_of(self, manifest: Obj) -> Kind:
        """Return the kind of a manifest, asking the cluster only for those not known beforehand."""
        key = (str(manifest.get("apiVersion", "")), str(manifest.get("kind", "")))
        if key not in self._kinds:
            self._kinds.update(self._discover(key[0]))
        if key not in self._kinds:
            ask = Ask("get", f"{key[0]} {key[1]}", self.cluster)
            if key[0].startswith("argoproj.io/"):
                raise missing_crds(ask)
            raise DeliveryError(
                f"the cluster does not know kind {key[1]} of {key[0]}",
                reason="KindNotFound",
                hint="check apiVersion and kind, or install the custom resource definition first",
                where=self.cluster,
            )
        return self._kinds[key]

    def serves(self, api_version: str, name: str) -> bool:
        """Return whether the cluster serves a kind; it is asked for those known beforehand too."""
        return (api_version, name) in self._discover(api_version)

    def open_watch(
        self,
        kind: Kind,
        namespace: str | None,
        version: str,
        *,
        labels: str | None = None,
        fields: str | None = None,
        seconds: int,
    ) -> Any:
        """Open a watch and return the raw streaming response; the server ends it after `seconds`."""
        params = {
            "watch": "true",
            "resource_version": version,
            "allow_watch_bookmarks": "true",
            "timeout_seconds": seconds,
            "label_selector": labels,
            "field_selector": fields,
            # No read longer than this without a byte: bookmarks come at least once a minute.
            "_request_timeout": (self._timeout, seconds + 30),
        }
        path, target = kind.path(namespace), _target(kind, namespace, "")
        return self._send("get", path, target, params=params, client=self._watches)

    def request(
        self, method: str, path: str, target: str, body: Obj | Sequence[Obj] | None = None, params: Obj | None = None
    ) -> Obj:
        """Send one request and return the decoded answer.

        Raises:
            ApiFailure: the server refused, or there was no answer.
        """
        attempts = Attempts(self._deadline, persistent=self._answered)
        while True:
            try:
                return self._once(method, path, target, body, params)
            except ApiFailure as failure:
                if not attempts.again(failure):
                    failure.unsure = attempts.unsure
                    if failure.unsure and not failure.code and method != "get":
                        failure.hint += "; it may have been carried out all the same"
                    if attempts.failed > 1 and failure.code in (0, *BUSY):
                        told = f"it was asked {attempts.failed} times"
                        failure.hint = f"{failure.hint}; {told}" if failure.hint else told
                    raise

    def _discover(self, api_version: str) -> dict[tuple[str, str], Kind]:
        return discover(lambda path: self.request("get", path, f"discovery of {api_version}"), api_version)

    def _once(
        self, method: str, path: str, target: str, body: Obj | Sequence[Obj] | None = None, params: Obj | None = None
    ) -> Obj:
        # A moment is always left for an answer: without, a request at the very end would fail by itself.
        patience = max(self._deadline.left(self._timeout), min(self._timeout, _SHORTEST))
        end = time.monotonic() + patience
        response = self._send(method, path, target, body, {"_request_timeout": patience, **(params or {})})
        try:
            decoded: Obj = json.loads(_read(response, end) or b"{}")
            return decoded
        except (_libs.urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # The connection was cut inside the body, or it came too slowly.
            response.close()
            raise unreachable(Ask(method, target, self.cluster), error) from error

    def _write(
        self, method: str, path: str, target: str, body: Obj | Sequence[Obj], params: Obj, dry: bool = False
    ) -> Obj:
        query = [("fieldValidation", "Strict")]
        if dry or self.dry_run:
            query.append(("dryRun", "All"))
        return self.request(method, path, target, body, {**params, "query_params": query})

    def _send(
        self,
        method: str,
        path: str,
        target: str,
        body: Obj | Sequence[Obj] | None = None,
        params: Obj | None = None,
        client: Any = None,
    ) -> Any:
        ask = Ask(method, target, self.cluster)
        given = {key: value for key, value in (params or {}).items() if value is not None}
        # The library appends to these two: another attempt, and another request, must have their own.
        given["query_params"] = list(given.get("query_params") or [])
        given["header_params"] = dict(given.get("header_params") or {})
        try:
            response = (client or self._requests).request(method, path, body=body, serialize=False, **given)
        except (_libs.DynamicApiError, _libs.ApiException) as error:
            if not error.status:
                raise unreachable(ask, error) from error
            self._answered = True
            failure = refused(ask, error.status, error.body)
            failure.retry_after = seconds_asked(error.headers)
            raise failure from error
        except (_libs.urllib3.exceptions.HTTPError, OSError) as error:
            cause = getattr(error, "reason", error)
            not_sent = (_libs.urllib3.exceptions.ConnectTimeoutError, _libs.urllib3.exceptions.ProxyError)
            raise unreachable(ask, error, sent=not isinstance(cause, not_sent)) from error
        self._answered = True
        return response


def _client(configuration: Any, credentials: Credentials) -> Any:
    api = _libs.client.ApiClient(configuration)
    if credentials.impersonate_user:
        api.set_default_header("Impersonate-User", credentials.impersonate_user)
    for number, group in enumerate(credentials.impersonate_groups or []):
        api.set_default_header(_spelling("Impersonate-Group", number), group)
    return _libs.DynamicClient(api, discoverer=_no_discovery)


def _spelling(header: str, number: int) -> str:
    """Return a header's name in another spelling for each number.

    Every group needs a header line of its own, and the library keeps headers in a dict. To that, names that differ in
    upper and lower case are different; to HTTP they are the same.
    """
    return "".join(letter.swapcase() if number >> position & 1 else letter for position, letter in enumerate(header))


def _no_discovery(*_: object) -> None:
    """Stand in for the library's discovery, which asks the cluster for every group before the first request."""


def _read(response: Any, end: float) -> bytes:
    """Return the body of an answer, read piece by piece: the socket's own timeout begins anew with every byte that comes."""
    pieces: list[bytes] = []
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        if time.monotonic() > end:
            raise TimeoutError("timed out")
    return b"".join(pieces)


def _typed(kind: Kind, item: Obj) -> Obj:
    """Return an object with its kind: in lists it has none, and with its metadata alone that of the metadata."""
    return {**item, "apiVersion": kind.api_version, "kind": kind.name}


def _target(kind: Kind, namespace: str | None, name: str) -> str:
    place = f" in namespace {namespace}" if namespace and kind.namespaced else ""
    return f"{kind.name} {name}{place}" if name else f"{kind.plural}{'.' + kind.group if kind.group else ''}{place}"
