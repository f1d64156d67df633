# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""A release as the guard sees it: which revisions are compared, and what is known of them. Pure functions. Private."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .._guard.facts import Facts, PodFacts
from .._guard.state import State
from .._rollouts.history import promoted
from .._rollouts.model import BLUE_GREEN, Pod, View
from .._rollouts.phase import condition
from .._windows.model import Revision
from .._words import Stage

_CRASHES = "CrashLoopBackOff"
_LATE = "ProgressDeadlineExceeded"


@dataclass(frozen=True)
class Release:
    """A revision that is watched, and the one it is compared with or taken back to.

    Attributes:
        uid: of the Rollout.
        canary: the new revision.
        stable: the one before; None: there is none.
        weight: share of the traffic that is set for the new revision, 0 to 1; None where nobody sets one.
        facts: what is known besides.
        births: when its pods and stable's were created, seconds since the epoch, by name.
        promoted: whether it is stable already.
    """

    uid: str
    canary: Revision
    stable: Revision | None
    weight: float | None
    facts: Facts
    births: dict[str, float]
    promoted: bool

    def known(self, state: State | None) -> bool:
        """Return whether a state is of this release."""
        return state is not None and (state.uid, state.hash) == (self.uid, self.canary.hash)


def release_of(view: View, state: State | None, *, bake: float, now: float, stable: str = "") -> Release | None:
    """Return the release of a Rollout that is to be watched; None: there is none.

    One in flight is always watched; one that was promoted as long as its bake time goes on, if it was watched before. What was
    live when the guard came is no release.

    Args:
        view: the Rollout.
        state: what the guard knows of its present revision; None: nothing.
        bake: seconds to watch it after promotion.
        now: seconds since the epoch.
        stable: what was stable when it began, if the guard saw that.
    """
    if not view.current_hash or not view.stable_hash or view.kind != "Rollout":
        return None
    known = state is not None and state.hash == view.current_hash and state.uid == uid_of(view)
    if not view.in_flight and not known:
        return None
    before = view.stable_hash if view.in_flight else before_promotion(view, stable)
    serving, control, weight = _traffic(view)
    pods = view.pods.get(view.current_hash, ())
    old = view.pods.get(before, ()) if before else ()
    baking = state.marks.get(Stage.BAKING.value) if state is not None and known else None
    ending = not view.in_flight and baking is not None and now >= baking + bake
    return Release(
        uid=uid_of(view),
        canary=Revision(view.name, view.current_hash),
        stable=Revision(view.name, before) if before else None,
        weight=weight,
        facts=Facts(serving, control, _ready_at(pods), ending, _pods(view, pods, old)),
        births={pod.name: created(pod) for pod in (*pods, *old)},
        promoted=not view.in_flight,
    )


def nobody_serves(view: View) -> bool:
    """Return whether the new revision alone takes the requests of users, and none of its pods is ready."""
    serving, control, _weight = _traffic(view)
    pods = view.pods.get(view.current_hash, ())
    return serving and not control and bool(pods) and not any(pod.ready for pod in pods)


def uid_of(view: View) -> str:
    """Return the UID of a workload."""
    return str(view.raw["metadata"].get("uid") or "")


def before_promotion(view: View, watched: str = "") -> str:
    """Return the hash that was promoted before the present one, empty when nobody knows.

    Args:
        view: the Rollout.
        watched: what was stable when the guard began: whoever releases without this collection writes nothing down.
    """
    found = next((name for name in promoted(view.raw) if name != view.current_hash), "")
    return found or (watched if watched in view.hashes and watched != view.current_hash else "")


def created(pod: Pod) -> float:
    """Return when a pod was created, seconds since the epoch; 0 when it does not say."""
    return datetime.fromisoformat(pod.created).timestamp() if pod.created else 0.0


def _traffic(view: View) -> tuple[bool, bool, float | None]:
    """Return whether the new revision serves users, whether the old one does at the same time, and the share that is set."""
    if not view.in_flight:
        return True, False, None
    if view.strategy == BLUE_GREEN:
        # From the switch on until the old pods go, there is nothing to compare with either.
        return view.traffic.main == view.current_hash, False, None
    if view.traffic.weight is not None:
        share = view.traffic.weight / 100
        return share > 0, 0 < share < 1, share
    # Without a router requests follow the pods.
    serving = any(pod.ready for pod in view.pods.get(view.current_hash, ()))
    return serving, any(pod.ready for pod in view.pods.get(view.stable_hash, ())), None


def _ready_at(pods: tuple[Pod, ...]) -> float | None:
    """Return since when there are Ready pods, as far as their age tells."""
    return min((created(pod) for pod in pods if pod.ready), default=None)


def _pods(view: View, pods: tuple[Pod, ...], old: tuple[Pod, ...]) -> PodFacts:
    progressing = condition(view.raw, "Progressing")
    return PodFacts(
        late=view.in_flight and progressing.get("status") == "False" and progressing.get("reason") == _LATE,
        crash_looping=tuple(pod.name for pod in pods if pod.status == _CRASHES),
        restarts=sum(pod.restarts for pod in pods),
        stable_restarts=sum(pod.restarts for pod in old),
    )
