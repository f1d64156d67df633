# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The loop of the guard: look, ask, decide, act, remember. Private to this collection."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .._guard.cycle import begin, policy_for
from .._guard.policy import Policies, Policy
from .._guard.policy_reading import policy_of
from .._guard.stages import over
from .._guard.state import State
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.retrying import BUSY
from .._rollouts.choice import Choice, Need
from .._rollouts.estate import Estate
from .._rollouts.model import View
from .locking import identity
from .release import Release, release_of
from .sampling import Sampler
from .watched import Watched

_NEED = Need.REVISIONS | Need.TRAFFIC | Need.PODS | Need.FOLLOWED
# Seconds between two looks at the cluster when it is silent: pods crash without any window coming to its end.
_PATIENCE = 5.0
# A guard that has not renewed its Lease for so many windows is dead.
_LEASE_WINDOWS = 3


@dataclass(frozen=True)
class Setting:
    """What the guard was told.

    Attributes:
        namespace: of the Rollouts.
        choice: which of them.
        policies: by which they are judged.
        trading: names of those that take orders.
        timeout: seconds to watch at most; None: until somebody ends it.
        until_finished: whether to return as soon as no release is left to be watched.
    """

    namespace: str
    choice: Choice
    policies: Policies
    trading: frozenset[str]
    timeout: float | None
    until_finished: bool


class Guard:
    """One guard, for the chosen Rollouts of one namespace."""

    def __init__(self, kube: Kube, sampler: Sampler, setting: Setting, say: Callable[[str, str], None]) -> None:
        """Prepare.

        Args:
            kube: an open connection; in check mode nothing is done and nothing remembered.
            sampler: asks Prometheus.
            setting: what the guard was told.
            say: takes the name of a Rollout (or nothing) and a line about it.
        """
        self._kube, self._sampler, self._setting, self._say = kube, sampler, setting, say
        self._me = identity()
        self._watched: dict[str, Watched] = {}
        self._told: tuple[str, ...] = ()
        self._away = False

    def run(self) -> dict[str, Watched]:
        """Watch until the end; return what was watched, by name of the Rollout.

        Raises:
            DeliveryError: the cluster cannot be read, or a record is damaged.
        """
        ends = math.inf if self._setting.timeout is None else time.monotonic() + self._setting.timeout
        with Estate(self._kube, self._setting.namespace, self._setting.choice, _NEED) as estate:
            estate.follow()
            try:
                while True:
                    views = {name: view for name, view in estate.views().items() if view.kind == "Rollout"}
                    self._look_if_possible(views)
                    left = ends - time.monotonic()
                    if left <= 0 or (self._setting.until_finished and self._finished(views)):
                        return self._watched
                    estate.wait(min(left, self._until_next()))
            finally:
                for one in self._watched.values():
                    one.close()

    def _look_if_possible(self, views: Mapping[str, View]) -> None:
        """Look; what fails because the API server is away for a while is done at the next look."""
        try:
            self._look(views)
        except ApiFailure as failure:
            if failure.reason != "Unreachable" and failure.code not in BUSY:
                raise
            if not self._away:
                self._say("", f"{failure.sentence()} It is tried again until it answers.")
            self._away = True
            return
        if self._away:
            self._say("", "the API server answers again")
        self._away = False

    def _look(self, views: Mapping[str, View]) -> None:
        now = time.time()
        for name, view in views.items():
            one = self._watched.get(name) or self._watched.setdefault(name, self._new(name))
            one.see(view, now)
            self._adopt(one, view, now)
        busy = [one for one in self._watched.values() if one.busy and one.hold_lease(now) and one.busy]
        wanted = [found for one in busy if (found := one.wanted(now)) is not None]
        windows = self._sampler.windows(wanted)
        self._tell_problems()
        for one in busy:
            if one.name in views:
                one.take_in(windows.get(one.name, ()), time.time())

    def _new(self, name: str) -> Watched:
        return Watched(
            self._kube,
            self._setting.namespace,
            name,
            me=self._me,
            lease=_LEASE_WINDOWS * self._policy(name).window,
            say=lambda line: self._say(name, line),
        )

    def _adopt(self, one: Watched, view: View, now: float) -> None:
        """Begin to watch a release that is new, or leave one that is not there any more."""
        release = self._release(one, view, now)
        if release is not None and not release.known(one.record.state):
            # It may be what another guard goes back to, which has written that down before it did it.
            one.catch_up()
            release = self._release(one, view, now)
        state = one.record.state
        if one.rolling_back and state is not None:
            one.judge_by(self._policy_of(state))
        elif release is None:
            one.leave(view)
        elif state is None or not release.known(state):
            state = self._begin(one.name, release, now)
            one.start(state, release, self._policy_of(state))
        elif not over(state):
            policy, note = policy_for(state, self._setting.policies)
            one.go_on(release, policy, note)

    def _release(self, one: Watched, view: View, now: float) -> Release | None:
        state = one.record.state
        if one.rolling_back:
            return None
        return release_of(view, state, bake=self._policy_of(state).bake if state else 0.0, now=now)

    def _begin(self, name: str, release: Release, now: float) -> State:
        policy = self._policy(name)
        # The borders of all windows are the same, so that one query serves all services.
        origin = now - now % policy.window
        before = self._sampler.before(policy, release.stable, now) if release.stable else None
        return begin(
            self._setting.policies,
            name,
            uid=release.uid,
            revision=release.canary.hash,
            trading=name in self._setting.trading,
            origin=origin,
            burstiness=before.burstiness if before else None,
            usual=before.usual if before else None,
        )

    def _policy(self, name: str) -> Policy:
        return policy_of(self._setting.policies.written(name), trading=name in self._setting.trading)

    def _policy_of(self, state: State) -> Policy:
        return policy_for(state, self._setting.policies)[0]

    def _finished(self, views: Mapping[str, View]) -> bool:
        moving = any(not view.phase.settled for view in views.values())
        return not moving and not any(one.busy for one in self._watched.values())

    def _until_next(self) -> float:
        now = time.time()
        due = [one.next_window(now) - now for one in self._watched.values() if one.busy]
        return max(min([_PATIENCE, *due]), 0.05)

    def _tell_problems(self) -> None:
        problems = tuple(self._sampler.problems)
        if problems != self._told:
            for problem in problems:
                self._say("", f"Prometheus does not answer: {problem}")
            if self._told and not problems:
                self._say("", "Prometheus answers again")
        self._told = problems
