# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A live picture of some kinds of objects: list once, then follow. Private: other collections must not import it.

One thread per selection reads; the caller's thread waits, because Ansible's `timeout` keyword interrupts only that one.
"""

from __future__ import annotations

import contextlib
import json
import queue
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .._errors import DeliveryError
from .._types import Obj
from . import _libs
from .client import Kube
from .failures import ApiFailure
from .kinds import Kind

# A watch is renewed after this long, so that a connection that died in silence is noticed.
_RENEW_SECONDS = 60
_GONE = 410


@dataclass(frozen=True)
class Selection:
    """What to follow: a kind in a namespace, optionally narrowed by a label selector."""

    kind: Kind
    namespace: str
    labels: str | None = None


@dataclass(frozen=True)
class _Report:
    selection: Selection
    # "list" replaces everything known, otherwise the event's type.
    what: str
    objects: list[Obj]
    error: DeliveryError | None = None


class Picture:
    """The objects of several selections, kept up to date by watches.

    Use as a context manager: entering waits until every selection was listed once.
    """

    def __init__(self, kube: Kube, selections: list[Selection]) -> None:
        self._kube = kube
        self._selections = selections
        self._objects: dict[Selection, dict[str, Obj]] = {selection: {} for selection in selections}
        self._reports: queue.Queue[_Report] = queue.Queue()
        self._stop = threading.Event()
        self._responses: dict[Selection, Any] = {}
        # Where each watch goes on from, also after its connection was cut; empty: list anew.
        self._versions: dict[Selection, str] = {}

    def __enter__(self) -> Picture:
        for selection in self._selections:
            threading.Thread(target=self._follow, args=(selection,), daemon=True).start()
        waiting = set(self._selections)
        try:
            while waiting:
                report = self._reports.get()
                self._take(report)
                waiting.discard(report.selection)
        except BaseException:
            # One list was refused, or the caller was interrupted: the other readers must not go on.
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for response in list(self._responses.values()):
            _hang_up(response)

    def objects(self, kind: Kind) -> list[Obj]:
        """Return the objects of a kind as last seen."""
        return [item for selection, items in self._objects.items() if selection.kind == kind for item in items.values()]

    def wait(self, seconds: float) -> bool:
        """Wait until something changed, at most `seconds`; return whether it did.

        Raises:
            DeliveryError: a watch failed for good, e.g. for lack of permission.
        """
        try:
            self._take(self._reports.get(timeout=max(seconds, 0.0)))
        except queue.Empty:
            return False
        # One change of a rollout arrives as several events: take what is there before anybody looks.
        while True:
            try:
                self._take(self._reports.get_nowait())
            except queue.Empty:
                return True

    def _take(self, report: _Report) -> None:
        if report.error:
            raise report.error
        known = self._objects[report.selection]
        if report.what == "list":
            known.clear()
        for item in report.objects:
            name = str(item["metadata"]["name"])
            if report.what == "DELETED":
                known.pop(name, None)
            else:
                known[name] = item

    def _follow(self, selection: Selection) -> None:
        try:
            self._follow_until_stopped(selection)
        except DeliveryError as error:
            self._reports.put(_Report(selection, "error", [], error))
        except Exception as error:  # a reader thread has nobody else to tell
            failure = DeliveryError(f"the watch of {selection.kind.plural} failed: {type(error).__name__}: {error}")
            self._reports.put(_Report(selection, "error", [], failure))

    def _follow_until_stopped(self, selection: Selection) -> None:
        failures = 0
        listed = False
        while not self._stop.is_set():
            try:
                if not self._versions.get(selection):
                    listing = self._kube.list(selection.kind, selection.namespace, labels=selection.labels)
                    self._versions[selection] = listing.version
                    listed = True
                    self._reports.put(_Report(selection, "list", listing.items))
                self._stream(selection)
                failures = 0
            except ApiFailure as failure:
                if failure.code == _GONE:
                    self._versions[selection] = ""
                elif not listed or (failure.code and failure.code < 500 and failure.code != 429):
                    raise
                else:
                    failures += 1
                    # A restarting API server is back within seconds; the caller's own timeout ends a longer wait.
                    self._stop.wait(min(0.2 * 2**failures, 5.0) * random.uniform(0.7, 1.3))
            except (_libs.urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
                # Cut in the middle of a line, or hung up by us: go on from the last version seen.
                self._stop.wait(0.1)

    def _stream(self, selection: Selection) -> None:
        version = self._versions[selection]
        response = self._kube.open_watch(
            selection.kind, selection.namespace, version, labels=selection.labels, seconds=_RENEW_SECONDS
        )
        self._responses[selection] = response
        try:
            # Whoever left before the response was noted could not hang it up.
            for event in () if self._stop.is_set() else _events(response):
                item = event["object"]
                if event["type"] == "ERROR":
                    if item.get("code") == _GONE:
                        self._versions[selection] = ""
                        return
                    raise _libs.urllib3.exceptions.ProtocolError(str(item.get("message")))
                self._versions[selection] = str(item["metadata"]["resourceVersion"])
                if event["type"] != "BOOKMARK":
                    self._reports.put(_Report(selection, str(event["type"]), [item]))
                if self._stop.is_set():
                    break
        finally:
            self._responses.pop(selection, None)
            response.release_conn()
            response.close()


def _events(response: Any) -> Iterator[Obj]:
    for line in _libs.iter_resp_lines(response):
        if line:
            yield json.loads(line)


def _hang_up(response: Any) -> None:
    # Closing would wait for the lock of the reading thread: shutting the socket down wakes that thread instead.
    connection = getattr(response, "connection", None) or getattr(response, "_connection", None)
    sock = getattr(connection, "sock", None)
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
