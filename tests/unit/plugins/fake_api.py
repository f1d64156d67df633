# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A fake API server on 127.0.0.1 that answers by script: for what a real one does too rarely to wait for.

It says of itself that it is a fake, knows no objects and checks nothing; what is tested is how its answers are taken.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.tradesense.delivery.plugins.module_utils._kube.client import Kube
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.credentials import Credentials
from ansible_collections.tradesense.delivery.plugins.module_utils._kube.kinds import (
    ANALYSIS_RUN,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    INGRESS,
    POD,
    REPLICA_SET,
    ROLLOUT,
    SERVICE,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj

from tests.unit.plugins.builders import NAMESPACE


@dataclass
class Answer:
    """One answer: `body` is sent as JSON.

    With `cut` the connection ends in the middle of it, with `drip` it comes a byte at a time, with `lost` not at all: the
    connection ends before it, and with `never` it stays open.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    drip: bool = False
    lost: bool = False
    never: bool = False


@dataclass
class Stream:
    """The answer to a watch: `lines`, then `then`: end (properly), cut (in the middle of a line) or hold (open).

    The lines in `later` wait until something was written.
    """

    lines: list[Obj] = field(default_factory=list)
    then: str = "hold"
    later: list[Obj] = field(default_factory=list)


@dataclass
class Asked:
    """A request that came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: bytes
    raw_query: str = ""


class FakeApi:
    """The server: watches are answered from `watches`, everything else from `answers`, in their order.

    What stands in `standing` or `standing_watches` for an address is answered whenever that is asked.
    """

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.watches: deque[Stream | Answer] = deque()
        self.standing: dict[str, Answer] = {}
        self.standing_watches: dict[str, Stream] = {}
        self.asked: list[Asked] = []
        self.written = threading.Event()
        self.stopped = threading.Event()
        fake = self

        class Handler(_Handler):
            api = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeApi:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def watched(self) -> list[Asked]:
        """Return the watches that were asked for."""
        return [asked for asked in self.asked if asked.query.get("watch")]

    def listed(self) -> list[Asked]:
        """Return the other requests."""
        return [asked for asked in self.asked if not asked.query.get("watch")]


class _Handler(BaseHTTPRequestHandler):
    api: FakeApi
    protocol_version = "HTTP/1.1"
    server_version = "fake-api-server"

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.api.asked.append(Asked(self.command, parts.path, query, self.headers, body, parts.query))
        if query.get("watch"):
            answer = self.api.watches.popleft() if self.api.watches else self._standing_watch(parts.path)
        elif self.command == "GET" and parts.path in self.api.standing:
            answer = self.api.standing[parts.path]
        else:
            answer = self.api.answers.popleft() if self.api.answers else Answer(500, {"message": "nothing scripted"})
        if self.command != "GET":
            self.api.written.set()
        if isinstance(answer, Stream):
            self._stream(answer)
        else:
            self._answer(answer)

    do_GET = do_PATCH = do_POST = do_DELETE = _serve  # noqa: N815 - the names the standard library looks for

    def _standing_watch(self, path: str) -> Stream:
        return self.api.standing_watches.get(path, Stream())

    def _answer(self, answer: Answer) -> None:
        if answer.lost or answer.never:
            self.api.stopped.wait(20 if answer.never else 0)
            self.close_connection = True
            return
        data = json.dumps(answer.body if answer.body is not None else {}).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) + (10 if answer.cut else 0)))
        self.end_headers()
        for piece in [data[i : i + 1] for i in range(len(data))] if answer.drip else [data]:
            self.wfile.write(piece)
            if answer.drip and self.api.stopped.wait(0.05):
                break
        self.close_connection = answer.cut or answer.drip

    def _stream(self, stream: Stream) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in stream.lines:
            self._chunk(json.dumps(line).encode() + b"\n")
        if stream.later:
            self.api.written.wait(20)
        for line in stream.later:
            self._chunk(json.dumps(line).encode() + b"\n")
        if stream.then == "cut":
            self._chunk(b'{"type": "MODIFIED", "obj')
            self.close_connection = True
        elif stream.then == "end":
            self._chunk(b"")
        else:
            self.api.stopped.wait(20)
            self.close_connection = True

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what came is in `asked`."""


@contextmanager
def fake_api() -> Iterator[FakeApi]:
    """Run a fake API server."""
    with FakeApi() as api:
        yield api


def connected(api: FakeApi, *, dry_run: bool = False, seconds: float | None = None, **options: Any) -> Kube:
    """Return a connection to the fake."""
    given = {"host": api.address, "api_key": "not-a-real-token", "request_timeout": 5.0, **options}
    return Kube(Credentials(**given), dry_run=dry_run, warn=lambda text: None, seconds=seconds)


def listing(version: str, *items: Obj) -> Answer:
    """Return the answer to a list."""
    return Answer(body={"metadata": {"resourceVersion": version}, "items": list(items)})


def stand(api: FakeApi, objects: Objects) -> None:
    """Let the fake list these objects of the namespace."""
    for kind, items in (
        (ROLLOUT, objects.rollouts),
        (DEPLOYMENT, objects.deployments),
        (REPLICA_SET, objects.replica_sets),
        (ANALYSIS_RUN, objects.analysis_runs),
        (SERVICE, objects.services),
        (INGRESS, objects.ingresses),
        (ENDPOINT_SLICE, objects.endpoint_slices),
        (POD, objects.pods),
    ):
        api.standing[kind.path(NAMESPACE)] = listing("1000", *items)


def thing(name: str, version: str, **spec: Any) -> Obj:
    """Return an object as lists and watches hold it."""
    return {"metadata": {"name": name, "namespace": "team", "resourceVersion": version}, "spec": spec}


def event(what: str, item: Obj) -> Obj:
    """Return a line of a watch."""
    return {"type": what, "object": item}
