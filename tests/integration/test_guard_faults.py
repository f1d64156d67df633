# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The guard is killed, is not alone, or what it needs goes away: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.integration.support.cluster import Cluster, Obj, Space
from tests.integration.support.guarding import (
    LOAD,
    Guarding,
    GuardProcess,
    behaving,
    counted,
    go_on,
    kept,
    release_recorded,
    scraped,
    service_of,
)
from tests.integration.support.objects import config_map, image
from tests.integration.support.own_sandbox import API_SERVER, PROMETHEUS, SIMULATOR, OwnSandbox, own_sandbox
from tests.integration.support.proxy import Before, Caught, Fault, misbehaving
from tests.integration.support.sandbox import Sandbox
from tests.integration.support.stage import (
    HASH,
    canary_weight,
    promote_fully,
    reach,
    release,
    selected,
    serving,
    start,
    status,
)
from tests.integration.support.traffic import set_load
from tests.integration.support.watching import Watch

STAGE = '\\"stage\\":\\"{}\\"'
RECORD, ROLLOUT = r"^PATCH .*/configmaps/{}-guard[/?]", r"^PATCH .*/rollouts/{}[/?]"


@dataclass(frozen=True)
class Moment:
    """When a guard is killed.

    Attributes:
        label: the requests among which the moment is.
        holding: what the body of that request holds.
        carried_out: whether the API server gets it.
        stage: what is written down at that moment.
        promoted: whether the release is promoted fully before it goes bad.
        waited: whether a second guard has waited all the time; else it comes later.
    """

    label: str
    holding: str
    stage: str
    carried_out: bool = False
    promoted: bool = False
    waited: bool = False


MOMENTS = {
    "decided-web": Moment(RECORD, STAGE.format("rolling_back"), "preflight"),
    "saved-web": Moment(ROLLOUT, "/spec/template", "rolling_back", waited=True),
    "undone-web": Moment(ROLLOUT, "/spec/template", "rolling_back", carried_out=True, waited=True),
    "verifying-web": Moment(RECORD, STAGE.format("verifying"), "verifying", carried_out=True, waited=True),
    "half-web": Moment(ROLLOUT, "promoteFull", "rolling_back", promoted=True),
}


