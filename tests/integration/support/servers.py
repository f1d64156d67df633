# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Addresses that nobody answers on, and a fake API server for what the sandbox cannot be."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"
# What an API server answers for a group of resources it does not have.
_UNKNOWN_PATH = b"404 page not found\n"


def closed_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class _WithoutArgo(BaseHTTPRequestHandler):
    """A FAKE API server: it has no objects at all, and no kinds of argoproj.io."""

    def do_GET(self) -> None:
        if "argoproj.io" in self.path:
            self._answer(404, _UNKNOWN_PATH, "text/plain")
        elif self.path.partition("?")[0].count("/") >= 5:
            listing = {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}
            self._answer(200, json.dumps(listing).encode(), "application/json")
        else:
            self._answer(404, _UNKNOWN_PATH, "text/plain")

    do_PATCH = do_GET  # noqa: N815 - named by the base class

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def _answer(self, code: int, body: bytes, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def api_server_without_argo() -> Iterator[str]:
    """Run the fake API server and give its address."""
    server = ThreadingHTTPServer((HOST, 0), _WithoutArgo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
