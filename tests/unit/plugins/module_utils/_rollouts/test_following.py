# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Following workloads for a time: lines, or a picture."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, cast

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts import following
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.estate import Estate
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.model import View
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.view import Objects

from tests.unit.plugins.builders import NAME, NEW, container, pod
from tests.unit.plugins.scenes import canary, view


class Told:
    """Stands in for an Estate: each wait shows the next of these views; a number is a time in which nothing happens."""

    def __init__(self, *looks: dict[str, View] | DeliveryError) -> None:
        self._looks = deque(looks)
        self.waits: list[float] = []

    def views(self) -> dict[str, View]:
        return cast("dict[str, View]", self._looks[0])

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        if len(self._looks) == 1:
            time.sleep(min(seconds, 0.05))
            return False
        self._looks.popleft()
        if isinstance(self._looks[0], DeliveryError):
            raise self._looks[0]
        return True


def looks(*objects: Objects | None) -> Any:
    """Return an estate in which the workload is so, one after the other; None: it is gone."""
    return Told(*({NAME: view(item)} if item else {} for item in objects))


def lines(estate: Any, seconds: float = 0.2) -> list[str]:
    told: list[str] = []
    following.follow_lines(cast("Estate", estate), seconds, lambda name, line: told.append(f"{name}: {line}"))
    return told


def crashing(reason: str) -> Objects:
    objects = canary(step=1)
    states = [container("app", {"waiting": {"reason": reason, "message": "bad"}})]
    objects.pods = [pod("x", given={"status": {"conditions": [], "containerStatuses": states}})]
    return objects


def test_what_is_shown_already_is_no_news() -> None:
    assert lines(looks(crashing("CrashLoopBackOff"))) == []


def test_each_transition_is_a_line() -> None:
    assert lines(looks(canary(step=1), canary(step=2), canary(step=2))) == [
        f"{NAME}: step 3/7 set weight 30, weight 10 %, 1 of 10 pods new"
    ]


def test_a_deletion_is_told_once_and_a_return_too() -> None:
    told = lines(looks(canary(at_rest=True), None, None, canary(at_rest=True)))
    assert told == [f"{NAME}: it was deleted", f"{NAME}: Healthy with revision 7 (v2.7.0)"]


def test_a_pod_in_trouble_is_told_once_for_each_trouble() -> None:
    """A pod that crashes goes back and forth between its states."""
    backoff, error = crashing("CrashLoopBackOff"), crashing("RunContainerError")
    assert lines(looks(canary(step=1), backoff, error, backoff, error)) == [
        f"{NAME}: pod {NAME}-{NEW}-x is CrashLoopBackOff: bad",
        f"{NAME}: pod {NAME}-{NEW}-x is RunContainerError: bad",
    ]


def test_what_is_in_flight_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_HEARTBEAT", 0.06)
    told = lines(looks(canary(step=1)), 0.3)
    assert 2 <= len(told) <= 5
    assert set(told) == {
        f"{NAME}: Paused (CanaryPauseStep), step 2/7 pause until promoted, weight 10 %, 1 of 10 pods new, "
        "11 of 10 pods available"
    }
    assert lines(looks(canary(at_rest=True)), 0.3) == []


def test_it_ends_in_time() -> None:
    started = time.monotonic()
    estate = looks(canary(step=1))
    lines(estate, 0.3)
    assert 0.3 <= time.monotonic() - started < 1
    assert max(estate.waits) <= 0.3


def test_a_watch_that_is_refused_ends_it() -> None:
    refused = DeliveryError("watch of pods is forbidden", reason="Forbidden")
    with pytest.raises(DeliveryError, match="forbidden"):
        lines(Told({NAME: view(canary(step=1))}, refused))
    with pytest.raises(DeliveryError, match="forbidden"):
        picture(Told({NAME: view(canary(step=1))}, refused))


def picture(estate: Any, seconds: float = 0.5) -> list[str]:
    drawn: list[str] = []
    following.follow_picture(cast("Estate", estate), seconds, lambda views: drawn.append(views[NAME].phase.message))
    return drawn


def test_many_changes_at_once_are_one_picture() -> None:
    drawn = picture(looks(*(canary(step=1, status={"message": str(number)}) for number in range(9))), 0.35)
    assert drawn[0] == "8"
    assert len(drawn) <= 3


def test_a_picture_is_drawn_anew_although_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has ages and countdowns in it."""
    monkeypatch.setattr(following, "_LONGEST", 0.1)
    monkeypatch.setattr(following, "_SHORTEST", 0.05)
    assert len(picture(looks(canary(step=1)), 0.5)) >= 3
