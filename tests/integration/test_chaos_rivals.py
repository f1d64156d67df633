# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Two plays act on the same rollout at once: there is one outcome, and who came too late says so.

A proxy holds both requests back until each was decided on the same state, and lets them go one right behind the other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration.support.cluster import Cluster, Obj, Space
from tests.integration.support.objects import PAUSE, canary, image, weight
from tests.integration.support.plays import Ansible, Data, Result, Run, task
from tests.integration.support.proxy import Fault, Rendezvous, misbehaving
from tests.integration.support.stage import in_first_pause, start

# The controller writes too, and whoever meets it tries again; two verbs that undo each other went on for seventy requests.
_MOST_REQUESTS = 20
STEPS = (weight(20), PAUSE, weight(40), PAUSE, weight(60), PAUSE)
PROMOTE, FULL, ABORT, UNDO = (
    task("rollout_promote"),
    task("rollout_promote", full=True),
    task("rollout_abort"),
    task("rollout_undo"),
)
V3, V4 = (task("rollout_set_image", images={"app": image(tag)}) for tag in ("v3", "v4"))
# Rollout -> what each play does, and what the request that goes first holds.
PAIRS: dict[str, tuple[Data, Data, str]] = {
    "abort-promote": (ABORT, PROMOTE, '"abort"'),
    "promote-abort": (PROMOTE, ABORT, "pauseConditions"),
    "undo-promote": (UNDO, FULL, "/spec/template"),
    "promote-undo": (FULL, UNDO, "promoteFull"),
    "undo-undo": (UNDO, UNDO, "/spec/template"),
    "promote-promote": (PROMOTE, PROMOTE, "pauseConditions"),
    "image-image": (V3, V4, image("v3")),
}


def on(name: str, made: Data) -> Data:
    """Return a task for one rollout, named after it, that may fail."""
    [verb] = [key for key in made if key.startswith("tradesense.")]
    return {"name": name, verb: {**made[verb], "rollouts": [name], "timeout": 30}, "ignore_errors": True}


def image_of(item: Obj) -> str:
    """Return the image in the pod template of a Rollout."""
    return str(item["spec"]["template"]["spec"]["containers"][0]["image"])


def refused(result: Result, reason: str, text: str) -> None:
    """Assert that a play was told why it came too late, and changed nothing."""
    assert result.failed, result.data
    assert not result.changed
    assert result.data["reason"] == reason
    assert text in result.msg


def aborted(abort: Result, promote: Result, now: Obj, stable: str) -> None:
    """Whatever went first, it is aborted: the promotion was before, or was refused, or was cut short by the abort."""
    assert now["status"]["abort"]
    assert (abort.changed, abort.failed) == (True, False)
    if promote.failed:
        assert "aborted" in promote.msg
    else:
        assert promote.rollouts["promote-abort"]["result"].startswith("step 1 passed, now in step ")


def taken_back(undo: Result, now: Obj, stable: str) -> None:
    """Assert that the stable version is what there is."""
    assert (undo.changed, undo.failed) == (True, False)
    assert image_of(now) == image("v1")
    assert now["status"]["currentPodHash"] == stable


def abort_first(abort: Result, promote: Result, now: Obj, stable: str) -> None:
    """The promotion is refused."""
    aborted(abort, promote, now, stable)
    refused(promote, "Refused", "revision 2 was aborted, and promoting it would release it unchecked")


def promote_first(promote: Result, abort: Result, now: Obj, stable: str) -> None:
    """The step was passed, and then the revision aborted."""
    aborted(abort, promote, now, stable)
    assert promote.changed


def undo_first(undo: Result, promote: Result, now: Obj, stable: str) -> None:
    """What was to be promoted is not there any more."""
    taken_back(undo, now, stable)
    refused(promote, "Overtaken", "another template was released meanwhile")


def full_first(promote: Result, undo: Result, now: Obj, stable: str) -> None:
    """It is taken back all the same, from wherever the promotion was; that one says so, unless it was done before."""
    assert promote.changed
    if promote.failed:
        assert promote.data["reason"] == "Overtaken"
        taken_back(undo, now, stable)
    else:
        assert not undo.failed
        assert image_of(now) == image("v1")


def two_undos(one: Result, other: Result, now: Obj, stable: str) -> None:
    """It is taken back once: the second undo must not bring the bad version back."""
    first, second = (one, other) if one.changed else (other, one)
    taken_back(first, now, stable)
    assert (second.changed, second.failed) == (False, False)
    assert second.rollouts["undo-undo"]["result"] == f"somebody else brought {stable} back meanwhile"


def two_promotions(one: Result, other: Result, now: Obj, stable: str) -> None:
    """One pause is passed, not two."""
    assert now["status"]["currentStepIndex"] in (2, 3)
    first, second = (one, other) if one.changed else (other, one)
    assert first.changed
    assert (second.changed, second.failed) == (False, False)
    assert "somebody else promoted it meanwhile" in second.rollouts["promote-promote"]["result"]


def two_images(one: Result, other: Result, now: Obj, stable: str) -> None:
    """The first one is released; the second one does not overwrite what it has not seen."""
    assert (one.changed, one.failed) == (True, False)
    assert image_of(now) == image("v3")
    assert now["metadata"]["annotations"]["rollout.argoproj.io/revision"] == "2"
    refused(other, "Overtaken", "another template was released meanwhile")


CHECKS: dict[str, Callable[[Result, Result, Obj, str], None]] = {
    "abort-promote": abort_first,
    "promote-abort": promote_first,
    "undo-promote": undo_first,
    "promote-undo": full_first,
    "undo-undo": two_undos,
    "promote-promote": two_promotions,
    "image-image": two_images,
}


def at_once(space: Space, kubeconfig: Path, folder: Path) -> list[Run]:
    """Run both plays at the same time."""
    twins = []
    for number in (0, 1):
        (folder / f"play{number}").mkdir()
        tasks = [on(name, PAIRS[name][:2][number]) for name in PAIRS]
        twins.append((Ansible(folder / f"play{number}"), tasks))
    with ThreadPoolExecutor(2) as pool:
        ran = pool.map(
            lambda twin: twin[0].tasks(space.name, twin[1], kubeconfig=kubeconfig, strict=False),
            twins,
        )
        return list(ran)


def test_one_outcome(space: Space, cluster: Cluster, tmp_path: Path) -> None:
    """Whatever comes second is decided anew, on what the first one made."""
    in_first_pause(space, *(canary(name, *STEPS) for name in PAIRS if name != "image-image"))
    start(space, canary("image-image", *STEPS))
    hashes = {name: str(space.get("Rollout", name)["status"]["stableRS"]) for name in PAIRS}
    faults = [Fault(rf"^PATCH .*/rollouts/{name}[/?]", Rendezvous(first), 2) for name, (_, _, first) in PAIRS.items()]
    with misbehaving(cluster, tmp_path, *faults) as (proxy, kubeconfig):
        one, other = at_once(space, kubeconfig, tmp_path)
    now = {name: space.get("Rollout", name) for name in PAIRS}
    for name in PAIRS:
        requests = proxy.asked(rf"^PATCH .*/rollouts/{name}[/?]")
        assert requests[:2] == [True, True], f"{name}: the plays did not meet"
        assert len(requests) <= _MOST_REQUESTS, f"{name}: the plays fight each other, {len(requests)} requests"
        CHECKS[name](one[name], other[name], now[name], hashes[name])
