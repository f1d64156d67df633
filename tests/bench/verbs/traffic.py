# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""From the verdict to all traffic on the stable version: the controller's floor, and the verb.

The floor is what plain patches on a warm connection reach, with nothing checked before and after. The verb counts from
the moment its task begins to the moment in which Service and Ingress say where the traffic goes.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.figures import Series
from tests.bench.following import Following
from tests.bench.report import Goal, Report
from tests.bench.table import Table
from tests.bench.verbs.contenders import OURS
from tests.integration.support import objects, stage
from tests.integration.support.cluster import Obj, Space
from tools.report import Stopwatch, say

# What a verb may take beyond the controller's floor.
GOAL_MS = 300.0
_REPLICAS = 3
_WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
_KINDS = ("Rollout", "Service", "Ingress")


class _Site:
    """A namespace, what is followed in it, and the pod template that every Rollout goes back to."""

    def __init__(self, space: Space, followed: dict[str, Following]) -> None:
        self.space = space
        self.followed = followed

    def rollout(self, name: str) -> Obj:
        """Return a Rollout as the cluster has it now."""
        return self.space.get("Rollout", name)

    def when(self, kind: str, name: str, sign: Callable[[Obj], bool], since: float) -> float:
        """Return when an object showed a sign."""
        return self.followed[kind].when(name, sign, since=since)

    def forget(self) -> None:
        """Forget what was seen before."""
        for one in self.followed.values():
            one.forget()


@dataclass(frozen=True)
class _Case:
    """A way back that is measured.

    Attributes:
        name: the Rollout's name, and the case's in the figures.
        label: its name in the table.
        manifests: what the Rollout and its surroundings are.
        promoted: whether the new version is promoted before it is taken back.
        verb: the verb of the collection.
        options: its own options; takes the hash to go back to.
        patch: goes back by plain patches; takes the site, the name and the template to go back to.
        arrived: where the traffic shows, and its sign; takes the name and the hash to go back to.
    """

    name: str
    label: str
    manifests: list[Obj]
    promoted: bool
    verb: str
    options: Callable[[str], Obj]
    patch: Callable[[_Site, str, Obj], None]
    arrived: Callable[[str, str], tuple[str, str, Callable[[Obj], bool]]]


def measure(bench: Bench) -> Report:
    """Measure every way back, round by round."""
    values: dict[str, dict[str, list[float]]] = {case.name: defaultdict(list) for case in _CASES}
    with bench.space("bench-traffic") as space, ExitStack() as stack:
        stage.start(space, *[manifest for case in _CASES for manifest in case.manifests])
        site = _Site(space, {kind: stack.enter_context(Following(space, kind)) for kind in _KINDS})
        # The first round only warms up.
        for number in range(bench.rounds + 1):
            watch = Stopwatch()
            for case in _CASES:
                taken = {"floor": _floor(site, case), **_verb(bench, site, case)}
                if number:
                    for key, value in taken.items():
                        values[case.name][key].append(value)
            say(f"  traffic back: {'warm-up' if not number else f'round {number} of {bench.rounds}'} took {watch}")
    return _report({name: {key: Series.of(v) for key, v in found.items()} for name, found in values.items()})


def _floor(site: _Site, case: _Case) -> float:
    """Go back by plain patches; return the ms until the traffic is there."""
    stable, template = _prepare(site, case)
    began = time.time()
    case.patch(site, case.name, template)
    kind, name, sign = case.arrived(case.name, stable)
    arrived = site.when(kind, name, sign, began)
    _settle(site, case, template)
    return (arrived - began) * 1000


def _verb(bench: Bench, site: _Site, case: _Case) -> dict[str, float]:
    """Go back by the verb; return when the traffic was there after the task began, and when the task ended after that."""
    stable, template = _prepare(site, case)
    options = {"namespace": site.space.name, "rollouts": [case.name], **case.options(stable)}
    task = {f"tradesense.delivery.{case.verb}": options}
    mark = bench.player.play([task], OURS, changed=True).tasks[0]
    kind, name, sign = case.arrived(case.name, stable)
    arrived = site.when(kind, name, sign, mark.began)
    _settle(site, case, template)
    return {"verb": (arrived - mark.began) * 1000, "late": (mark.ended - arrived) * 1000}


def _prepare(site: _Site, case: _Case) -> tuple[str, Obj]:
    """Release a new version as far as the case wants it; return the hash and the pod template of the one before."""
    before = site.rollout(case.name)
    stable, template = str(before["status"]["stableRS"]), before["spec"]["template"]
    stage.release(site.space, case.name, f"v{secrets.token_hex(4)}")
    stage.reach(site.space, case.name, "Paused")
    if case.promoted:
        stage.promote_fully(site.space, case.name)
        site.space.until(lambda: _scaled_down(site.space, case.name, stable), f"the old pods of {case.name} gone")
    site.forget()
    return stable, template


