# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The control API and the pods' metrics over HTTP, on the loopback interface."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from sandbox.simulator.commands import read_object
from sandbox.simulator.control import Answer, Control
from sandbox.simulator.records import Json

_LONGEST_BODY = 1 << 20
_POD_METRICS = re.compile(r"/pods/(?P<namespace>[^/]+)/(?P<name>[^/]+)/metrics")


class Server(ThreadingHTTPServer):
    """One thread a connection; Prometheus opens many at once when it starts."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], control: Control) -> None:
        self.control = control
        super().__init__(address, Handler)

    def serve_in_background(self) -> threading.Thread:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="http", daemon=True)
        thread.start()
        return thread


class Handler(BaseHTTPRequestHandler):
    """Finds the method of Control that a request asks for."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # One write for head and body.
    wbufsize = -1
    timeout = 120
    _allowed: ClassVar[dict[str, tuple[str, ...]]] = {
        "/healthz": ("GET",),
        "/metrics": ("GET",),
        "/counts": ("GET",),
        "/entrypoints": ("GET",),
        "/load": ("GET", "PUT"),
        "/behaviour": ("GET", "PUT", "DELETE"),
        "/reset": ("POST",),
    }

    def do_GET(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: there are hundreds a second."""

    def _handle(self) -> None:
        body = self._body()
        if body is None:
            return
        try:
            answer = self._answer(body)
        except ValueError as error:
            answer = Answer(400, {"error": " ".join(str(error).split())})
        self._send(answer)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _LONGEST_BODY:
            self.close_connection = True
            self._send(Answer(400, {"error": f"Content-Length must be a number up to {_LONGEST_BODY}"}))
            return None
        return self.rfile.read(int(length)) if length != "0" else b""

    def _answer(self, body: bytes) -> Answer:
        url = urlsplit(self.path)
        if self.command == "GET" and (pod := _POD_METRICS.fullmatch(url.path)):
            return self.server.control.metrics_of(unquote(pod["namespace"]), unquote(pod["name"]))
        allowed = self._allowed.get(url.path)
        if allowed is None:
            return Answer(404, {"error": f"there is nothing at {url.path}"})
        if self.command not in allowed:
            return Answer(405, {"error": f"{url.path} takes {', '.join(allowed)}, not {self.command}"})
        return self._ask(url.path, url.query, body)

    def _ask(self, path: str, query: str, body: bytes) -> Answer:
        control = self.server.control
        if path == "/healthz":
            synced = control.synced()
            return Answer(200 if synced else 503, {"synced": synced})
        if path == "/metrics":
            return control.router_metrics()
        ask: dict[tuple[str, str], Callable[[], Json]] = {
            ("GET", "/counts"): lambda: control.counts(**_filters(query)),
            ("GET", "/entrypoints"): control.entry_points,
            ("GET", "/load"): control.load,
            ("PUT", "/load"): lambda: control.put_load(read_object(body)),
            ("GET", "/behaviour"): control.behaviours,
            ("PUT", "/behaviour"): lambda: control.put_behaviour(read_object(body)),
            ("DELETE", "/behaviour"): lambda: control.drop_behaviour(read_object(body or b"{}")),
            ("POST", "/reset"): control.reset,
        }
        return Answer(200, ask[(self.command, path)]())

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()


def _filters(query: str) -> dict[str, str]:
    asked = parse_qs(query, keep_blank_values=True)
    unknown = sorted(set(asked) - {"namespace", "app"})
    if unknown:
        raise ValueError(f"unknown parameter {unknown[0]!r}; there are namespace, app")
    return {name: asked.get(name, [""])[-1] for name in ("namespace", "app")}
