# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One analysis run: created or found, followed to its end, and ended when its time is over. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable

from .._errors import DeliveryError
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.kinds import ANALYSIS_RUN
from .._kube.watch import Picture, Selection
from .._types import Obj
from .building import TASK
from .difference import differences
from .lines import heartbeat, news
from .state import over

_HEARTBEAT = 30.0
# How long a controller may take to end a run that it was told to end.
ENDING_SECONDS = 10.0
_ASK_AGAIN = 1.0


class Following:
    """The run of a task.

    Use as a context manager; entering finds the run of that name or creates it.
    """

    def __init__(self, kube: Kube, wanted: Obj) -> None:
        """Say which run; nothing is asked yet.

        Args:
            kube: an open connection; in check mode one whose writes are dry runs.
            wanted: the manifest, from `building.manifest`.
        """
        self._kube = kube
        self._wanted = wanted
        self.name = str(wanted["metadata"]["name"])
        self._namespace = str(wanted["metadata"]["namespace"])
        # One name by field selector: that is all a role with resourceNames allows.
        self._fields = f"metadata.name={self.name}"
        self._picture = Picture(kube, [Selection(ANALYSIS_RUN, self._namespace, fields=self._fields)])
        self.created = False
        self.item: Obj = {}

    def __enter__(self) -> Following:
        # Before anything is created: a role that may not read would leave a run that nobody follows.
        self._picture.__enter__()
        try:
            found = self._picture.objects(ANALYSIS_RUN)
            self.item = found[0] if found else self._create()
            # A run that is created and deleted between two looks would never have been there.
            self._picture.add(ANALYSIS_RUN, self.item)
            if not self.created:
                self._check()
        except BaseException:
            self._picture.__exit__()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        self._picture.__exit__(*failure)

    @property
    def where(self) -> str:
        """The place, for messages."""
        return f"{self._kube.cluster}, namespace {self._namespace}"

    def until_over(self, timeout: float, say: Callable[[str], None]) -> bool:
        """Follow the run to its end, at most `timeout` seconds; return whether it ended.

        Raises:
            DeliveryError: the run was deleted meanwhile, or can be watched no more.
        """
        if over(self.item):
            # An old run: its measurements are no news.
            return True
        started = spoke = time.monotonic()
        told: dict[str, int] = {}
        last_look = False
        while True:
            self._look()
            lines, told = news(told, self.item)
            for line in lines:
                say(f"{self.name}: {line}")
                spoke = time.monotonic()
            left = started + timeout - time.monotonic()
            if over(self.item) or last_look:
                return over(self.item)
            if left <= 0:
                last_look = True
                self._picture.refresh()
                continue
            if spoke + _HEARTBEAT <= time.monotonic():
                say(f"{self.name}: {heartbeat(self.item)} ({time.monotonic() - started:.0f} s)")
                spoke = time.monotonic()
            self._picture.wait(min(left, spoke + _HEARTBEAT - time.monotonic()))

    def end(self, patience: float = ENDING_SECONDS) -> str:
        """Ask the controller to end the run, and wait until it has; return what came of it, as a sentence."""
        try:
            self._kube.patch(ANALYSIS_RUN, self._namespace, self.name, {"spec": {"terminate": True}})
            deadline = time.monotonic() + patience
            while not over(self.item) and time.monotonic() < deadline:
                if not self._picture.wait(min(deadline - time.monotonic(), _ASK_AGAIN)):
                    # That there is no watch any more may be why the run is ended.
                    self._picture.refresh()
                self._look()
        except DeliveryError as error:
            return f"it could not be terminated: {error.msg}"
        return "it was terminated" if over(self.item) else "its termination was asked for, and has not happened yet"

    def _look(self) -> None:
        found = self._picture.objects(ANALYSIS_RUN)
        if found and _uid(found[0]) == _uid(self.item):
            self.item = found[0]
        else:
            raise DeliveryError(
                f"analysis run {self.name} was deleted before it ended",
                reason="Deleted",
                hint="find out who deletes it, or give it a longer ttl",
                where=self.where,
            )

    def _create(self) -> Obj:
        try:
            item = self._kube.create(ANALYSIS_RUN, self._wanted)
        except ApiFailure as failure:
            if failure.reason != "AlreadyExists":
                raise
            # Either our own, whose answer was lost and which was then sent again, or another task was quicker.
            found = self._kube.list(ANALYSIS_RUN, self._namespace, fields=self._fields).items
            if not found:
                raise
            self.created = _task(found[0]) == _task(self._wanted)
            return found[0]
        self.created = True
        return item

    def _check(self) -> None:
        different = differences(self._wanted, self.item)
        if different:
            raise DeliveryError(
                f"there is an analysis run {self.name} that is another one: it differs in {', '.join(different)}",
                reason="AnalysisRunExists",
                hint="choose another name, or delete that run",
                where=self.where,
            )


def _uid(item: Obj) -> str:
    return str(item["metadata"].get("uid") or "")


def _task(item: Obj) -> str:
    return str((item["metadata"].get("annotations") or {}).get(TASK) or "")
