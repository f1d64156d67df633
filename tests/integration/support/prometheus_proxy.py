# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A proxy in front of the REAL Prometheus of the sandbox, for answers that its pods cannot bring about: NaN, and very late ones.

What nothing is scripted for goes through as it is.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.integration.support.servers import HOST

Series = dict[str, Any]


class PrometheusProxy:
    """The proxy. All of its fields may be set at any time.

    Attributes:
        change: takes every series of an answer and returns what is told instead; None: the series itself.
        delay: seconds for which answers are kept back.
        asked: queries that came.
    """

    def __init__(self, address: str) -> None:
        self.change: Callable[[Series], Series] | None = None
        self.delay = 0.0
        self.asked = 0
        self.stopped = threading.Event()
        this, session = self, requests.Session()
        session.trust_env = False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                this.asked += 1
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                kind = {"Content-Type": self.headers["Content-Type"]}
                answer = session.post(f"{address}{self.path}", data=sent, headers=kind, timeout=30)
                this.stopped.wait(this.delay)
                data = json.dumps(this.changed(answer.json())).encode()
                self.send_response(answer.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    # Who asked did not wait for a late answer.
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://{HOST}:{self._server.server_port}"

    def changed(self, answer: Any) -> Any:
        """Return an answer as it is told."""
        if self.change is not None and answer.get("status") == "success":
            answer["data"]["result"] = [self.change(one) for one in answer["data"]["result"]]
        return answer

    def start(self) -> None:
        """Serve."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """End, and close the port."""
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def prometheus_proxy(address: str) -> Iterator[PrometheusProxy]:
    """Run the proxy in front of a Prometheus."""
    proxy = PrometheusProxy(address)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def not_a_number(service: str) -> Callable[[Series], Series]:
    """Return a change by which all values of a service are NaN."""

    def change(one: Series) -> Series:
        if one["metric"].get("service") != service:
            return one
        return {**one, "values": [[at, "NaN"] for at, _value in one["values"]]}

    return change
