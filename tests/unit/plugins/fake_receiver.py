# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A FAKE of Slack, and of whatever takes webhooks, on 127.0.0.1: Slack cannot be had in a test.

It knows the shapes of Slack's answers as they are documented and checks nothing that is not said here: a channel's name becomes
an id, a message gets a number, and what is edited must be there. A script goes before that.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.unit.plugins.fake_prometheus import Said


@dataclass
class Got:
    """A request that came."""

    path: str
    body: bytes
    headers: Any

    @property
    def json(self) -> dict[str, Any]:
        """The body, which has to be strict JSON."""
        found: dict[str, Any] = json.loads(self.body, parse_constant=_no_constant)
        return found


class FakeReceiver:
    """The server. A path in `standing` is always answered with that; else by script, and when that is over, as Slack does."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.script: deque[Said] = deque()
        self.standing: dict[str, Said] = {}
        self.got: list[Got] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.stopped = threading.Event()
        fake = self

        class Handler(_Handler):
            receiver = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls:
            # The handshake is left to the thread of the connection: one that fails must not stop the server.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = int(self._server.server_address[1])
        self.address = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [got.path for got in self.got]

    def say(self, *answers: Said) -> None:
        """Put answers at the end of the script."""
        self.script.extend(answers)

    def answer(self, got: Got) -> Said:
        """Return what to say to a request."""
        if got.path in self.standing:
            return self.standing[got.path]
        if self.script:
            return self.script.popleft()
        if not got.path.startswith("/api/"):
            return Said(b"ok")
        if not (got.headers["Authorization"] or "").startswith("Bearer xoxb-"):
            return Said({"ok": False, "error": "invalid_auth"})
        given = got.json
        if got.path == "/api/chat.update":
            if given["ts"] not in self.messages:
                return Said({"ok": False, "error": "message_not_found"})
            ts = given["ts"]
        else:
            ts = f"1795774500.{len(self.messages):06}"
        self.messages[ts] = given
        return Said({"ok": True, "channel": "C0FAKE", "ts": ts, "message": given})

    def start(self) -> None:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """End, and close the port."""
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    receiver: FakeReceiver
    protocol_version = "HTTP/1.1"
    server_version = "FAKE-slack"

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            # A handshake that failed, or a client that did not wait: both are what the test wants.
            self.close_connection = True

    def do_POST(self) -> None:
        fake = self.receiver
        got = Got(self.path, self.rfile.read(int(self.headers.get("Content-Length") or 0)), self.headers)
        fake.got.append(got)
        said = fake.answer(got)
        if said.wait:
            fake.stopped.wait(said.wait)
        self.close_connection = bool(said.cut)
        if said.cut == "before":
            return
        data = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) + (10 if said.cut else 0)))
        self.end_headers()
        if said.cut == "drip":
            # A byte now and then, for ever.
            while not fake.stopped.wait(0.1):
                self.wfile.write(b" ")
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what came is in `got`."""


def _no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


@contextmanager
def fake_receiver(tls: ssl.SSLContext | None = None) -> Iterator[FakeReceiver]:
    """Run a fake."""
    fake = FakeReceiver(tls)
    fake.start()
    try:
        yield fake
    finally:
        fake.stop()
