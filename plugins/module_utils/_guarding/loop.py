# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The loop of the guard: look, ask, decide, act, remember. Private to this collection."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from .._guard.cycle import begin
from .._guard.past import UNKNOWN
from .._guard.policy import Policies, Policy
from .._guard.policy_reading import policy_of
from .._guard.stages import over
from .._guard.state import State
from .._kube.client import Kube
from .._kube.failures import ApiFailure
from .._kube.retrying import BUSY
from .._rollouts.choice import EVERYTHING, Choice, Need
from .._rollouts.estate import Estate
from .._rollouts.model import View
from .._rollouts.states import HEALTHY, READY, judge
from .._words import Metric
from .garbage import uncollected
from .locking import identity
from .news import Place
from .policies import KnownPolicies
from .release import Release, release_of
from .sampling import Sampler
from .telling import Audience
from .watched import Post, Watched

_NEED = EVERYTHING | Need.PODS
# Seconds between two looks at the cluster when it is silent: pods crash without any window coming to its end.
_PATIENCE = 5.0
# The same while something is being done, and how long a look waits for it.
_WORKING, _AT_ONCE = 0.5, 1.0
# Rollouts for which something can be done at the same time.
_WORKERS = 16
# When a guard returns.
FINISHED, STOPPED, ARRIVED, ANY_READY = "finished", "stopped", "arrived", "any_ready"
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
        until: when to return: as soon as no release is left to be watched (FINISHED); as soon as every Rollout is healthy, waits
            for a promotion or cannot get further (ARRIVED), or one of them waits for a promotion (ANY_READY); never (STOPPED).
        audience: who is told.
        freeze: name of the freeze that is on; empty: none.
    """

    namespace: str
    choice: Choice
    policies: Policies
    trading: frozenset[str]
    timeout: float | None
    until: str
    audience: Audience
    freeze: str = ""


class Guard:
    """One guard, for the chosen Rollouts of one namespace."""

    def __init__(
        self,
        kube: Kube,
        sampler: Sampler,
        setting: Setting,
        say: Callable[[str, str], None],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare.

        Args:
            kube: an open connection; in check mode nothing is done and nothing remembered.
            sampler: asks Prometheus.
            setting: what the guard was told.
            say: takes the name of a Rollout (or nothing) and a line about it.
            beat: is called after every look.
        """
        self._kube, self._sampler, self._setting, self._say = kube, sampler, setting, say
        self._beat = beat
        place = Place(setting.audience.environment, kube.cluster, setting.namespace)
        self._post = Post(kube, place, identity(), setting.audience, say, setting.freeze)
        self._policies = KnownPolicies(setting.policies)
        self._watched: dict[str, Watched] = {}
        self._told: set[Metric] = set()
        # Whether the time was over before what it was to wait for.
        self.timed_out = False
        self._away = False
        self._pool = ThreadPoolExecutor(_WORKERS)
        self._at_work: dict[str, Future[None]] = {}

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
                    self._beat()
                    left = ends - time.monotonic()
                    done = self._done(views)
                    if left <= 0 or done:
                        self.timed_out = not done
                        return self._watched
                    estate.wait(min(left, self._until_next()))
            finally:
                # What was begun is finished: a rollback in the middle would leave users with both revisions.
                self._pool.shutdown()
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
        self._gather(0.0)
        now = time.time()
        acting = [self._of(name) for name, view in views.items() if self._acts(self._of(name), view, now)]
        wanted = [found for one in acting if (found := one.wanted(now)) is not None]
        with uncollected():
            windows = self._sampler.windows(wanted)
        self._tell_problems()
        with uncollected():
            for one in acting:
                if (what := one.take_in(windows.get(one.name, ()), time.time())) is not None:
                    self._at_work[one.name] = self._pool.submit(what)
        self._gather(_AT_ONCE)
        for one in acting:
            self._renew(one)
            if one.name not in self._at_work:
                one.catch_up()

    def _renew(self, one: Watched) -> None:
        """Renew the Lease of what this guard acts upon a window before it would be time: no decision has to wait for it then."""
        one.hold_lease(time.time() + (one.policy.window if one.policy else 0.0))

    def _gather(self, seconds: float) -> None:
        """Wait a while for what is being done, so that a rollback that takes long keeps nobody else from being guarded.

        Raises:
            DeliveryError: something of it failed for good.
        """
        for done in wait(self._at_work.values(), timeout=seconds).done:
            self._at_work = {name: each for name, each in self._at_work.items() if each is not done}
            done.result()

    def _acts(self, one: Watched, view: View, now: float) -> bool:
        """Take a Rollout as it is now; return whether there is a release and this guard is the one that acts."""
        if one.name in self._at_work:
            # What is being done is done by the Rollout as it was; that the Lease stays ours is all there is to do.
            self._renew(one)
            return False
        one.see(view, now)
        if not one.rolling_back and not self._open(one, view, now):
            one.leave()
            return False
        if not one.hold_lease(now):
            return False
        # Only now: with the Lease came what another guard had written.
        self._adopt(one, view, now)
        return one.busy

    def _of(self, name: str) -> Watched:
        if name not in self._watched:
            self._watched[name] = Watched(self._post, name, lease=_LEASE_WINDOWS * self._policy(name).window)
        return self._watched[name]

    def _adopt(self, one: Watched, view: View, now: float) -> None:
        """Begin to watch a release that is new, or go on with one that is known."""
        state = one.record.state
        if one.rolling_back and state is not None:
            one.judge_by(self._policy_of(state))
            return
        release = self._release(one, view, now)
        if release is None:
            one.leave()
        elif state is None or not release.known(state):
            state = self._begin(one.name, release, now)
            one.start(state, release, self._policy_of(state), view.release)
        elif not over(state):
            one.go_on(release, *self._policies.of(state))

    def _open(self, one: Watched, view: View, now: float) -> bool:
        """Return whether there is a release about which not everything was said."""
        release, state = self._release(one, view, now), one.record.state
        return release is not None and not (state is not None and over(state) and release.known(state))

    def _release(self, one: Watched, view: View, now: float) -> Release | None:
        state = one.record.state
        bake = self._policy_of(state).bake if state else 0.0
        return release_of(view, state, bake=bake, now=now, stable=one.record.before)

    def _begin(self, name: str, release: Release, now: float) -> State:
        policy = self._policy(name)
        # The borders of all windows are the same, so that one query serves all services.
        origin = now - now % policy.window
        past = self._sampler.before(policy, release.stable, now) if release.stable else UNKNOWN
        return begin(
            self._setting.policies,
            name,
            uid=release.uid,
            revision=release.canary.hash,
            trading=name in self._setting.trading,
            origin=origin,
            past=past,
        )

    def _policy(self, name: str) -> Policy:
        return policy_of(self._setting.policies.written(name), trading=name in self._setting.trading)

    def _policy_of(self, state: State) -> Policy:
        return self._policies.of(state)[0]

    def _done(self, views: Mapping[str, View]) -> bool:
        if self._at_work:
            return False
        until, busy = self._setting.until, any(one.busy for one in self._watched.values())
        if until == FINISHED:
            return not busy and all(view.phase.settled for view in views.values())
        if until == STOPPED or not views:
            return until != STOPPED
        arrived = {name: self._arrived(self._of(name), view) for name, view in views.items()}
        return all(arrived.values()) or (until == ANY_READY and any(each == READY for each in arrived.values()))

    def _arrived(self, one: Watched, view: View) -> str:
        """Return at which state a Rollout has arrived, or why it cannot get further; empty while it is on its way or held."""
        if one.rolling_back or one.held:
            return ""
        stands = judge(view, [HEALTHY, READY])
        return stands.reached or stands.impossible

    def _until_next(self) -> float:
        now = time.time()
        due = [one.next_window(now) - now for one in self._watched.values() if one.busy]
        return max(min([_WORKING if self._at_work else _PATIENCE, *due]), 0.05)

    def _tell_problems(self) -> None:
        """Tell of each metric once that it is not to be had, and once when all of them are again."""
        problems = self._sampler.problems
        for metric, problem in problems.items():
            if metric not in self._told:
                self._say("", f"Prometheus does not answer: {metric}: {problem}")
        if self._told and not problems:
            self._say("", "Prometheus answers again")
        self._told = set(problems)