def _scaled_down(space: Space, app: str, old: str) -> bool:
    """Return whether a revision has no pods any more, and its ReplicaSet says so."""
    for item in space.list("ReplicaSet"):
        labels = item["metadata"]["labels"]
        if labels.get("app") == app and labels.get(stage.HASH) == old:
            return not item["spec"].get("replicas") and not item["status"].get("replicas")
    return True


def _settle(site: _Site, case: _Case, template: Obj) -> None:
    """Bring the Rollout back to rest on the version before."""
    _restore(site, case.name, template)
    stage.reach(site.space, case.name, "Healthy")
    stage.promoted(site.space, case.name)


def _restore(site: _Site, name: str, template: Obj) -> None:
    change = [{"op": "replace", "path": "/spec/template", "value": template}]
    site.space.patch("Rollout", name, change, how="json", fieldManager="somebody-else")


def _abort(site: _Site, name: str, template: Obj) -> None:
    site.space.patch("Rollout", name, {"status": {"abort": True}}, subresource="status")


def _restore_and_promote(site: _Site, name: str, template: Obj) -> None:
    """Restore a template after its successor was promoted: a release of its own, promoted at once."""
    live = site.rollout(name)["status"]["currentPodHash"]
    began = time.time()
    _restore(site, name, template)

    def taken(item: Obj) -> bool:
        state = item["status"]
        seen = str(state.get("observedGeneration")) == str(item["metadata"]["generation"])
        return seen and state.get("currentPodHash") != live

    site.when("Rollout", name, taken, began)
    site.space.patch("Rollout", name, {"status": {"promoteFull": True}}, subresource="status")


def _no_weight(name: str, stable: str) -> tuple[str, str, Callable[[Obj], bool]]:
    """The router sends nothing to the canary."""
    return "Ingress", f"{name}-{name}-canary", lambda item: item["metadata"]["annotations"].get(_WEIGHT) == "0"


def _selected(service: str) -> Callable[[str, str], tuple[str, str, Callable[[Obj], bool]]]:
    """The Service that customers reach selects the version to go back to."""

    def arrived(name: str, stable: str) -> tuple[str, str, Callable[[Obj], bool]]:
        return "Service", f"{name}-{service}", lambda item: item["spec"]["selector"].get(stage.HASH) == stable

    return arrived


def _canary(name: str) -> list[Obj]:
    return objects.routed(name, objects.weight(50), objects.PAUSE, replicas=_REPLICAS)


def _nothing(stable: str) -> Obj:
    return {}


def _at_once(stable: str) -> Obj:
    # By hash, because the versions of the benchmark are promoted by plain patches, which leave no record of it.
    return {"to_hash": stable, "full": True}


_BLUE_GREEN = "blue-green-after"
_CASES = (
    _Case(
        "undone",
        "canary in flight, rollout_undo",
        _canary("undone"),
        promoted=False,
        verb="rollout_undo",
        options=_nothing,
        patch=_restore,
        arrived=_no_weight,
    ),
    _Case(
        "aborted",
        "canary in flight, rollout_abort",
        _canary("aborted"),
        promoted=False,
        verb="rollout_abort",
        options=_nothing,
        patch=_abort,
        arrived=_no_weight,
    ),
    _Case(
        "canary-after",
        "canary after promotion, rollout_undo full",
        _canary("canary-after"),
        promoted=True,
        verb="rollout_undo",
        options=_at_once,
        patch=_restore_and_promote,
        arrived=_selected("stable"),
    ),
    _Case(
        _BLUE_GREEN,
        "blue-green after promotion, rollout_undo full",
        objects.blue_green(_BLUE_GREEN, replicas=_REPLICAS),
        promoted=True,
        verb="rollout_undo",
        options=_at_once,
        patch=_restore_and_promote,
        arrived=_selected("active"),
    ),
)


def _report(values: dict[str, dict[str, Series]]) -> Report:
    columns = ["", "controller's floor", "verb: task begins to traffic", "beyond the floor", "traffic to task's end"]
    table = Table("From the verdict to all traffic on the stable version (ms)", columns)
    report = Report([table], [], {"traffic": values})
    for case in _CASES:
        found = values[case.name]
        beyond = found["verb"].minus(found["floor"])
        table.add(case.label, found["floor"], found["verb"], beyond, found["late"])
        report.goals.append(Goal(f"{case.label}: beyond the controller's floor", GOAL_MS, beyond.median))
    return report
