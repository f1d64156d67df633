# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One Rollout under the guard: look at it, hold it or let it go on, and tell. Private to this collection."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from .._errors import DeliveryError
from .._guard.decision import Decision
from .._guard.policy import Policy
from .._guard.stages import over
from .._guard.state import State
from .._kube.client import Kube
from .._rollouts.model import View
from .._rollouts.progress import transitions
from .._types import Obj
from .._windows.clock import Span
from .._windows.model import Revision, ServiceWindow
from .._words import Mode, Stage, Verdict
from . import acting
from .kept import Kept
from .lines import look_line
from .locking import Lock
from .looking import Look, look_at
from .news import Place, Scene, news_of
from .record import Record
from .release import Release, nobody_serves
from .rescue import Rescue
from .sampling import Wanted
from .telling import Audience, Teller

_AFTER = frozenset({Stage.ROLLING_BACK, Stage.VERIFYING})


@dataclass(frozen=True)
class Post:
    """What all Rollouts under a guard have in common.

    Attributes:
        kube: an open connection; in check mode nothing is done and nothing remembered.
        place: where the guard works.
        me: this guard.
        audience: who is told.
        say: takes the name of a Rollout and a line about it.
        freeze: name of the freeze that is on; empty: none.
    """

    kube: Kube
    place: Place
    me: str
    audience: Audience
    say: Callable[[str, str], None]
    freeze: str = ""


