# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the guard asks of a Prometheus that is ill."""

from __future__ import annotations

import time
from typing import Any

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
        sampler, began = Sampler(prometheus, "ns"), time.monotonic()
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
        Sampler(prometheus, "ns").windows(wishes)
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
