# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A live picture of some kinds of objects: list once, then follow. Private: other collections must not import it.

One thread per selection reads; the caller's thread waits, because Ansible's `timeout` keyword interrupts only that one.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .._errors import DeliveryError
from .._types import Obj
from . import _libs
from .client import Kube, Listing
from .failures import ApiFailure
from .kinds import Kind
from .retrying import pause_after

# A watch is renewed after this long, so that a connection that died in silence is noticed.
_RENEW_SECONDS = 60
_LISTS_AT_ONCE = 2
# A watch that ended sooner than this, with nothing told, has failed, whatever it ended with.
_SHORT_SECONDS = 1.0
# A server that asks to be left alone for longer is asked all the same: somebody waits.
_LONGEST_PAUSE = 15.0
_GONE, _BUSY = 410, 429


@dataclass(frozen=True)
class Selection:
    """What to follow: a kind in a namespace, optionally narrowed by a label and a field selector.

    What is not ``live`` is listed at the beginning and, by `Picture.settle`, at the end; no watch is opened for it.
    """

    kind: Kind
    namespace: str
    labels: str | None = None
    fields: str | None = None
    live: bool = True


@dataclass(frozen=True)
class _Report:
    selection: Selection
    # "list" replaces everything known, otherwise the event's type.
    what: str
    objects: list[Obj]
    error: DeliveryError | None = None


