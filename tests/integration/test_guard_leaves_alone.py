# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Releases that are as good as what was there before, in bad circumstances: held at most, and never taken back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from tests.integration.support.cluster import Space
from tests.integration.support.guarding import (
    LOAD,
    Guarding,
    behaving,
    glance,
    go_on,
    kept,
    release_recorded,
    scraped,
    service_of,
)
from tests.integration.support.prometheus_proxy import not_a_number, prometheus_proxy
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import canary_weight, promote_fully, reach, start, status
from tests.integration.support.traffic import set_load

HEALTHY, INCIDENT, NIGHT, NAN = "healthy-web", "incident-trading", "night-web", "nan-web"
HELD = "held: it keeps its weight"
NAMES = (HEALTHY, INCIDENT, NIGHT, NAN)


def test_what_is_not_the_release_s_fault(
    space: Space, sandbox: Sandbox, record_property: Callable[[str, object], None]
) -> None:
    """Nothing at all, an incident of both revisions, no traffic, and values that are no numbers; then all is well again.

    The pods of the sandbox count in whole numbers: a proxy in front of the real Prometheus says NaN for one service.
    """
    start(space, *(item for name in NAMES for item in service_of(name)))
    set_load(sandbox.simulator, space.name, LOAD)
    canaries = release_recorded(space, dict.fromkeys(NAMES, "v2"))
    for name in NAMES:
        reach(space, name, "Paused", step=1)
    space.until(
        lambda: all(scraped(sandbox.prometheus, space, each) for each in canaries.values()), "the new pods scraped"
    )
    with prometheus_proxy(sandbox.prometheus) as proxy, Guarding(space, proxy.address, trading=[INCIDENT]) as guard:
        for name in NAMES:
            guard.until(name, "is watched")
        set_load(sandbox.simulator, space.name, 0, ingress=NIGHT)
        go_on(space, *NAMES)
        for name in (HEALTHY, INCIDENT, NAN):
            guard.until(name, "continue")
        with ExitStack() as badly:
            began = badly.enter_context(behaving(sandbox.simulator, space, "errors30", app=INCIDENT))
            proxy.change = not_a_number(NAN)
            held = {name: guard.until(name, HELD) for name in (INCIDENT, NAN)}
            for name in (INCIDENT, NAN):
                assert space.get("Rollout", name)["spec"]["paused"]
                assert canary_weight(space, f"{name}-{name}-canary") == 25, "it keeps its weight"
            guard.until(INCIDENT, "an incident of both, not of the release")
            guard.until(NAN, "no data for")
            seen = glance(space, sandbox.prometheus, INCIDENT)
            assert (seen["verdict"], seen["stage"], seen["page"]) == ("hold", "holding", True), seen
            proxy.change = None
        for name in (INCIDENT, NAN):
            guard.until(name, "it goes on")
            assert not space.get("Rollout", name)["spec"].get("paused")
        assert not guard.said(NIGHT, "held")
        night = kept(space, NIGHT)[0]
        assert (night["served"], night["missing"], night["stage"]) == (0, 0, "observing"), guard.text
        set_load(sandbox.simulator, space.name, None, ingress=NIGHT)
        for name in NAMES:
            promote_fully(space, name)
        result = guard.result()
    for name in NAMES:
        entry, history = result["rollouts"][name], kept(space, name)[1]
        assert (entry["verdict"], entry["stage"], entry["rollback"]) == ("continue", "done", None), guard.text
        assert (history["rollbacks"], history["banned"]) == ([], [])
        assert status(space, name)["stableRS"] == canaries[name]
    assert [name for name in NAMES if guard.said(name, HELD)] == [INCIDENT, NAN], guard.text
    figures = ", ".join(f"{name} held {at - began:.1f} s after it began" for name, at in held.items())
    print(figures)
    record_property("held", figures)