class Watched:
    """A Rollout that the guard was told to watch, with or without a release."""

    def __init__(self, post: Post, name: str, *, lease: float) -> None:
        """Read what is remembered of it.

        Args:
            post: what it has in common with the others.
            name: its name.
            lease: seconds after which a guard that does not renew its Lease is taken for dead.

        Raises:
            DeliveryError: the record is damaged.
        """
        self.name = name
        self.release: Release | None = None
        self.policy: Policy | None = None
        self.decision: Decision | None = None
        # Whether there was a release, and whether there still is.
        self.had_release = self.present = False
        self.view: View | None = None
        self._post, self._kube, self._namespace = post, post.kube, post.place.namespace
        self._kept = Kept(post.kube, self._namespace, name)
        self.rescue = Rescue(post.kube, self._namespace, name, self._kept, self._say, freeze=post.freeze)
        self._teller = Teller(post.audience, self._say)
        self._lock = Lock(post.kube, self._namespace, name, me=post.me, seconds=lease)
        self._lease = lease
        # Whether the Lease is ours, and when it was asked for last.
        self._mine, self._asked = False, 0.0
        # Since when nobody serves users, as far as it was seen; 0: somebody does.
        self._down = 0.0
        self._weights: list[tuple[float, float | None]] = []
        self._said = ""
        self._trouble = ""
        self._changed = False

    @property
    def record(self) -> Record:
        """What is remembered of it."""
        return self._kept.record

    @property
    def changed(self) -> bool:
        """Whether this guard did anything to the Rollout; in check mode: whether it would have."""
        return self._changed or self.rescue.changed

    @property
    def busy(self) -> bool:
        """Whether there is anything to watch, by this guard or by the one that acts."""
        state = self._kept.state
        return state is not None and not over(state) and self.present

    @property
    def rolling_back(self) -> bool:
        """Whether a rollback was begun and not yet verified."""
        return self._kept.state is not None and self._kept.state.stage in _AFTER

    @property
    def held(self) -> bool:
        """Whether it is to go no further: held, or on its way back."""
        state = self._kept.state
        blocked = state is not None and state.stage in (Stage.PREFLIGHT, Stage.BLOCKED)
        return self.record.paused or self.rolling_back or (blocked and self.busy)

    def see(self, view: View, now: float) -> None:
        """Take the Rollout as it is now, and tell what happened to it."""
        if self.view is not None or view.in_flight:
            for line in transitions(self.view, view):
                self._say(line)
        self.view = view
        weight = view.traffic.weight / 100 if view.in_flight and view.traffic.weight is not None else None
        if not self._weights or self._weights[-1][1] != weight:
            self._weights.append((now, weight))
        self._down = (self._down or now) if nobody_serves(view) else 0.0

    def start(self, state: State, release: Release, policy: Policy, name: str) -> None:
        """Begin to watch a release of this name (empty: it has none)."""
        self._trouble = ""
        before = release.stable.hash if release.stable else ""
        self._kept.change(state=state, paused=False, before=before, release=name or state.hash, holds=0)
        self.go_on(release, policy, "")
        against = f", against {release.stable.hash}" if release.stable else ""
        self._say(f"revision {release.canary.hash} is watched{against} ({policy.mode})")

    def go_on(self, release: Release, policy: Policy, note: str) -> None:
        """Go on watching a release, after a look at the cluster."""
        if note and self.release is None:
            self._say(note)
        self.release = release
        self.judge_by(policy)

    def judge_by(self, policy: Policy) -> None:
        """Take a policy; in check mode nothing is done by it."""
        self.policy = policy.in_mode(Mode.DRY_RUN) if self._kube.dry_run else policy

    def leave(self) -> None:
        """There is no release any more."""
        if self.present and not self._mine:
            # Who guards it has written down that it takes it back before it did.
            self._kept.read()
        state = self._kept.state
        if self.present and state is not None and not over(state) and not self.rolling_back:
            self._say(f"revision {state.hash} is not live any more: somebody else took it back, or released another")
        self.release, self.present = None, False
        self._lock.release()
        self._mine, self._asked = False, 0.0

    def hold_lease(self, now: float) -> bool:
        """Return whether this guard is the one that acts, after renewing its Lease if it is time.

        When it has just become the one, or is not, it takes over what the other one has seen, done and told.

        Raises:
            DeliveryError: neither Lease nor record can be read or written.
        """
        if now - self._asked < self._patience:
            return self._mine
        had_it, before, self._asked = self._mine, self._lock.holder, now
        self._mine = self._lock.take()
        if not self._mine and self._lock.holder != before:
            self._say(f"{self._lock.holder} guards it; this guard only waits")
        if not (had_it and self._mine):
            self._kept.read()
            self._teller = Teller(self._post.audience, self._say)
        self.had_release = self.present = True
        return self._mine

    @property
    def _patience(self) -> float:
        """Seconds after which to renew the Lease, or to ask again for that of somebody else."""
        return self._lease / (3 if self._mine else 6)

    def wanted(self, now: float) -> Wanted | None:
        """Return the windows that are due; None: there are none."""
        state, policy = self._kept.state, self.policy
        if state is None or policy is None:
            return None
        clock = policy.clock(state.origin)
        windows = clock.due(state.seen, now)
        if not windows:
            return None
        stable = self.release.stable if self.release and not self.rolling_back else None
        if self.rolling_back:
            stable = Revision(self.name, self._kept.rollback.target)
        births = self.release.births if self.release else {}
        weights = {index: self._weight_in(clock.span(index)) for index in windows}
        canary = Revision(self.name, state.hash)
        return Wanted(self.name, canary, stable, policy, clock, windows, births, weights)

    def next_window(self, now: float) -> float:
        """Return when there is something to do next, seconds since the epoch: a window to take in, or a Lease to ask for."""
        if not self._mine:
            return self._asked + self._patience
        state, policy = self._kept.state, self.policy
        if state is None or policy is None:
            return now
        clock = policy.clock(state.origin)
        return clock.when(max(state.seen, clock.complete(now)) + 1)

    def take_in(self, windows: Sequence[ServiceWindow], now: float) -> Callable[[], None] | None:
        """Take windows in and decide, which sends nothing; return what is to be done and sent upon it, None: nothing.

        Most looks at most releases end here, so that who watches many of them needs no threads for deciding.
        """
        self._trouble = ""
        if self.rolling_back:
            return partial(self._act, partial(self._verify, windows, now), now)
        state, policy, release, view = self._kept.state, self.policy, self.release, self.view
        if state is not None and policy is not None and release is not None and view is not None:
            look = look_at(policy, state, release, view, windows, now=now, down=self._down)
            self.decision = look.decision
            if self._has_to_act(look):
                return partial(self._act, partial(self._follow, look, now), now)
            self._show(look)
            self._kept.take(look.state)
        told = self._tell(now)
        return None if told == self.record.told else partial(self._keep_told, told)

    def _act(self, what: Callable[[], None], now: float) -> None:
        """Do what follows from a look, and tell of it."""
        try:
            what()
        except DeliveryError as error:
            # Tried again at the next look; whoever watches has to know at once.
            self._trouble = f"it could not be done: {error.sentence()}"
        if self._trouble:
            self._say(self._trouble)
        self._keep_told(self._tell(now))

    def catch_up(self) -> None:
        """Write what was counted, when it is time."""
        try:
            self._kept.catch_up()
        except DeliveryError as error:
            self._say(f"what was counted could not be written down: {error.sentence()}")

    def close(self) -> None:
        """Tell what is still to be told, and give the Lease back."""
        try:
            told = self._teller.close(self.record.told)
            if self._mine:
                # With it goes what was not written yet of the last windows.
                self._kept.change(told=told)
            self._lock.release()
        except DeliveryError:
            # The Lease runs out by itself, and what was told without being written down is told again at worst.
            return

    def _has_to_act(self, look: Look) -> bool:
        """Return whether anything follows from a look beside that it is remembered."""
        if look.decision.action is not Verdict.CONTINUE or look.ending or self._kept.matters(look.state):
            return True
        return look.decision.verdict is Verdict.CONTINUE and self.record.paused

    def _follow(self, look: Look, now: float) -> None:
        self._show(look)
        self._kept.take(look.state, holds=self.record.holds + int(look.begins_to_hold))
        if look.decision.action is Verdict.ROLLBACK:
            self._trouble = self.rescue.begin(look.view, look.policy, look.state, look.decision, now)
            if self._trouble and not look.view.aborted:
                self._hold()
        elif look.decision.action is Verdict.HOLD:
            self._hold()
        else:
            # In a dry run it may have been for something else.
            if look.decision.verdict is Verdict.CONTINUE:
                self._let_go()
            if look.ending:
                self._finish(look.state, look.decision.verdict, now)

    def _finish(self, state: State, verdict: Verdict, now: float) -> None:
        record = self.record
        if verdict is Verdict.CONTINUE and state.hash in record.banned and not self._kube.dry_run:
            # Somebody released it again on purpose, and was right.
            banned = tuple(name for name in record.banned if name != state.hash)
            acting.ban(self._kube, self._namespace, self.name, banned)
            self._kept.change(banned=banned)
        self._kept.move(state, Stage.DONE, now)
        what = "is good" if verdict is Verdict.CONTINUE else f"was left alone in a dry run, for {verdict}"
        self._say(f"revision {state.hash} {what}: its bake time is over")

    def _verify(self, windows: Sequence[ServiceWindow], now: float) -> None:
        if self.view is not None and self.policy is not None:
            self.rescue.verify(self.view, self.policy, windows, now)

    def _hold(self) -> None:
        view, state = self.view, self._kept.state
        if view is None or state is None or self.record.paused or not view.in_flight or view.aborted:
            return
        if view.raw["spec"].get("paused"):
            return
        if not self._kube.dry_run:
            acting.pause(self._kube, self._namespace, self.name, state.hash)
        self._changed = True
        self._kept.change(paused=True)
        self._say("held: it keeps its weight and goes no further")

    def _let_go(self) -> None:
        view, state = self.view, self._kept.state
        if view is None or state is None or not self.record.paused:
            return
        if view.in_flight and view.raw["spec"].get("paused") and not self._kube.dry_run:
            acting.resume(self._kube, self._namespace, self.name, state.hash)
        self._changed = True
        self._kept.change(paused=False)
        self._say("it goes on")

    def _show(self, look: Look) -> None:
        decision = look.decision
        if look.looked_at or (decision.verdict is not Verdict.CONTINUE and decision.text != self._said):
            self._say(look_line(look.state, decision))
        self._said = decision.text

    def _tell(self, now: float) -> Obj | None:
        """Give what is new to the channels, which nobody waits for; return what was told by now."""
        state, view, policy = self._kept.state, self.view, self.policy
        if state is None or view is None or policy is None or self._kube.dry_run:
            return self.record.told
        clock = policy.clock(state.origin)
        scene = Scene(self._post.place, view, self.record, policy.mode, self.decision, clock, self._trouble)
        try:
            return self._teller.tell(news_of(scene, now), self.record.told)
        except DeliveryError as error:
            self._say(f"nobody could be told: {error.sentence()}")
            return self.record.told

    def _keep_told(self, told: Obj | None) -> None:
        try:
            if told != self.record.told:
                self._kept.change(told=told)
        except DeliveryError as error:
            self._say(f"what was told could not be written down: {error.sentence()}")

    def _say(self, line: str) -> None:
        self._post.say(self.name, line)

    def _weight_in(self, span: Span) -> float | None:
        """Return the weight that was set during all of a window, as far as it was seen; None when it changed."""
        position = bisect_right(self._weights, span.start, key=lambda pair: pair[0])
        changed = position < len(self._weights) and self._weights[position][0] <= span.end
        return None if position == 0 or changed else self._weights[position - 1][1]