def test_killed_at_every_stage(
    space: Space,
    cluster: Cluster,
    sandbox: Sandbox,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """One guard for each release is killed in the middle of its rollback, and another one does what is left to do, once.

    Some have waited beside it from the beginning, and take over when its Lease has run out; one guard is started anew.
    """
    start(space, *(item for name in MOMENTS for item in service_of(name)))
    set_load(sandbox.simulator, space.name, LOAD)
    stables = {name: str(status(space, name)["stableRS"]) for name in MOMENTS}
    canaries = release_recorded(
        space, {name: "v2" if each.promoted else "v2-errors30" for name, each in MOMENTS.items()}
    )
    for name in MOMENTS:
        reach(space, name, "Paused", step=1)
    space.until(
        lambda: all(scraped(sandbox.prometheus, space, each) for each in canaries.values()), "the new pods scraped"
    )
    caught = {name: Caught(each.holding, carried_out=each.carried_out) for name, each in MOMENTS.items()}
    faults = [Fault(each.label.format(name), caught[name], None) for name, each in MOMENTS.items()]
    waiting = [name for name, each in MOMENTS.items() if each.waited]
    with ExitStack() as stack:
        rollouts = stack.enter_context(Watch(space, "Rollout"))
        _, kubeconfig = stack.enter_context(misbehaving(cluster, tmp_path, *faults))
        first = {
            name: stack.enter_context(GuardProcess(space, sandbox.prometheus, kubeconfig, rollouts=[name]))
            for name in MOMENTS
        }
        space.until(lambda: all(kept(space, name)[0] for name in MOMENTS), "all releases watched")
        second = stack.enter_context(Guarding(space, sandbox.prometheus, rollouts=waiting))
        for name in waiting:
            second.until(name, "guards it; this guard only waits")
        go_on(space, *MOMENTS)
        for name in (name for name, each in MOMENTS.items() if each.promoted):
            space.until(partial(reached, space, name, "observing"), f"{name} observed")
            promote_fully(space, name)
            space.until(partial(reached, space, name, "baking"), f"the bake of {name}")
            stack.enter_context(behaving(sandbox.simulator, space, "errors30", app=name, hash=canaries[name]))
        killed = {}
        third = Guarding(space, sandbox.prometheus, rollouts=[name for name in MOMENTS if name not in waiting])
        for name, each in MOMENTS.items():
            assert caught[name].there.wait(40), f"{name}: the moment does not come"
            first[name].kill()
            killed[name] = time.time()
            assert kept(space, name)[0]["stage"] == each.stage
            if len(killed) == 1:
                # The one that is dead is started anew; of those that live it waits for one.
                stack.enter_context(third)
        results = {**second.result()["rollouts"], **third.result()["rollouts"]}
    text = f"{second.text}\n{third.text}"
    for name in MOMENTS:
        entry, (state, history) = results[name], kept(space, name)
        assert (entry["verdict"], entry["stage"], state["stage"]) == ("rollback", "recovered", "recovered"), text
        assert [(each["bad"], each["target"], each["verdict"]) for each in history["rollbacks"]] == [
            (canaries[name], stables[name], "recovered")
        ]
        assert history["banned"] == entry["banned"] == [canaries[name]]
        assert templates(rollouts, name) == [image(tag_of(name)), image("v1")], "taken back once"
        serves_everybody(space, name, stables[name])
        count = counted(sandbox.simulator, space, canaries[name])
        assert entry["impact"]["failed"] == pytest.approx(count.errors, rel=0.1)
        figures = (
            f"{name}: killed to traffic off {max(count.last_request - killed[name], 0):.1f} s, to recovered "
            f"{state['marks']['recovered'] - killed[name]:.1f} s; failed {entry['impact']['failed']} of {count.errors}"
        )
        print(figures)
        record_property(name, figures)


def reached(space: Space, name: str, stage: str) -> bool:
    """Return whether a release has been in a stage, as the guard has written down."""
    return stage in kept(space, name)[0]["marks"]


def tag_of(name: str) -> str:
    """Return the tag that was released."""
    return "v2" if MOMENTS[name].promoted else "v2-errors30"


def templates(rollouts: Watch, name: str) -> list[str]:
    """Return the images of a Rollout's template, each time that it had changed."""
    found: list[str] = []
    for item in rollouts.states(name):
        live = str(item["spec"]["template"]["spec"]["containers"][0]["image"])
        if found[-1:] != [live]:
            found.append(live)
    return found


def serves_everybody(space: Space, name: str, stable: str) -> None:
    """Assert that the old revision has all traffic."""
    state = status(space, name)
    assert state["stableRS"] == state["currentPodHash"] == stable
    assert canary_weight(space, f"{name}-{name}-canary") == 0
    assert selected(space, f"{name}-stable") == stable
    assert serving(space, f"{name}-stable") == 2


def test_what_it_would_go_back_to_is_not_as_it_was(
    space: Space, cluster: Cluster, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Stable was scaled to 0 by hand, which its controller corrects; a ConfigMap of it is gone, which holds the rollback."""
    scaled, bare = "scaled-web", "bare-web"
    settings = "settings-of-v1"
    made = [item for name in (scaled, bare) for item in service_of(name)]
    [container] = made[-1]["spec"]["template"]["spec"]["containers"]
    container["envFrom"] = [{"configMapRef": {"name": settings}}]
    start(space, config_map(settings, mode="old"), *made)
    set_load(sandbox.simulator, space.name, LOAD)
    stables = {name: str(status(space, name)["stableRS"]) for name in (scaled, bare)}
    canaries = {scaled: release(space, scaled, "v2-errors30"), bare: release_without(space, bare, "v2-errors30")}
    for name in canaries:
        reach(space, name, "Paused", step=1)
    space.until(
        lambda: all(scraped(sandbox.prometheus, space, each) for each in canaries.values()), "the new pods scraped"
    )
    by_hand = Before(STAGE.format("preflight"), lambda: scale(space, stables[scaled], 0))
    fault = Fault(RECORD.format(scaled), by_hand, None)
    with (
        misbehaving(cluster, tmp_path, fault) as (_, kubeconfig),
        Guarding(space, sandbox.prometheus, kubeconfig=str(kubeconfig)) as guard,
    ):
        for name in canaries:
            guard.until(name, "is watched")
        space.delete("ConfigMap", settings)
        go_on(space, *canaries)
        guard.until(bare, "it is not rolled back", f"ConfigMap {settings}")
        assert not kept(space, bare)[1]["rollbacks"]
        guard.wait_for(lambda: kept(space, scaled)[0].get("stage") == "recovered", "the other one recovered")
        space.apply(config_map(settings, mode="old"))
        result = guard.result()
    assert by_hand.happened
    for name in canaries:
        entry, history = result["rollouts"][name], kept(space, name)[1]
        assert (entry["verdict"], entry["stage"]) == ("rollback", "recovered"), guard.text
        assert [(each["bad"], each["target"]) for each in history["rollbacks"]] == [(canaries[name], stables[name])]
        serves_everybody(space, name, stables[name])


def scale(space: Space, revision: str, replicas: int) -> None:
    """Scale the ReplicaSet of a revision by hand."""
    [found] = [item for item in space.list("ReplicaSet") if item["metadata"]["labels"].get(HASH) == revision]
    space.patch("ReplicaSet", found["metadata"]["name"], {"spec": {"replicas": replicas}})


def release_without(space: Space, name: str, tag: str) -> str:
    """Release a version that does not need the configuration of the one before; return its hash."""
    before = status(space, name)["currentPodHash"]
    at = "/spec/template/spec/containers/0"
    change: list[Obj] = [
        {"op": "replace", "path": f"{at}/image", "value": image(tag)},
        {"op": "remove", "path": f"{at}/envFrom"},
    ]
    space.patch("Rollout", name, change, how="json")
    return str(space.until(lambda: newer(space, name, before), f"Rollout {name} on another revision"))


def newer(space: Space, name: str, before: str) -> str:
    """Return the hash of the present revision if it is another one."""
    found = str(status(space, name).get("currentPodHash") or "")
    return "" if found == before else found


def test_parts_that_go_away(record_property: Callable[[str, object], None]) -> None:
    """One after the other, because a sandbox takes longer to start than any of it."""
    with own_sandbox() as (own, cluster):
        space = cluster.space("guarded").make()
        good, bad = "good-web", "bad-web"
        start(space, *(item for name in (good, bad) for item in service_of(name)))
        set_load(own.addresses.simulator, space.name, LOAD)
        stable, canary = str(status(space, bad)["stableRS"]), release(space, good, "v2")
        reach(space, good, "Paused", step=1)
        space.until(lambda: scraped(own.addresses.prometheus, space, canary), "the new pods scraped")
        outage = Outage(own)
        with Guarding(
            space, own.addresses.prometheus, kubeconfig=str(own.kubeconfig), timeout=200, hears=outage.hears
        ) as guard:
            guard.until(good, "is watched")
            go_on(space, good)
            guard.until(good, "continue")
            good_release_in_bad_times(own, space, guard, good)
            promote_fully(space, good)
            worse = release(space, bad, "v2-errors30")
            guard.until(bad, f"revision {worse} is watched")
            reach(space, bad, "Paused", step=1)
            go_on(space, bad)
            guard.wait_for(lambda: outage.began, "the rollback begun")
            # Longer than a request is tried again.
            guard.until("the API server cannot be reached", "It is tried again until it answers")
            own.restart(API_SERVER)
            back = time.time()
            result = guard.result()
        assert guard.said("the API server answers again"), guard.text
        entries = result["rollouts"]
        assert (entries[good]["stage"], entries[good]["rollback"]) == ("done", None), guard.text
        assert (entries[bad]["stage"], kept(space, bad)[0]["stage"]) == ("recovered", "recovered"), guard.text
        [rollback] = kept(space, bad)[1]["rollbacks"]
        assert (rollback["bad"], rollback["target"]) == (worse, stable)
        serves_everybody(space, bad, stable)
        count = counted(own.addresses.simulator, space, worse)
        figures = (
            f"API server away for {back - outage.began:.1f} s in the rollback, traffic off "
            f"{count.last_request - back:.1f} s after it was back"
        )
        print(figures)
        record_property("outage", figures)


class Outage:
    """The API server dies between the decision to roll back and the first request of the rollback."""

    def __init__(self, own: OwnSandbox) -> None:
        self._own = own
        self.began = 0.0

    def hears(self, line: str) -> None:
        """Take a line of the guard's."""
        if "rolled back to" in line and not self.began:
            self._own.kill(API_SERVER)
            self.began = time.time()


def good_release_in_bad_times(own: OwnSandbox, space: Space, guard: Guarding, name: str) -> None:
    """A slow scrape and counters that begin anew change nothing; without Prometheus the release is held, and then goes on."""
    with own.frozen(SIMULATOR):
        # Longer than a scrape may take.
        time.sleep(1.5)
    seen = kept(space, name)[0]["seen"]
    guard.wait_for(lambda: kept(space, name)[0]["seen"] > seen + 2, "windows after the slow scrape")
    own.restart(SIMULATOR)
    set_load(own.addresses.simulator, space.name, LOAD)
    seen = kept(space, name)[0]["seen"]
    guard.wait_for(lambda: kept(space, name)[0]["seen"] > seen + 2, "windows after the counters began anew")
    assert not guard.said("held"), guard.text
    assert kept(space, name)[0]["evidence"]["relative"] < 3
    own.kill(PROMETHEUS)
    guard.until("Prometheus does not answer")
    guard.until(name, "held: it keeps its weight")
    assert guard.said(name, "no data for")
    own.restart(PROMETHEUS)
    guard.until(name, "it goes on")
