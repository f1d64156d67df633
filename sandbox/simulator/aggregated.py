# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The metrics APIs over HTTPS, for the API server alone: it forwards what it has authorized, as an aggregated API.

Whoever shows no certificate of the front proxy does not get through the handshake, so the header that names the user
can be believed. Whether that user may read metrics was decided by the API server's own authorization.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sandbox.aggregation import FRONT_PROXY, FRONT_PROXY_CA, SERVING_CERTIFICATE, SERVING_KEY
from sandbox.simulator.metrics_apis import MetricsApis, refuse

_USER_HEADER = "X-Remote-User"
_LONGEST_BODY = 1 << 16


class AggregatedServer(ThreadingHTTPServer):
    """One thread a connection; the API server keeps a few open."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], apis: MetricsApis, certificates: Path) -> None:
        """Raises OSError (ssl.SSLError is one) when a certificate cannot be read or the address is taken."""
        self.apis = apis
        self._context = _context(certificates)
        super().__init__(address, AggregatedHandler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accepts a connection; the handshake is left to its thread, for a silent client would hold up all others."""
        connection, address = super().get_request()
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A handshake that fails and a connection that breaks are the other side's business; a defect is ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def serve_in_background(self) -> threading.Thread:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="https", daemon=True)
        thread.start()
        return thread


class AggregatedHandler(BaseHTTPRequestHandler):
    """Believes the front proxy, and lets MetricsApis answer."""

    server: AggregatedServer
    connection: ssl.SSLSocket
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120

    def setup(self) -> None:
        super().setup()
        self.connection.do_handshake()

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: the autoscaler asks all the time."""

    def _handle(self) -> None:
        # Nothing that is sent matters, but the next request begins behind it.
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _LONGEST_BODY:
            self.close_connection = True
        else:
            self.rfile.read(int(length))
        if common_name(self.connection.getpeercert() or {}) != FRONT_PROXY or not self.headers.get(_USER_HEADER):
            answer = refuse(401, "Unauthorized", f"only the API server may ask, as {FRONT_PROXY}, and for a user")
        else:
            answer = self.server.apis.answer(self.command, self.path)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()


def common_name(certificate: Any) -> str:
    """The common name of a certificate as Python's ssl tells it; empty when it has none."""
    pairs = [pair for group in certificate.get("subject", ()) for pair in group]
    return str(dict(pairs).get("commonName", ""))


def _context(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificates / SERVING_CERTIFICATE, certificates / SERVING_KEY)
    context.load_verify_locations(certificates / FRONT_PROXY_CA)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
