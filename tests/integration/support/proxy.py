# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A reverse proxy that misbehaves by script, between a task and the REAL API server of the sandbox.

Into TLS nothing can be injected, so it speaks plain HTTP on 127.0.0.1 towards the task, and TLS towards the API server, with
the administrator's certificate: whoever talks to it acts as the administrator. What no fault is scripted for goes through as
it is, watches line by line.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.integration.support.cluster import Cluster, write_kubeconfig
from tests.integration.support.servers import HOST

# Longer than any test waits for anything.
_LONGEST_SECONDS = 120
# What belongs to one connection, or is of the task, and is not handed on.
_HOP = ("connection", "keep-alive", "transfer-encoding", "host", "content-length", "accept-encoding", "authorization")


class Exchange(BaseHTTPRequestHandler):
    """One request on its way, with what a misbehaviour can do to it."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy
    label = ""
    body = b""
    _upstream: http.client.HTTPSConnection | None = None

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = urlsplit(self.path).query
        self.label = f"{'WATCH' if 'watch=true' in query else self.command} {unquote(self.path)}"
        misbehave = self.proxy.next_fault(self.label)
        try:
            (misbehave or relay)(self)
        except (OSError, http.client.HTTPException):
            # The task hung up, or the API server is away.
            self.close_connection = True

    do_GET = do_PATCH = do_POST = do_DELETE = _serve  # noqa: N815 - the names the standard library looks for

    def forward(self) -> http.client.HTTPResponse:
        """Send the request to the API server and return its answer."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        # A kept connection may have died meanwhile, and a new one costs little here.
        self._upstream = self.proxy.connect()
        self._upstream.request(self.command, self.path, self.body or None, headers)
        return self._upstream.getresponse()

    def head(self, answer: http.client.HTTPResponse, length: int | None = None) -> None:
        """Send the status and headers of an answer; without a length its body comes in chunks."""
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header(*(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))))
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        """Send one chunk of a body."""
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def hold(self) -> None:
        """Keep the connection open and say nothing until the proxy ends."""
        self.proxy.stopped.wait(_LONGEST_SECONDS)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: what came is in the proxy's `seen`."""


Behaviour = Callable[[Exchange], None]


def relay(exchange: Exchange) -> None:
    """Hand the request on and its answer back, as they are."""
    answer = exchange.forward()
    if exchange.label.startswith("WATCH") and answer.status == 200:
        exchange.head(answer)
        for line in iter(answer.readline, b""):
            exchange.chunk(line)
        exchange.chunk(b"")
        return
    data = answer.read()
    exchange.head(answer, len(data))
    exchange.wfile.write(data)


def cut(exchange: Exchange) -> None:
    """Hang up before the API server has seen the request."""
    exchange.close_connection = True


def lost(after: float = 0.0) -> Behaviour:
    """Let the API server carry the request out, and hang up before its answer, so many seconds later."""

    def act(exchange: Exchange) -> None:
        exchange.forward().read()
        time.sleep(after)
        exchange.close_connection = True

    return act


