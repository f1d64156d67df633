# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Lists and watches one kind of object for ever, whatever happens to the connection."""

from __future__ import annotations

import contextlib
import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, cast

import urllib3

from sandbox.simulator.log import say
from sandbox.simulator.records import Json, rows, table, text

Record = TypeVar("Record")

# The server ends a watch after this long; bookmarks come about once a minute, so silence for longer than the
# read timeout means a dead connection.
_WATCH_SECONDS = 300
_READ_TIMEOUT = 150.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0


class Lister(Protocol):
    """Requests the objects of one kind; ``query`` goes into the URL, ``read_timeout`` is in seconds.

    Raises Expired, Refused, OSError or urllib3's HTTPError.
    """

    def __call__(self, query: Mapping[str, str], read_timeout: float) -> urllib3.BaseHTTPResponse: ...


class Expired(Exception):
    """The resource version is too old to watch from: list again."""


class Refused(Exception):
    """The API server answered, but not with success; ``status`` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status


@dataclass(frozen=True)
class Kind(Generic[Record]):
    """How one kind of object is read and remembered."""

    read: Callable[[Mapping[str, Json]], Record]
    replace: Callable[[Iterable[Record]], None]
    put: Callable[[Record], None]
    drop: Callable[[Record], None]

    def take_list(self, items: Iterable[Json]) -> None:
        """Remembers exactly these objects."""
        self.replace([self.read(table(item)) for item in items])

    def take_event(self, kind: str, item: Mapping[str, Json]) -> None:
        """Remembers, or forgets, the object of one watch event."""
        if kind in ("ADDED", "MODIFIED"):
            self.put(self.read(item))
        elif kind == "DELETED":
            self.drop(self.read(item))


class Sink(Protocol):
    """What a watcher needs of a Kind, whatever its records are."""

    def take_list(self, items: Iterable[Json]) -> None: ...

    def take_event(self, kind: str, item: Mapping[str, Json]) -> None: ...


class Watcher:
    """Follows one kind of object for ever, telling its sink of every change."""

    def __init__(self, name: str, lister: Lister, sink: Sink) -> None:
        self.name = name
        self._lister = lister
        self._sink = sink
        self.synced = threading.Event()
        self._version = ""

    def run(self, stop: threading.Event) -> None:
        """Works until ``stop`` is set; trouble is told once, when it begins and when it ends."""
        pause = _SHORTEST_PAUSE
        troubled = False
        while not stop.is_set():
            try:
                if not self._version:
                    self._list()
                if troubled:
                    say(f"{self.name}: connected again")
                troubled, pause = False, _SHORTEST_PAUSE
                self.synced.set()
                self._watch(stop)
            except Expired:
                self._version = ""
            except (Refused, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                self.synced.clear()
                self._version = ""
                if not troubled:
                    say(f"{self.name}: lost the API server, trying again: {one_line(error)}")
                troubled = True
                stop.wait(pause * random.uniform(0.8, 1.2))
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _list(self) -> None:
        response = self._lister({}, 30.0)
        body = table(cast(Json, json.loads(response.data)))
        response.release_conn()
        self._sink.take_list(rows(body.get("items")))
        self._version = text(table(body.get("metadata")).get("resourceVersion"))

    def _watch(self, stop: threading.Event) -> None:
        query = {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        response = self._lister(query, _READ_TIMEOUT)
        try:
            for line in lines(response.stream(amt=None)):
                self._take(table(cast(Json, json.loads(line))))
                if stop.is_set():
                    return
        finally:
            response.close()

    def _take(self, event: Mapping[str, Json]) -> None:
        kind, item = text(event.get("type")), table(event.get("object"))
        if kind == "ERROR":
            if item.get("code") in (410, 504):
                raise Expired
            raise ValueError(f"watch error {item.get('code')}: {text(item.get('message'))}")
        self._version = text(table(item.get("metadata")).get("resourceVersion")) or self._version
        self._sink.take_event(kind, item)


def checked(response: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
    """The response, if it is a success. Raises Expired for 410 and Refused for any other failure."""
    if 200 <= response.status <= 299:
        return response
    detail = response.data.decode("utf-8", "replace")
    if response.status == 410:
        raise Expired
    with contextlib.suppress(ValueError):
        detail = text(table(cast(Json, json.loads(detail))).get("message")) or detail
    raise Refused(response.status, detail[:200])


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The complete, not empty lines of a stream that arrives in arbitrary pieces."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line


def one_line(error: BaseException) -> str:
    """An error's text without line breaks, at most 300 characters."""
    return " ".join(str(error).split())[:300] or type(error).__name__
