# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Just enough of a client for HTTP on 127.0.0.1: health questions, and the few requests that fill a new cluster."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path

from sandbox.launcher.ports import HOST
from tools.errors import ToolError

APPLY = "application/apply-patch+yaml"
FIELD_MANAGER = "tradesense-sandbox"


@dataclass(frozen=True)
class Check:
    """A question that a part answers with 200 when it works.

    ``pki`` is the folder with the cluster's certificates for the API server; without it an ``https`` answer is taken
    from any certificate (the part makes one for itself at every start).
    """

    port: int
    path: str
    https: bool = False
    pki: Path | None = None

    def answers(self, timeout: float = 2.0) -> bool:
        """Ask once; ``timeout`` in seconds."""
        try:
            connection = _connect(self.port, self.https, self.pki, timeout)
            try:
                connection.request("GET", self.path)
                return connection.getresponse().status == 200
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return False


def _connect(port: int, https: bool, pki: Path | None, timeout: float) -> http.client.HTTPConnection:
    if not https:
        return http.client.HTTPConnection(HOST, port, timeout=timeout)
    if pki is None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
    return http.client.HTTPSConnection(HOST, port, timeout=timeout, context=context)


class ClusterApi:
    """The API server of one sandbox, as its administrator."""

    def __init__(self, port: int, pki: Path) -> None:
        self._port = port
        self._pki = pki

    def request(self, method: str, path: str, body: bytes = b"", content_type: str = "") -> tuple[int, object]:
        """Send one request; return the status code and the decoded JSON answer.

        Raises ToolError when the API server cannot be reached.
        """
        try:
            connection = _connect(self._port, True, self._pki, 30.0)
            try:
                connection.request(method, path, body, {"Content-Type": content_type} if content_type else {})
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
            finally:
                connection.close()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ToolError(f"the API server did not answer {method} {path}: {error}") from error

    def get(self, path: str) -> object | None:
        """Return the object or list at ``path``; None when there is none. Raises ToolError on any other refusal."""
        status, answer = self.request("GET", path)
        return None if status == 404 else self._expect(status, answer, "GET", path)

    def apply(self, path: str, manifest: bytes) -> object:
        """Apply a manifest (YAML or JSON) server-side. Raises ToolError when it is refused."""
        full = f"{path}?fieldManager={FIELD_MANAGER}&force=true"
        status, answer = self.request("PATCH", full, manifest, APPLY)
        return self._expect(status, answer, "PATCH", path)

    def delete(self, path: str) -> None:
        """Delete the object at ``path``; it may be gone already. Raises ToolError on any other refusal."""
        status, answer = self.request("DELETE", path)
        if status != 404:
            self._expect(status, answer, "DELETE", path)

    @staticmethod
    def _expect(status: int, answer: object, method: str, path: str) -> object:
        if status >= 300:
            text = answer.get("message", "") if isinstance(answer, dict) else ""
            raise ToolError(f"the API server refused {method} {path} with {status}: {text}")
        return answer
