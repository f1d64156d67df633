# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A plain watch that stamps what it sees: the benchmark's own clock for what the API server shows."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import requests

from tests.integration.support.cluster import Obj, Space
from tools.errors import ToolError

Sign = Callable[[Obj], bool]


class Following:
    """All states of one kind's objects in a namespace, each with the moment in which it was seen (seconds since the epoch)."""

    def __init__(self, space: Space, kind: str) -> None:
        self._space = space
        self._kind = kind
        self._left = False
        self._response = self._open()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._changed = threading.Condition()
        self._seen: list[tuple[float, Obj]] = []

    def __enter__(self) -> Following:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left = True
        # Closing would wait for the reading thread: that one is woken instead.
        connection: Any = self._response.raw._connection
        if connection is not None and connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)

    def when(self, name: str, sign: Sign, *, since: float = 0.0, seconds: float = 30) -> float:
        """Wait until an object of that name shows a sign; return the moment in which it first did, `since` or later.

        Raises:
            ToolError: it does not.
        """
        deadline = time.monotonic() + seconds
        checked = 0
        with self._changed:
            while True:
                for moment, item in self._seen[checked:]:
                    if moment >= since and item["metadata"]["name"] == name and sign(item):
                        return moment
                checked = len(self._seen)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ToolError(f"{self._kind} {name} did not get where it should within {seconds:g} s")
                self._changed.wait(left)

    def newest(self, name: str) -> Obj:
        """Return an object as it was last seen.

        Raises:
            LookupError: it was never seen.
        """
        with self._changed:
            for _, item in reversed(self._seen):
                if item["metadata"]["name"] == name:
                    return item
        raise LookupError(f"{self._kind} {name} was not seen")

    def forget(self) -> None:
        """Forget what was seen, except each object's newest state: looking through it costs the longer the more there is."""
        with self._changed:
            newest = {item["metadata"]["name"]: (moment, item) for moment, item in self._seen}
            self._seen = sorted(newest.values(), key=lambda pair: pair[0])

    def _open(self) -> requests.Response:
        # Without a version the watch begins with what is there.
        return self._space.cluster.stream(self._space.path(self._kind))

    def _read(self) -> None:
        while not self._left:
            # It ends when nothing happens for a while, and when we leave.
            with contextlib.suppress(requests.RequestException, OSError, AttributeError):
                self._take(self._response)
            if not self._left:
                self._response = self._open()

    def _take(self, response: requests.Response) -> None:
        for line in response.iter_lines(chunk_size=None):
            moment = time.time()
            event = json.loads(line)
            with self._changed:
                self._seen.append((moment, event["object"]))
                self._changed.notify_all()