class Picture:
    """The objects of several selections, kept up to date by watches.

    Use as a context manager: entering lists every selection once. The watches are opened when somebody follows or waits,
    so whoever only looks once opens none.
    """

    def __init__(self, kube: Kube, selections: list[Selection], known: dict[Selection, Listing] | None = None) -> None:
        """Say what the picture shows; `known` are selections that were listed already."""
        self._kube = kube
        self._selections = selections
        self._known = known or {}
        self._objects: dict[Selection, dict[str, Obj]] = {selection: {} for selection in selections}
        self._reports: queue.Queue[_Report] = queue.Queue()
        self._stop = threading.Event()
        self._responses: dict[Selection, Any] = {}
        # Where each watch goes on from, also after its connection was cut; empty: list anew.
        self._versions: dict[Selection, str] = {}
        self._following = False

    def __enter__(self) -> Picture:
        missing = [selection for selection in self._selections if selection not in self._known]
        # Few connections, used again: opening one costs as much as several answers.
        with ThreadPoolExecutor(max(min(len(missing), _LISTS_AT_ONCE), 1)) as pool:
            listings = dict(zip(missing, pool.map(self._list, missing)))
        for selection, listing in {**self._known, **listings}.items():
            self._versions[selection] = listing.version
            self._take(_Report(selection, "list", listing.items))
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for response in list(self._responses.values()):
            _hang_up(response)

    def follow(self) -> None:
        """Open the watches, each from where its list ended; does nothing the second time."""
        if not self._following:
            self._following = True
            for selection in [selection for selection in self._selections if selection.live]:
                threading.Thread(target=self._follow, args=(selection,), daemon=True).start()

    def objects(self, kind: Kind) -> list[Obj]:
        """Return the objects of a kind as last seen."""
        found = {
            (selection.namespace, item["metadata"]["name"]): item
            for selection, items in self._objects.items()
            if selection.kind == kind
            for item in items.values()
        }
        return list(found.values())

    def learn(self, kind: Kind, item: Obj) -> None:
        """Take the server's answer to a write for seen: the watch, which will tell the same, may come later."""
        for selection, known in self._objects.items():
            name = str(item["metadata"]["name"])
            if selection.kind == kind and name in known and not older(item, known[name]):
                known[name] = {**known[name], **item}

    def add(self, kind: Kind, item: Obj) -> None:
        """Take an object for seen that every selection of its kind shows: the watch tells when it goes."""
        for selection, known in self._objects.items():
            if selection.kind == kind:
                known.setdefault(str(item["metadata"]["name"]), item)

    def wait(self, seconds: float) -> bool:
        """Wait until something changed, at most `seconds`; return whether it did.

        Raises:
            DeliveryError: a watch failed for good, e.g. for lack of permission.
        """
        self.follow()
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

    def refresh(self) -> str:
        """List everything anew; return why something could not be listed and stayed as it was, empty when all could."""
        return self._list_anew(self._selections)

    def settle(self) -> None:
        """List what is not live anew; what cannot be listed stays as it was."""
        still = [selection for selection in self._selections if not selection.live]
        if still:
            self._list_anew(still)

    def _list_anew(self, selections: list[Selection]) -> str:
        def listed(selection: Selection) -> _Report:
            try:
                return _Report(selection, "list", self._list(selection).items)
            except DeliveryError as error:
                return _Report(selection, "error", [], error)

        with ThreadPoolExecutor(max(len(selections), 1)) as pool:
            reports = list(pool.map(listed, selections))
        for report in reports:
            if not report.error:
                self._take(report)
        return next((report.error.msg for report in reports if report.error), "")

    def _list(self, selection: Selection) -> Listing:
        return self._kube.list(selection.kind, selection.namespace, labels=selection.labels, fields=selection.fields)

    def _take(self, report: _Report) -> None:
        if report.error:
            raise report.error
        known = self._objects[report.selection]
        if report.what == "list":
            seen = dict(known)
            known.clear()
        else:
            seen = known
        for item in report.objects:
            name = str(item["metadata"]["name"])
            before = seen.get(name)
            if before is not None and older(item, before):
                # An answer to a write, or a list, was newer than what comes now.
                known[name] = before
            elif report.what != "DELETED":
                known[name] = item
            elif before is not None and _same(item, before):
                del known[name]

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
        while not self._stop.is_set():
            began, version, asked = time.monotonic(), self._versions[selection], 0.0
            try:
                if not version:
                    listing = self._list(selection)
                    self._versions[selection] = listing.version
                    self._reports.put(_Report(selection, "list", listing.items))
                self._stream(selection)
            except ApiFailure as failure:
                if failure.code == _GONE:
                    self._versions[selection] = ""
                elif failure.code and failure.code < 500 and failure.code != _BUSY:
                    raise
                asked = min(failure.retry_after or 0.0, _LONGEST_PAUSE)
            except (_libs.urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError):
                # Cut in the middle of a line, or hung up by us: go on from the last version seen.
                pass
            told = self._versions[selection] not in ("", version)
            if told or time.monotonic() - began > _SHORT_SECONDS:
                failures = 0
            else:
                # A restarting API server is back within seconds; the caller's own timeout ends a longer wait.
                failures += 1
                self._stop.wait(max(pause_after(failures), asked))

    def _stream(self, selection: Selection) -> None:
        version = self._versions[selection]
        response = self._kube.open_watch(
            selection.kind,
            selection.namespace,
            version,
            labels=selection.labels,
            fields=selection.fields,
            seconds=_RENEW_SECONDS,
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
                    item = {"apiVersion": selection.kind.api_version, "kind": selection.kind.name, **item}
                    self._reports.put(_Report(selection, str(event["type"]), [item]))
                if self._stop.is_set():
                    break
        finally:
            self._responses.pop(selection, None)
            response.release_conn()
            response.close()


def older(item: Obj, known: Obj) -> bool:
    """Return whether an object was written before another one of the same name, as their resourceVersions say.

    The same name with another uid is another object: whichever was seen later counts.
    """
    one, other = item["metadata"], known["metadata"]
    if one.get("uid") != other.get("uid"):
        return False
    try:
        return int(one.get("resourceVersion") or 0) < int(other.get("resourceVersion") or 0)
    except ValueError:
        return False


def _same(item: Obj, known: Obj) -> bool:
    return bool(item["metadata"].get("uid") == known["metadata"].get("uid"))


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
