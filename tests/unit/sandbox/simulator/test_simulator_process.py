# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The program as a whole, against an API server made of a few lines."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.simulator.watching import lines

ROOT = Path(__file__).resolve().parents[4]
PLURALS = {
    "/api/v1/pods": "pods",
    "/api/v1/nodes": "nodes",
    "/api/v1/persistentvolumeclaims": "claims",
    "/api/v1/services": "services",
    "/apis/networking.k8s.io/v1/ingresses": "ingresses",
}


class ApiServer(ThreadingHTTPServer):
    """Lists objects, streams the events that a test sends, and records status patches."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ApiHandler)
        self.objects: dict[str, list[dict[str, object]]] = {name: [] for name in PLURALS.values()}
        self.watches: dict[str, queue.Queue[object]] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.patches: list[tuple[str, dict[str, object]]] = []

    def send(self, plural: str, kind: str, item: object) -> None:
        wait_for(lambda: plural in self.watches)
        self.watches[plural].put({"type": kind, "object": item})

    def end(self, plural: str) -> None:
        """Ends the watch of this kind as if the connection broke."""
        self.watches.pop(plural).put(None)


class ApiHandler(BaseHTTPRequestHandler):
    server: ApiServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        plural = PLURALS[url.path]
        version = asked.get("resourceVersion", [""])[0]
        if "watch" not in asked:
            self.server.asked.append(("list", plural, version))
            self._send(200, {"metadata": {"resourceVersion": "10"}, "items": self.server.objects[plural]})
            return
        self.server.asked.append(("watch", plural, version))
        events: queue.Queue[object] = queue.Queue()
        self.server.watches[plural] = events
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (event := events.get()) is not None:
            data = json.dumps(event).encode() + b"\n"
            # In two pieces: an event may arrive in any number of them.
            for piece in (data[:7], data[7:]):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Content-Type"] == "application/strategic-merge-patch+json"
        self.server.patches.append((urlsplit(self.path).path, body))
        self._send(200, {"kind": "Pod", "metadata": {}, "padding": "x" * 100_000})

    def _send(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Simulator:
    """The running program and its address."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address

    def get(self, path: str) -> object:
        with urllib.request.urlopen(self.address + path, timeout=5) as response:
            return json.load(response)

    def pods(self) -> dict[str, dict[str, object]]:
        rows = self.get("/counts")
        assert isinstance(rows, list)
        return {row["pod"]: row for row in rows}


def wait_for(condition: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def pod(name: str, tag: str = "v1", version: str = "11", ready: bool = True) -> dict[str, object]:
    return {
        "metadata": {
            "namespace": "ns",
            "name": name,
            "uid": name,
            "resourceVersion": version,
            "labels": {"app": "web"},
        },
        "spec": {"nodeName": "n", "containers": [{"name": "main", "image": f"web:{tag}"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "containerStatuses": [
                {
                    "name": "main",
                    "ready": ready,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                }
            ],
        },
    }


def service(name: str) -> dict[str, object]:
    metadata = {"namespace": "ns", "name": name, "resourceVersion": "12"}
    return {"metadata": metadata, "spec": {"selector": {"app": "web"}}}


@pytest.fixture
def api() -> Iterator[ApiServer]:
    server = ApiServer()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    for events in server.watches.values():
        events.put(None)
    server.shutdown()
    server.server_close()


@pytest.fixture
def simulator(api: ApiServer, tmp_path: Path) -> Iterator[Simulator]:
    kubeconfig = tmp_path / "kubeconfig"
    address = f"http://127.0.0.1:{api.server_address[1]}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    kubeconfig.write_text(json.dumps(config), encoding="utf-8")
    command = [sys.executable, "-m", "sandbox.simulator", "--kubeconfig", str(kubeconfig), "--port", "0", "--seed", "1"]
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    listening = re.search(r"listening on (http://\S+)", process.stdout.readline())
    assert listening
    found = Simulator(process, listening[1])
    wait_for(lambda: len(api.watches) == len(PLURALS))
    yield found
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_it_follows_the_cluster_and_ends_on_sigterm(api: ApiServer, simulator: Simulator) -> None:
    wait_for(lambda: simulator.get("/healthz") == {"synced": True})
    api.send("pods", "ADDED", pod("a"))
    api.send("services", "ADDED", service("web"))
    wait_for(lambda: int(str(simulator.pods().get("a", {}).get("requests", 0))) > 5)
    api.send("pods", "BOOKMARK", {"metadata": {"resourceVersion": "40"}})
    api.send("pods", "DELETED", pod("a"))
    wait_for(lambda: simulator.pods()["a"]["gone"])
    assert api.patches == []
    simulator.process.send_signal(signal.SIGTERM)
    assert simulator.process.wait(10) == 0
    assert simulator.process.stdout is not None
    assert re.fullmatch(r"\S+ simulator: stopped\n", simulator.process.stdout.read())


def test_a_watch_that_ends_goes_on_where_it_was(api: ApiServer, simulator: Simulator) -> None:
    api.send("pods", "ADDED", pod("a", version="33"))
    wait_for(lambda: "a" in simulator.pods())
    api.end("pods")
    wait_for(lambda: ("watch", "pods", "33") in api.asked)
    api.send("pods", "ADDED", pod("b"))
    wait_for(lambda: "b" in simulator.pods())
    assert [kind for kind, plural, _ in api.asked if plural == "pods"] == ["list", "watch", "watch"]


def test_a_version_that_is_too_old_means_a_new_list(api: ApiServer, simulator: Simulator) -> None:
    api.send("pods", "ADDED", pod("a"))
    wait_for(lambda: "a" in simulator.pods())
    api.objects["pods"] = [pod("b")]
    gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
    api.send("pods", "ERROR", gone)
    wait_for(lambda: "b" in simulator.pods())
    assert simulator.pods()["a"]["gone"]
    assert [kind for kind, plural, _ in api.asked if plural == "pods"][:3] == ["list", "watch", "list"]


def test_a_pod_that_must_not_be_ready_is_patched(api: ApiServer, simulator: Simulator) -> None:
    api.send("pods", "ADDED", pod("a", "v1-neverready"))
    wait_for(lambda: api.patches)
    path, patch = api.patches[0]
    assert path == "/api/v1/namespaces/ns/pods/a/status"
    assert patch["metadata"] == {"uid": "a"}
    # The answer is longer than what one read takes: the next patch must find a clean connection.
    api.send("pods", "ADDED", pod("b", "v1-imagepull"))
    wait_for(lambda: any(path.endswith("/b/status") for path, _ in api.patches))
    assert simulator.process.poll() is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--kubeconfig", "/nonexistent/kubeconfig", "--port", "0"],
        ["--port", "0"],
        ["--kubeconfig", "x", "--port", "0", "--tick", "0"],
        ["--kubeconfig", "x", "--port", "0", "--metrics-port", "0"],
    ],
    ids=["no such kubeconfig", "no kubeconfig given", "a tick of nothing", "metrics without certificates"],
)
def test_what_it_cannot_start_with_is_told_without_a_traceback(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "sandbox.simulator", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "kubeconfig" in done.stderr or "tick" in done.stderr


def test_stages_are_printed() -> None:
    command = [sys.executable, "-m", "sandbox.simulator", "stages"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.startswith("---\napiVersion: kwok.x-k8s.io/v1alpha1\n")


def test_lines_come_whole_from_any_pieces() -> None:
    assert list(lines([b'{"a"', b":1}\n{", b'"b":2}\n', b"\n", b'{"c":3}\n{"cut'])) == [
        b'{"a":1}',
        b'{"b":2}',
        b'{"c":3}',
    ]
