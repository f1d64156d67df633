# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A FAKE Prometheus on 127.0.0.1 that answers by script: for what a real one does too rarely, or never, to wait for.

It knows no data and no PromQL; what is tested is how its answers are taken. What a real one says to real queries stands in
the integration tests.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.access import Access
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.client import Prometheus


@dataclass
class Said:
    """One answer. A body that is no bytes is sent as JSON.

    `cut` ends the connection: before anything of the answer, or in the middle of the body. `wait` is in seconds.
    """

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: str = ""
    wait: float = 0.0


@dataclass
class Asked:
    """A request that came."""

    method: str
    path: str
    form: dict[str, str]
    headers: Any


class FakePrometheus:
    """The server: a query in `standing` is always answered with that, others by script, whose last answer is repeated."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: deque[Said] = deque()
        self.standing: dict[str, Said] = {}
        self.asked: list[Asked] = []
        self.stopped = threading.Event()
        fake = self

        class Handler(_Handler):
            prometheus = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls:
            # The handshake is left to the thread of the connection: one that fails must not stop the server.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.address = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_address[1]}"

    def say(self, *answers: Said) -> None:
        """Put answers at the end of the script."""
        self.answers.extend(answers)

    def next_answer(self) -> Said:
        """Return what the script says."""
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]

    def start(self) -> None:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """End, and close the port."""
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    prometheus: FakePrometheus
    protocol_version = "HTTP/1.1"
    server_version = "FAKE-prometheus"

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            # A handshake that failed, or a client that did not wait: both are what the test wants.
            self.close_connection = True

    def _serve(self) -> None:
        fake = self.prometheus
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = {key: values[0] for key, values in parse_qs(sent, keep_blank_values=True).items()}
        fake.asked.append(Asked(self.command, self.path, form, self.headers))
        said = fake.standing.get(form.get("query", "")) or fake.next_answer()
        if said.wait:
            fake.stopped.wait(said.wait)
        self.close_connection = bool(said.cut)
        if said.cut != "before":
            self._answer(said)

    do_GET = do_POST = _serve  # noqa: N815 - the names the standard library looks for

    def _answer(self, said: Said) -> None:
        raw = isinstance(said.body, bytes)
        data = said.body if raw else json.dumps(said.body).encode()
        self.send_response(said.status)
        for name, value in {"Content-Type": "text/plain" if raw else "application/json", **said.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) + (10 if said.cut else 0)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what came is in `asked`."""


@contextmanager
def fake_prometheus(tls: ssl.SSLContext | None = None) -> Iterator[FakePrometheus]:
    """Run a fake."""
    fake = FakePrometheus(tls)
    fake.start()
    try:
        yield fake
    finally:
        fake.stop()


def access(address: str, **options: Any) -> Access:
    """Return the access to an address, with options of the module by their names without `prometheus_`."""
    timeout = options.pop("request_timeout", 5.0)
    given = {f"prometheus_{name}": value for name, value in {"url": address, **options}.items()}
    return Access.from_params({**given, "request_timeout": timeout})


def connected(address: str, warnings: list[str] | None = None, **options: Any) -> Prometheus:
    """Return a connection to an address; see `access`."""
    return Prometheus(access(address, **options), warn=(warnings if warnings is not None else []).append)


def vector(*samples: tuple[dict[str, str], str], **more: Any) -> dict[str, Any]:
    """Return the answer to an instant query."""
    result = [{"metric": labels, "value": [1795528025.324, value]} for labels, value in samples]
    return {"status": "success", "data": {"resultType": "vector", "result": result}, **more}


ONE = Said(vector(({}, "1")))
