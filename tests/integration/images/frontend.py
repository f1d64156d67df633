# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The frontend image without a container: its entrypoint in busybox, its nginx as nobody, in folders that are read-only."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.debian import NGINX, ensure_packages
from tools.paths import ROOT

FRONTEND = ROOT / "images" / "frontend"
NOBODY = 65534
CONFIGURED = {
    "API_BASE_URL": "https://api.tradesense.com/v1",
    "SENTRY_DSN": "https://0123456789abcdef@sentry.tradesense.com/42",
    "CONNECT_SOURCES": "wss://stream.tradesense.com",
}
PAGE = "<!doctype html><title>TradeSense</title>" + "<p>orders</p>" * 200
FILES = {
    "index.html": PAGE,
    "assets/index-Ab12_Cd9.js": "console.log('vite');" * 100,
    "static/js/main.0a1b2c3d.js": "console.log('webpack');" * 100,
    "assets/logo.svg": "<svg/>",
    "robots.txt": "User-agent: *\n",
    ".env": "never served",
    ".well-known/security.txt": "Contact: mailto:security@tradesense.com\n",
}


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Frontend:
    """The image's files, laid out below ``root`` as in the image; ``run`` stands for its /tmp/nginx."""

    root: Path
    port: int

    @property
    def run(self) -> Path:
        return self.root / "tmp" / "nginx"

    @property
    def log(self) -> Path:
        return self.root / "tmp" / "stdout"

    def command(self) -> list[str]:
        """The image's CMD, with the paths of this layout."""
        found = re.search(r"^CMD (\[.*\])$", (FRONTEND / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
        assert found
        places = {"/usr/share/nginx": self.root / "share", "/etc/nginx/nginx.conf": self.root / "etc" / "nginx.conf"}
        words = [str(places.get(word, word)) for word in json.loads(found[1])]
        return [str(ensure_packages(NGINX).program(words[0])), *words[1:]]

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        """Start the entrypoint with a command, as nobody when we are root, with nothing but ``variables`` set."""
        busybox = ensure_packages(("busybox",))
        tools = self.root / "bin"
        if not tools.exists():
            tools.mkdir()
            subprocess.run(
                [busybox.program("busybox"), "--install", "-s", tools], check=True, env=busybox.environment()
            )
        env = {"PATH": str(tools), **busybox.environment(), **ensure_packages(NGINX).environment(), **variables}
        is_root = os.geteuid() == 0
        argv = [str(tools / "sh"), str(self.root / "entrypoint"), *command]
        with self.log.open("w") as log:
            return subprocess.Popen(
                argv,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
                user=NOBODY if is_root else None,
                group=NOBODY if is_root else None,
                extra_groups=[] if is_root else None,
            )

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """One request to the server."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def wait(self, process: subprocess.Popen[str]) -> None:
        """Wait until it answers; fail with what it said when it ends instead."""
        for _ in range(100):
            try:
                self.ask("/health")
            except OSError:
                assert process.poll() is None, process.communicate()[1]
                time.sleep(0.05)
            else:
                return
        raise AssertionError("nginx does not answer")


def lay_out(root: Path) -> Frontend:
    """Copy the image's files below ``root`` (with its port and /tmp/nginx moved), and take every right to write away."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        frontend = Frontend(root, free.getsockname()[1])
    etc = root / "etc"
    etc.mkdir()
    shutil.copy(ensure_packages(NGINX).root / "etc/nginx/mime.types", etc)
    moved = {"/tmp/nginx": str(frontend.run), "listen 8000;": f"listen 127.0.0.1:{frontend.port};"}
    for source, target in (("nginx.conf", etc / "nginx.conf"), ("entrypoint.sh", root / "entrypoint")):
        text = (FRONTEND / source).read_text(encoding="utf-8")
        for old, new in moved.items():
            text = text.replace(old, new)
        target.write_text(text, encoding="utf-8")
    shutil.copy(FRONTEND / "nginx-security.conf", etc)
    for name, text in FILES.items():
        file = root / "share" / "html" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for path in (root / "etc", root / "share"):
        for entry in (path, *path.rglob("*")):
            entry.chmod(0o555 if entry.is_dir() else 0o444)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o777)
    frontend.log.touch()
    frontend.log.chmod(0o666)
    root.chmod(0o755)
    return frontend


def remove(root: Path) -> None:
    """Remove a layout, read-only folders and all."""
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir() and not path.is_symlink())):
        folder.chmod(0o755)
    shutil.rmtree(root)
