# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Bad releases, taken back by the guard: what users suffered by the simulator's own count, and for how long."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.integration.support.cluster import Obj, Space
from tests.integration.support.guarding import (
    LOAD,
    Counted,
    Guarding,
    behaving,
    counted,
    go_on,
    kept,
    release_recorded,
    scraped,
    service_of,
)
from tests.integration.support.objects import analysis, blue_green
from tests.integration.support.plays import Data
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.serving import empty_spans
from tests.integration.support.stage import (
    canary_weight,
    promote_fully,
    reach,
    release,
    selected,
    serving,
    start,
    status,
    unready,
)
from tests.integration.support.traffic import set_load
from tests.integration.support.watching import Watch

# Rollout -> the version that is released; the name says what is wrong with it. Those that trade are told by their names.
BAD = {
    "errors20-trading": "v2-errors20",
    "errors5-trading": "v2-errors5",
    "stalls-trading": "v2-stall10",
    "orders-trading": "v2-orders30",
    "late-trading": "v2",
}
LATE = "late-trading"
# What the guard and the simulator call a bad request of each.
KINDS: dict[str, tuple[str, Callable[[Counted], int]]] = {
    "errors20-trading": ("failed", lambda count: count.errors),
    "errors5-trading": ("failed", lambda count: count.errors),
    "stalls-trading": ("slow", lambda count: count.slow),
    "orders-trading": ("failed_orders", lambda count: count.orders_failed),
    LATE: ("failed", lambda count: count.errors),
}
METRICS = {
    "errors20-trading": "error_rate",
    "errors5-trading": "error_rate",
    "stalls-trading": "response_time_p99",
    "orders-trading": "order_success",
    LATE: "error_rate",
}


def test_what_harms_users_is_taken_back(
    space: Space, sandbox: Sandbox, record_property: Callable[[str, object], None]
) -> None:
    """A fifth and a twentieth of the requests fail, one in ten stalls, orders fail; and one that goes bad after promotion."""
    start(space, *(item for name in BAD for item in service_of(name)))
    set_load(sandbox.simulator, space.name, LOAD)
    stables = {name: str(status(space, name)["stableRS"]) for name in BAD}
    canaries = release_recorded(space, {name: tag for name, tag in BAD.items() if name != LATE})
    # Whoever releases without the collection writes down nowhere what was promoted before: the guard has seen it.
    canaries[LATE] = release(space, LATE, BAD[LATE])
    for name in BAD:
        reach(space, name, "Paused", step=1)
    space.until(
        lambda: all(scraped(sandbox.prometheus, space, each) for each in canaries.values()), "the new pods scraped"
    )
    with Guarding(space, sandbox.prometheus, trading=list(BAD)) as guard:
        for name in BAD:
            guard.until(name, "is watched")
        go_on(space, *BAD)
        guard.until(LATE, "continue")
        promote_fully(space, LATE)
        guard.wait_for(lambda: kept(space, LATE)[0].get("stage") == "baking", "the bake of the late one")
        with behaving(sandbox.simulator, space, "errors20", app=LATE, hash=canaries[LATE]) as went_bad:
            result = guard.result()
    for name in BAD:
        entry, count = result["rollouts"][name], counted(sandbox.simulator, space, canaries[name])
        figures = judged(name, entry, count, went_bad if name == LATE else count.first_bad)
        print(figures)
        record_property(name, figures)
        assert (entry["verdict"], entry["stage"]) == ("rollback", "recovered"), guard.text
        assert (entry["rollback"]["from"], entry["rollback"]["to"]) == (canaries[name], stables[name])
        assert entry["reasons"][0]["metric"] == METRICS[name] or METRICS[name] in entry["rollback"]["why"]
        assert entry["banned"] == [canaries[name]]
        serves_everybody(space, name, stables[name])
        kind, bad_of = KINDS[name]
        assert entry["impact"][kind] == pytest.approx(bad_of(count), rel=0.1), figures
        assert entry["impact"]["requests"] == pytest.approx(count.requests, rel=0.1), figures
    assert len({line for _, line in guard.lines if "rolled back to" in line}) == len(BAD), guard.text


def judged(name: str, entry: Data, count: Counted, began: float) -> str:
    """Return the figures of a rollback in a line."""
    kind, bad_of = KINDS[name]
    rollback = entry["rollback"] or {"at": 0.0, "seconds": 0.0, "recovery": "-"}
    return (
        f"{name}: first bad request to verdict {rollback['at'] - began:.1f} s, to traffic off "
        f"{count.last_request - began:.1f} s (the rollback itself {rollback['seconds']} s); {rollback['recovery']}; impact: "
        f"{kind} {entry['impact'][kind]} of {bad_of(count)}, requests {entry['impact']['requests']} of {count.requests}"
    )


