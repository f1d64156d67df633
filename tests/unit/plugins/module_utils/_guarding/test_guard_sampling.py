# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the guard asks of Prometheus, also of one that is ill."""

from __future__ import annotations

import json
import math
import re
import time
from typing import Any, cast

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.client import Prometheus, Window
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.failures import QueryFailure
from ansible_collections.tradesense.delivery.plugins.module_utils._analysis.model import (
    Answer,
    Ask,
    Kind,
    Point,
    Series,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.sampling import Sampler, Wanted
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.clock import Clock
from ansible_collections.tradesense.delivery.plugins.module_utils._windows.model import Revision

from tests.unit.plugins.fake_prometheus import Said, connected, fake_prometheus
from tests.unit.plugins.module_utils._guard.guard_builders import policy

SHORT = policy(window="2s", metrics={"response_time_p99": {"enabled": False}})
WANTED = Wanted("web", Revision("web", "new"), Revision("web", "old"), SHORT, Clock(1000.0, 2.0), range(3, 4))


def test_one_that_hangs_does_not_keep_the_guard() -> None:
    """It waits for a window's time in all, and a second at least for each metric; then there is no data."""
    assert len(SHORT.definitions) == 2
    with fake_prometheus() as fake, connected(fake.address, request_timeout=30.0) as prometheus:
        fake.say(Said(wait=60.0))
        sampler, began = Sampler([prometheus], "ns"), time.monotonic()
        [window] = sampler.windows([WANTED])["web"]
        assert 2.0 <= time.monotonic() - began < 2.0 + 1.0 + 2.0
    assert (window.index, window.canary, window.stable) == (3, {}, {})
    assert list(sampler.problems) == ["error_rate", "request_rate"]


def wanted(name: str, length: int, **settings: Any) -> Wanted:
    """Return the wish for the window of a service that ended last, in windows of so many seconds."""
    made = policy(window=f"{length}s", metrics={"response_time_p99": {"enabled": False}}, **settings)
    return Wanted(name, Revision(name, "new"), None, made, Clock(1200.0, float(length)), range(1))


def test_what_have_no_borders_or_no_labels_in_common_are_not_asked_for_together() -> None:
    """Else a border would lie between two points of the answer, or the series be looked for under another one's names."""
    wishes = [
        wanted("web", 30),
        wanted("api", 30),
        wanted("chat", 20),
        wanted("shop", 30, labels={"service": "app"}),
    ]
    with fake_prometheus() as fake, connected(fake.address) as prometheus:
        fake.say(Said({"status": "success", "data": {"resultType": "matrix", "result": []}}))
        Sampler([prometheus], "ns").windows(wishes)
    asked = {
        (name, float(one.form["end"]), float(one.form["step"]))
        for one in fake.asked
        for name in ('service=~"api|web"', 'service=~"chat"', 'app=~"shop"')
        if name in one.form["query"]
    }
    assert asked == {
        ('service=~"api|web"', 1230.0, 15.0),
        ('service=~"chat"', 1220.0, 10.0),
        ('app=~"shop"', 1230.0, 15.0),
    }
    assert len(fake.asked) == 3 * len(wishes[0].policy.definitions)


class Pods:
    """A FAKE Prometheus that knows some pods: their counters rise, begin anew, are gone for a while, and appear late."""

    def __init__(self) -> None:
        self.asked: list[Window] = []
        self.ill = False

    def query_range(self, text: str, window: Window, *, within: float) -> Answer:
        """Return what a query for all of them gives, by step; buckets only those that are asked for."""
        self.asked.append(window)
        if self.ill:
            raise QueryFailure(Ask("http://prometheus", text), "it is ill", reason="Unreachable", hint="")
        steps = [
            window.start + number * window.step
            for number in range(round((window.end - window.start) / window.step) + 1)
        ]
        pods = [(revision, pod) for revision in ("new", "old") for pod in ("a", "b", "c")]
        return Answer(
            Kind.MATRIX, series=tuple(one for revision, pod in pods for one in self._of(text, revision, pod, steps))
        )

    def _of(self, text: str, revision: str, pod: str, steps: list[float]) -> list[Series]:
        labels = {"service": "web", "rollouts_pod_template_hash": revision, "pod": f"{revision}-{pod}"}
        there = [moment for moment in steps if self._there(pod, moment)]
        scraped = {moment: moment - moment % 15 for moment in there}
        values = {moment: self._value(pod, revision, scraped[moment]) for moment in there}
        found = [({"part": "time"}, scraped)]
        if "_bucket" in text:
            shares = {"0.5": 0.8, "2.5": 0.9, "5": 0.97, "10": 0.99, "+Inf": 1.0}
            only = re.search(r'le=~("[^"]*")', text)
            asked = [le for le in shares if not only or re.fullmatch(json.loads(only[1]), le)]
            found += [({"le": le}, {at: _part(value, shares[le]) for at, value in values.items()}) for le in asked]
        else:
            found += [
                ({"part": "all"}, values),
                ({"part": "failed"}, {at: _part(value, 0.1) for at, value in values.items()}),
            ]
        return [
            Series({**labels, **more}, tuple(Point(at, value) for at, value in points.items()))
            for more, points in found
        ]

    def _there(self, pod: str, moment: float) -> bool:
        return not (pod == "b" and 1260 < moment <= 1300) and not (pod == "c" and moment < 1290)

    def _value(self, pod: str, revision: str, moment: float) -> float:
        since = 1275 if pod == "a" and moment >= 1275 else 900
        return (moment - since) * (7 if revision == "new" else 20) + (math.nan if pod == "b" and moment == 1350 else 0)


def _part(value: float, share: float) -> float:
    return value if math.isnan(value) else float(int(value * share))


def test_what_is_known_is_not_asked_for_again_and_counts_the_same() -> None:
    """The first time all buckets come, and from then on what is new of those that are needed."""
    made = policy(window="30s")
    fake = Pods()
    going_on = Sampler([cast(Prometheus, fake)], "ns")

    def look(sampler: Sampler, windows: range) -> Any:
        old, new = Revision("web", "old"), Revision("web", "new")
        return sampler.windows([Wanted("web", new, old, made, Clock(1200.0), windows)])["web"]

    lengths = []
    for number in (0, 1, 2, 3, 4, 4, 7):
        fake.asked.clear()
        # A guard that was away for a while takes in several windows at once.
        windows = range(5, 8) if number == 7 else range(number, number + 1)
        found = look(going_on, windows)
        lengths.append(sum(round((one.end - one.start) / one.step) + 1 for one in fake.asked))
        assert found == look(Sampler([cast(Prometheus, fake)], "ns"), windows)
    assert any(counts.failed for window in found for counts in window.canary.values())
    # Seven points of each of three metrics, and two of each when it goes on. All of them for a window that was there before, and
    # then two for each window and metric again.
    assert lengths == [21, 6, 6, 6, 6, 21, 18]


@pytest.mark.parametrize("change", ["ill", "another revision"])
def test_what_does_not_go_on_is_asked_for_anew(change: str) -> None:
    made, fake = policy(window="30s"), Pods()
    sampler = Sampler([cast(Prometheus, fake)], "ns")

    def look(number: int, old: str = "old") -> Any:
        windows = range(number, number + 1)
        wish = Wanted("web", Revision("web", "new"), Revision("web", old), made, Clock(1200.0), windows)
        return sampler.windows([wish])["web"]

    for number in range(3):
        look(number)
    if change == "ill":
        fake.ill = True
        assert look(3)[0].canary == {}
        fake.ill = False
    fake.asked.clear()
    found = look(4, "older" if change == "another revision" else "old")
    assert {one.start for one in fake.asked} == {1200.0 + 4 * 30 - 60}
    assert found[0].canary
