# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Follow objects while something happens, so that a state that lasted a moment is seen too."""

from __future__ import annotations

import json
import socket
import threading
import time
from types import TracebackType
from typing import Any

import requests

from tests.integration.support.cluster import Obj, Space


class Watch:
    """All states of one kind's objects in a namespace, oldest first, from entering to leaving."""

    def __init__(self, space: Space, kind: str) -> None:
        self._space = space
        self._kind = kind
        self._response: requests.Response | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.events: list[Obj] = []
        # With what happened to each: ADDED, MODIFIED or DELETED.
        self.changes: list[tuple[str, Obj]] = []
        # When each of them was heard of, seconds since the epoch.
        self.times: list[float] = []

    def __enter__(self) -> Watch:
        # Without a version the watch begins with what is there.
        self._response = self._space.cluster.stream(self._space.path(self._kind), timeoutSeconds=600)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until the watch has caught up with this moment, then stop."""
        if error is None:
            newest = self._space.cluster.request("GET", self._space.path(self._kind))
            wanted = _versions(newest["items"])
            # The watch may be further than the list by now: what counts is that it has come by.
            self._space.until(lambda: wanted <= _versions(list(self.events)), f"the watch of {self._kind}")
        if self._response is not None:
            # Closing would wait for the reading thread: that one is woken instead.
            connection: Any = self._response.raw._connection
            connection.sock.shutdown(socket.SHUT_RDWR)

    def states(self, name: str) -> list[Obj]:
        """Return every state of one object."""
        return [item for item in self.events if item["metadata"]["name"] == name]

    def _read(self) -> None:
        assert self._response is not None
        try:
            for line in self._response.iter_lines(chunk_size=None):
                event = json.loads(line)
                self.times.append(time.time())
                self.changes.append((event["type"], event["object"]))
                self.events.append(event["object"])
        except (requests.RequestException, OSError):
            # Woken by leaving.
            return


def _versions(items: list[Obj]) -> set[tuple[str, str]]:
    return {(item["metadata"]["name"], item["metadata"]["resourceVersion"]) for item in items}