def torn(exchange: Exchange) -> None:
    """Let the API server carry the request out, and hang up in the middle of its answer."""
    answer = exchange.forward()
    data = answer.read()
    exchange.head(answer, len(data))
    exchange.wfile.write(data[: len(data) // 2])
    exchange.close_connection = True


def swallowed(exchange: Exchange) -> None:
    """Let the API server carry the request out, and never answer."""
    exchange.forward().read()
    exchange.hold()


def black_hole(exchange: Exchange) -> None:
    """Take the request, do nothing with it and never answer."""
    exchange.hold()


def drip(exchange: Exchange) -> None:
    """Answer a byte at a time, each long before anybody's patience ends."""
    answer = exchange.forward()
    data = answer.read()
    exchange.head(answer, len(data))
    for byte in data:
        exchange.wfile.write(bytes([byte]))
        exchange.wfile.flush()
        if exchange.proxy.stopped.wait(0.2):
            break
    exchange.close_connection = True


def status(code: int, *, retry_after: int | None = None, carried_out: bool = False) -> Behaviour:
    """Answer with an error; `carried_out`: although the API server has done what was asked."""

    def act(exchange: Exchange) -> None:
        if carried_out:
            exchange.forward().read()
        data = json.dumps({"kind": "Status", "code": code, "message": f"scripted {code}"}).encode()
        exchange.send_response(code)
        exchange.send_header("Content-Type", "application/json")
        if retry_after is not None:
            exchange.send_header("Retry-After", str(retry_after))
        exchange.send_header("Content-Length", str(len(data)))
        exchange.end_headers()
        exchange.wfile.write(data)

    return act


class Caught:
    """The first request with something in its body is kept back for ever, the others go on; `there` is set when it came.

    Args:
        holding: what the body holds.
        carried_out: let the API server do it, and keep back the answer.
    """

    def __init__(self, holding: str, *, carried_out: bool = False) -> None:
        self._holding = holding.encode()
        self._carried_out = carried_out
        self._lock = threading.Lock()
        self.there = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        """Keep it back, or hand it on."""
        with self._lock:
            first = self._holding in exchange.body and not self.there.is_set()
            if first and self._carried_out:
                exchange.forward().read()
            if first:
                self.there.set()
        (exchange.hold if first else lambda: relay(exchange))()


class Before:
    """Something happens before the first request with something in its body is handed on."""

    def __init__(self, holding: str, happens: Callable[[], None]) -> None:
        self._holding = holding.encode()
        self._happens = happens
        self._lock = threading.Lock()
        self.happened = False

    def __call__(self, exchange: Exchange) -> None:
        """Let it happen, if it is that request, and hand the request on."""
        with self._lock:
            if self._holding in exchange.body and not self.happened:
                self.happened = True
                self._happens()
        relay(exchange)


class Rendezvous:
    """Two requests wait for each other, each decided on the same state, and go on one right behind the other.

    Args:
        first: what the body of the request that goes first holds.
    """

    def __init__(self, first: str) -> None:
        self._first = first.encode()
        self._both = threading.Barrier(2)
        self._answered = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        """Wait for the other one, and one's turn."""
        self._both.wait(_LONGEST_SECONDS / 2)
        if self._first not in exchange.body:
            self._answered.wait(_LONGEST_SECONDS / 2)
        relay(exchange)
        self._answered.set()


def cut_after(events: int, *, torn: bool = False) -> Behaviour:
    """Hang up a watch after so many events, or in the middle of the next."""

    def act(exchange: Exchange) -> None:
        answer = exchange.forward()
        exchange.head(answer)
        for number, line in enumerate(iter(answer.readline, b"")):
            if number == events:
                if torn:
                    exchange.chunk(line[: len(line) // 2])
                break
            exchange.chunk(line)
        exchange.close_connection = True

    return act


def gone(exchange: Exchange) -> None:
    """Begin a watch and say in it that its version is too old, as the API server does."""
    answer = exchange.forward()
    exchange.head(answer)
    problem = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version: 1 (2)"}
    exchange.chunk(json.dumps({"type": "ERROR", "object": problem}).encode() + b"\n")
    exchange.chunk(b"")


def silent(exchange: Exchange) -> None:
    """Begin a watch and keep to oneself whatever it would tell."""
    exchange.head(exchange.forward())
    exchange.hold()


@dataclass
class Fault:
    """A misbehaviour for requests whose label, e.g. ``PATCH /apis/...`` or ``WATCH ...``, matches a regular expression.

    Args:
        label: the expression, searched for.
        act: what happens to the request.
        times: to how many of them; None: to all.
    """

    label: str
    act: Behaviour
    times: int | None = 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Several guards open all of their watches at once; who finds no place would try again only after seconds.
    request_queue_size = 128


class Proxy:
    """The proxy: the first fault that matches a request, and is not used up, decides what happens to it."""

    def __init__(self, cluster: Cluster, faults: list[Fault]) -> None:
        self._target = urlsplit(cluster.host)
        self._context = ssl.create_default_context(cafile=cluster.ca_cert)
        self._context.load_cert_chain(*cluster.client_cert)
        self._faults = [(fault, [0]) for fault in faults]
        self._lock = threading.Lock()
        self.seen: list[tuple[str, bool]] = []
        self.stopped = threading.Event()
        this = self

        class Handler(Exchange):
            proxy = this

        self._server = _Server((HOST, 0), Handler)
        self.address = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def connect(self) -> http.client.HTTPSConnection:
        """Return a new connection to the API server."""
        host, port = str(self._target.hostname), self._target.port
        return http.client.HTTPSConnection(host, port, context=self._context, timeout=_LONGEST_SECONDS)

    def next_fault(self, label: str) -> Behaviour | None:
        """Return what is scripted for a request, None when nothing is."""
        with self._lock:
            for fault, used in self._faults:
                if re.search(fault.label, label) and (fault.times is None or used[0] < fault.times):
                    used[0] += 1
                    self.seen.append((label, True))
                    return fault.act
            self.seen.append((label, False))
            return None

    def asked(self, label: str) -> list[bool]:
        """Return the requests that match an expression, in order: whether something was done to each."""
        return [hit for text, hit in list(self.seen) if re.search(label, text)]


@contextmanager
def misbehaving(cluster: Cluster, folder: Path, *faults: Fault) -> Iterator[tuple[Proxy, Path]]:
    """Run the proxy; give it and a kubeconfig that leads through it."""
    with Proxy(cluster, list(faults)) as proxy:
        yield proxy, write_kubeconfig(folder / "through-proxy", proxy.address, "", {"token": "the-proxy-has-its-own"})