def serves_everybody(space: Space, name: str, stable: str) -> None:
    """Assert that the old revision has all traffic."""
    state = status(space, name)
    assert state["stableRS"] == state["currentPodHash"] == stable
    assert canary_weight(space, f"{name}-{name}-canary") == 0
    assert selected(space, f"{name}-stable") == stable
    assert serving(space, f"{name}-stable") == 2


# Seconds from the verdict until users are served again: a third of one on a machine that does nothing else, and here others
# start whole clusters beside it.
SOON = 3.0
CHECKED, PLAIN = "checked-web", "plain-web"


def test_pods_that_turn_unready_after_the_switch(
    space: Space, sandbox: Sandbox, record_property: Callable[[str, object], None]
) -> None:
    """All new pods of two blue-greens turn unready when users are on them, and stable's are still there.

    An analysis of one of them notices, and the controller aborts, which alone would leave users with nobody for good. For the
    other one nobody but the guard looks.
    """
    made = {name: blue_green(name) for name in (CHECKED, PLAIN)}
    for *_, rollout in made.values():
        rollout["spec"]["strategy"]["blueGreen"]["scaleDownDelaySeconds"] = 60
    made[CHECKED][-1]["spec"]["strategy"]["blueGreen"]["postPromotionAnalysis"] = analysis("ready")
    space.apply(readiness("ready", sandbox.prometheus, space))
    start(space, *(item for items in made.values() for item in items))
    stables = {name: str(status(space, name)["stableRS"]) for name in made}
    canaries = release_recorded(space, dict.fromkeys(made, "v2"))
    for name in made:
        reach(space, name, "Paused")
    # Else Prometheus may still believe, for a second, that they are not ready.
    space.until(
        lambda: all(scraped(sandbox.prometheus, space, each) for each in canaries.values()), "the new pods scraped"
    )
    with (
        Watch(space, "EndpointSlice") as slices,
        Watch(space, "Rollout") as rollouts,
        Guarding(space, sandbox.prometheus) as guard,
    ):
        for name in made:
            guard.until(name, "is watched")
        go_on(space, *made)
        guard.wait_for(lambda: all(selected(space, f"{name}-active") == canaries[name] for name in made), "the switch")
        time.sleep(2)
        sick = {}
        for name in made:
            sick[name] = time.time()
            unready(space, canaries[name])
        result = guard.result()
    for name in made:
        entry, active = result["rollouts"][name], f"{name}-active"
        assert (entry["verdict"], entry["stage"]) == ("rollback", "recovered"), guard.text
        assert (selected(space, active), serving(space, active)) == (stables[name], 2)
        detected = next(
            (
                at
                for at, (_, item) in zip(rollouts.times, rollouts.changes)
                if item["metadata"]["name"] == name and item["status"].get("abort")
            ),
            # Without an abort of the controller it is the guard that detects it.
            entry["rollback"]["at"],
        )
        assert (detected == entry["rollback"]["at"]) == (name == PLAIN), guard.text
        decided = entry["rollback"]["at"]
        [(since, until)] = empty_spans(slices, active)
        figures = (
            f"{name}: not ready to detected {detected - sick[name]:.2f} s, detected to verdict {decided - detected:.2f} s, "
            f"verdict to stable serving {until - decided:.2f} s; without endpoints {until - since:.2f} s"
        )
        print(figures)
        record_property(name, figures)
        assert until - decided < SOON, figures
        # Never without endpoints for longer than it took to notice.
        assert until - since < detected - sick[name] + SOON, figures


def readiness(name: str, prometheus: str, space: Space) -> Obj:
    """Return an AnalysisTemplate that wants, once a second, every pod of one workload to be ready."""
    query = f'min(sandbox_pod_ready{{namespace="{space.name}",service="{CHECKED}"}})'
    metric = {
        "name": "ready",
        "interval": "1s",
        "count": 60,
        "successCondition": "len(result) > 0 && result[0] >= 1",
        "provider": {"prometheus": {"address": prometheus, "query": query}},
    }
    api = "argoproj.io/v1alpha1"
    return {"apiVersion": api, "kind": "AnalysisTemplate", "metadata": {"name": name}, "spec": {"metrics": [metric]}}
