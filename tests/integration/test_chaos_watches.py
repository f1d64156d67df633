# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Watches that are cut, refused, outdated or silent, by a proxy in front of the real API server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.integration.support.cluster import Cluster, Space
from tests.integration.support.objects import PAUSE, blue_green, canary, weight
from tests.integration.support.plays import Ansible, look, seconds_of, task
from tests.integration.support.proxy import (
    Behaviour,
    Fault,
    Proxy,
    black_hole,
    cut_after,
    gone,
    misbehaving,
    silent,
    status,
)
from tests.integration.support.stage import in_first_pause, promote_fully, reach, release, selected, serving, start

STEPS = (weight(20), PAUSE, weight(60))
TROUBLES: dict[str, tuple[Behaviour, int | None]] = {
    "torn": (cut_after(0, torn=True), 4),
    "expired": (status(410), 3),
    "one-by-one": (cut_after(1), None),
    "busy": (status(429, retry_after=1), 1),
    "gone": (gone, None),
    "restarting": (status(503), 3),
}
# What a task may take beyond its timeout.
GRACE = 3.0


def watches(name: str) -> str:
    """Return the expression for the watches of a Rollout and of what belongs to it."""
    return rf"^WATCH .*[=-]{name}(-active)?&"


def when_watched(proxy: Proxy, name: str, act: Callable[[], None]) -> threading.Thread:
    """Do something once a task watches a Rollout."""

    def wait() -> None:
        while not proxy.asked(watches(name)) and not proxy.stopped.wait(0.05):
            pass
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_wait_sees_the_end_through_broken_watches(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """Each rollout is promoted once it is watched; what is broken is opened anew, from where it ended."""
    in_first_pause(space, *(canary(name, *STEPS) for name in TROUBLES))
    faults = [Fault(watches(name), act, times) for name, (act, times) in TROUBLES.items()]
    tasks = [task("rollout_wait", name=name, rollouts=[name], timeout=60) for name in TROUBLES]
    with misbehaving(cluster, tmp_path, *faults) as (proxy, kubeconfig):
        for name in TROUBLES:
            when_watched(proxy, name, partial(promote_fully, space, name))
        run = Ansible(tmp_path).tasks(space.name, [look(), *tasks], kubeconfig=kubeconfig)
        for name in TROUBLES:
            assert any(proxy.asked(watches(name))), f"{name}: its watch was left alone"
    took = seconds_of(run)
    for name in TROUBLES:
        assert run[name].msg == f"{name} is healthy."
        assert took[name] < 25, f"{name} saw the end of the promotion, not only that of its time: {took}"


def test_what_no_watch_tells_is_found_all_the_same(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """A watch that delivers nothing, or is never answered: in silence and at the timeout one looks for oneself."""
    in_first_pause(space, *(canary(name, *STEPS) for name in ("end", "late", "soon")))
    faults = [
        Fault(watches("end"), silent, None),
        Fault(watches("late"), black_hole, None),
        Fault(watches("soon"), silent, None),
    ]
    tasks = [
        look(),
        task("rollout_wait", name="end", rollouts=["end"], timeout=10),
        task("rollout_promote", name="late", rollouts=["late"], timeout=8),
        task("rollout_promote", name="soon", rollouts=["soon"], timeout=60),
    ]
    with misbehaving(cluster, tmp_path, *faults) as (proxy, kubeconfig):
        when_watched(proxy, "end", partial(promote_fully, space, "end"))
        run = Ansible(tmp_path).tasks(space.name, tasks, kubeconfig=kubeconfig)
    took = seconds_of(run)
    assert run["end"].msg == "end is healthy."
    assert took["end"] < 10 + GRACE
    for name, most in (("late", 8 + GRACE), ("soon", 25)):
        assert run[name].changed
        assert run[name].rollouts[name]["result"] == "revision 2 is promoted"
        assert took[name] < most
        reach(space, name, "Healthy")


def test_verbs_that_move_traffic_through_broken_watches(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """Services and endpoints are seen to have moved, although no watch lives longer than an event and a half."""
    start(space, *blue_green("web"))
    new = release(space, "web", "v2")
    reach(space, "web", "Paused")
    with misbehaving(cluster, tmp_path, Fault(r"^WATCH ", cut_after(1, torn=True), None)) as (_, kubeconfig):
        run = Ansible(tmp_path).tasks(
            space.name,
            [
                task("rollout_promote", rollouts=["web"], expected_hash=new, timeout=30),
                look("promoted"),
                task("rollout_undo", rollouts=["web"], full=True, timeout=30),
            ],
            kubeconfig=kubeconfig,
        )
    hash_label = "rollouts-pod-template-hash"
    assert run["promoted"].objects["Service/web-active"]["spec"]["selector"][hash_label] == new
    assert run["rollout_undo"].changed
    assert selected(space, "web-active") != new
    assert serving(space, "web-active") == 2
