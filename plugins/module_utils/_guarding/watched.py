# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One Rollout under the guard: what is remembered of it, and what is done to it. Private to this collection."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from .._errors import DeliveryError
from .._guard.cycle import take_in
from .._guard.decision import Decision, Reason
from .._guard.facts import Facts
from .._guard.policy import Policy
from .._guard.preflight import Outcome, Preflight, preflight
from .._guard.recovery import Verification, looked, verify
from .._guard.stages import moved, over
from .._guard.state import State
from .._kube.client import Kube
from .._rollouts.model import View
from .._windows.clock import Span
from .._windows.model import Revision, ServiceWindow
from .._words import Mode, Recovery, Stage, Verdict
from . import acting, keeping
from .lines import look_line
from .locking import Lock
from .record import Record, Rollback, caught_up
from .release import Release, nobody_serves
from .rollback_facts import missing, recovery_facts, rollback_facts, target_of
from .sampling import Wanted

_AFTER = frozenset({Stage.ROLLING_BACK, Stage.VERIFYING})


class Watched:
    """A Rollout that the guard was told to watch, with or without a release."""

    def __init__(
        self, kube: Kube, namespace: str, name: str, *, me: str, lease: float, say: Callable[[str], None]
    ) -> None:
        """Read what is remembered of it.

        Args:
            kube: an open connection; in check mode nothing is done and nothing remembered.
            namespace: of the Rollout.
            name: its name.
            me: this guard.
            lease: seconds after which a guard that does not renew its Lease is taken for dead.
            say: shows a line about it.

        Raises:
            DeliveryError: the record is damaged.
        """
        self.name = name
        self.record: Record = keeping.load(kube, namespace, name)
        self.release: Release | None = None
        self.policy: Policy | None = None
        self.decision: Decision | None = None
        self.preflight: Preflight | None = None
        self.verification: Verification | None = None
        self.changed = False
        self.view: View | None = None
        self._kube, self._namespace, self._say = kube, namespace, say
        self._lock = Lock(kube, namespace, name, me=me, seconds=lease)
        self._lease = lease
        # When the Lease was ours last, and when it was asked for last.
        self._renewed, self._asked, self._mine = 0.0, 0.0, False
        self._unsaved = False
        # Since when nobody serves users, as far as it was seen; 0: somebody does.
        self._down = 0.0
        self._weights: list[tuple[float, float | None]] = []
        self._said = ""

    @property
    def busy(self) -> bool:
        """Whether there is anything to watch."""
        state = self.record.state
        if state is None:
            return False
        return self._unsaved or (not over(state) and (self.release is not None or self.rolling_back))

    @property
    def rolling_back(self) -> bool:
        """Whether a rollback was begun and not yet verified."""
        return self.record.state is not None and self.record.state.stage in _AFTER

    def see(self, view: View, now: float) -> None:
        """Take the Rollout as it is now."""
        self.view = view
        weight = view.traffic.weight / 100 if view.in_flight and view.traffic.weight is not None else None
        if not self._weights or self._weights[-1][1] != weight:
            self._weights.append((now, weight))
        self._down = (self._down or now) if nobody_serves(view) else 0.0

    def start(self, state: State, release: Release, policy: Policy) -> None:
        """Begin to watch a release."""
        self.record = replace(self.record, state=state, paused=False, paged="")
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

    def leave(self, view: View) -> None:
        """There is no release any more."""
        if self.release is not None and self._open:
            # Who guards it has written down that it takes it back before it did.
            self.catch_up()
            state = self.record.state
            if state is not None and self._open and not self.rolling_back:
                self._say(
                    f"revision {state.hash} is not live any more: somebody else took it back, or released another"
                )
        self.release = None

    @property
    def _open(self) -> bool:
        return self.record.state is not None and not over(self.record.state)

    def hold_lease(self, now: float) -> bool:
        """Return whether this guard is the one that acts, after renewing its Lease if it is time."""
        if now - (self._renewed if self._mine else self._asked) < self._patience:
            return self._mine
        had_it, before, self._asked = self._mine, self._lock.holder, now
        self._mine = self._lock.take()
        if self._mine:
            self._renewed = now
        elif self._lock.holder != before:
            self._say(f"{self._lock.holder} guards it; this guard only waits")
        if not (had_it and self._mine):
            self._catch_up()
        return self._mine

    def catch_up(self) -> None:
        """Take what other guards have seen and done, unless this one is the one that acts."""
        if not self._mine:
            self._catch_up()

    def _catch_up(self) -> None:
        self.record = caught_up(self.record, keeping.load(self._kube, self._namespace, self.name))

    @property
    def _patience(self) -> float:
        """Seconds after which to renew the Lease, or to ask again for that of somebody else."""
        return self._lease / (3 if self._mine else 6)

    def wanted(self, now: float) -> Wanted | None:
        """Return the windows that are due; None: there are none."""
        state, policy = self.record.state, self.policy
        if state is None or policy is None:
            return None
        clock = policy.clock(state.origin)
        windows = clock.due(self._seen(), now)
        if not windows:
            return None
        stable = self.release.stable if self.release and not self.rolling_back else None
        if self.rolling_back:
            stable = Revision(self.name, self.record.rollbacks[-1].target)
        births = self.release.births if self.release else {}
        weights = {index: self._weight_in(clock.span(index)) for index in windows}
        canary = Revision(self.name, state.hash)
        return Wanted(self.name, canary, stable, policy, clock, windows, births, weights)

    def next_window(self, now: float) -> float:
        """Return when there is something to do next, seconds since the epoch: a window to take in, or a Lease to ask for."""
        state, policy = self.record.state, self.policy
        if not self._mine:
            return self._asked + self._patience
        if state is None or policy is None:
            return now
        clock = policy.clock(state.origin)
        return clock.when(max(self._seen(), clock.complete(now)) + 1)

    def take_in(self, windows: Sequence[ServiceWindow], now: float) -> None:
        """Take windows in, decide, and do what follows."""
        if self._unsaved:
            # The API server was away.
            self._save()
            if not self._open:
                return
        if self.rolling_back:
            self._verify(windows, now)
            return
        state, policy, release, view = self.record.state, self.policy, self.release, self.view
        if state is None or policy is None or release is None or view is None:
            return
        facts = release.facts
        if self._down:
            facts = replace(facts, pods=replace(facts.pods, down=now - self._down))
        after, decision = take_in(policy, state, windows, facts, now)
        if view.aborted and view.in_flight and decision.verdict is not Verdict.ROLLBACK:
            decision = _aborted(view, policy.mode)
            after = after if after.stage is Stage.PREFLIGHT else _to_preflight(after, decision, now)
        if after.stage is Stage.PREFLIGHT and decision.action is not Verdict.ROLLBACK:
            # A guard was killed before it could do what is not called for any more.
            after = moved(after, Stage.HOLDING, now)
        self.decision = decision
        self._tell(after, decision, bool(windows))
        self.record = replace(self.record, state=after)
        if after != state:
            self._save()
        self._act(after, decision, now)

    def close(self) -> None:
        """Give the Lease back."""
        try:
            self._lock.release()
        except DeliveryError:
            # It runs out by itself.
            return

    def _act(self, state: State, decision: Decision, now: float) -> None:
        try:
            if decision.action is Verdict.ROLLBACK:
                self._roll_back(state, decision, now)
            elif decision.action is Verdict.HOLD:
                self._hold()
            elif decision.verdict is Verdict.CONTINUE:
                self._let_go()
                if self.release and self.release.facts.ending:
                    self._finish(now)
        except DeliveryError as error:
            # Tried again at the next look; whoever watches has to know at once.
            self._say(f"it could not be done: {error.sentence()}")

    def _hold(self) -> None:
        view, state = self.view, self.record.state
        if view is None or state is None or self.record.paused or not view.in_flight or view.aborted:
            return
        if view.raw["spec"].get("paused"):
            return
        if not self._kube.dry_run:
            acting.pause(self._kube, self._namespace, self.name, state.hash)
        self.changed = True
        self.record = replace(self.record, paused=True)
        self._save()
        self._say("held: it keeps its weight and goes no further")

    def _let_go(self) -> None:
        view, state = self.view, self.record.state
        if view is None or state is None or not self.record.paused:
            return
        if view.in_flight and view.raw["spec"].get("paused") and not self._kube.dry_run:
            acting.resume(self._kube, self._namespace, self.name, state.hash)
        self.changed = True
        self.record = replace(self.record, paused=False)
        self._save()
        self._say("it goes on")

    def _finish(self, now: float) -> None:
        state = self.record.state
        if state is not None:
            self.record = replace(self.record, state=moved(state, Stage.DONE, now))
            self._save()
            self._say(f"revision {state.hash} is good: its bake time is over")

    def _roll_back(self, state: State, decision: Decision, now: float) -> None:
        view, policy = self.view, self.policy
        if view is None or policy is None:
            return
        if state.stage is Stage.BLOCKED:
            state = moved(state, Stage.PREFLIGHT, now)
        facts = rollback_facts(
            view,
            self.record,
            now=now,
            over_thresholds=state.evidence.stable >= policy.levels.hold,
            missing=missing(self._kube, view),
        )
        self.preflight = preflight(facts, policy.rollback)
        if not self.preflight.passed:
            blocked = Stage.HOLDING if self.preflight.outcome is Outcome.WAIT else Stage.BLOCKED
            self.record = replace(self.record, state=moved(state, blocked, now))
            self._save()
            self._say(f"it is not rolled back: {self.preflight.text}")
            self._hold()
            return
        target = target_of(view)
        rollback = Rollback(now, state.hash, target, decision.text)
        self.record = replace(
            self.record,
            state=moved(state, Stage.ROLLING_BACK, now),
            paused=False,
            rollbacks=(*self.record.rollbacks, rollback),
            banned=(*(name for name in self.record.banned if name != state.hash), state.hash),
        )
        self._save()
        self._say(f"rolled back to {target}: {decision.text}")
        self.changed = True
        self._carry_out(now)

    def _carry_out(self, now: float) -> None:
        """Roll back what the record says, and go on to the verification."""
        state, rollback = self.record.state, self.record.rollbacks[-1]
        if state is None or state.stage is not Stage.ROLLING_BACK:
            return
        live = self.view.current_hash if self.view else state.hash
        if live == rollback.bad and not self._kube.dry_run:
            acting.roll_back(self._kube, self._namespace, self.name, rollback.bad)
        elif live == rollback.target and self.view and self.view.in_flight and not self._kube.dry_run:
            # Killed when the template was back: it must not go through its steps again.
            acting.pass_steps(self._kube, self._namespace, self.name, rollback.target)
        seconds = round(time.time() - rollback.at, 3)
        self._replace_rollback(replace(rollback, seconds=seconds))
        self.record = replace(self.record, state=moved(state, Stage.VERIFYING, time.time()))
        self._save()
        self._say(f"{rollback.target} serves all users again, {seconds:.1f} s after the decision; recovery is verified")

    def _verify(self, windows: Sequence[ServiceWindow], now: float) -> None:
        state, policy, view = self.record.state, self.policy, self.view
        if state is None or view is None or policy is None:
            return
        if state.stage is Stage.ROLLING_BACK:
            # Killed, or refused, in the middle of it.
            try:
                self._carry_out(now)
            except DeliveryError as error:
                self._say(f"it could not be rolled back: {error.sentence()}")
            return
        rollback = self.record.rollbacks[-1]
        watch = rollback.watch
        for window in windows:
            # A window that began before the rollback holds what was bad.
            if policy.clock(state.origin).span(window.index).start >= rollback.at:
                watch = looked(policy, watch, window)
        after, _decision = take_in(policy, state, windows, Facts(serving=False, control=False), now)
        self.verification = verify(policy, recovery_facts(view, rollback, now), watch)
        verdict = self.verification.verdict
        if windows or verdict is not Recovery.WAITING:
            self._replace_rollback(
                replace(rollback, watch=watch, verdict="" if verdict is Recovery.WAITING else verdict)
            )
            self.record = replace(self.record, state=after)
            if verdict is Recovery.RECOVERED:
                self.record = replace(self.record, state=moved(after, Stage.RECOVERED, now))
                self._say(f"recovered: {rollback.target} serves all users and is well")
            elif verdict is Recovery.INEFFECTIVE:
                self.record = replace(self.record, state=moved(after, Stage.INEFFECTIVE, now))
                self._say(f"the rollback has not helped: {self.verification.text}. Somebody has to look at once")
            elif windows:
                self._say(f"recovery: {self.verification.text}")
            self._save()

    def _replace_rollback(self, rollback: Rollback) -> None:
        self.record = replace(self.record, rollbacks=(*self.record.rollbacks[:-1], rollback))

    def _tell(self, state: State, decision: Decision, looked_at: bool) -> None:
        line = look_line(state, decision)
        if looked_at or (decision.verdict is not Verdict.CONTINUE and decision.text != self._said):
            self._say(line)
        self._said = decision.text

    def _save(self) -> None:
        self._unsaved = True
        keeping.save(self._kube, self._namespace, self.name, self.record)
        self._unsaved = False

    def _seen(self) -> int:
        state = self.record.state
        return state.seen if state else -1

    def _weight_in(self, span: Span) -> float | None:
        """Return the weight that was set during all of a window, as far as it was seen; None when it changed."""
        position = bisect_right(self._weights, span.start, key=lambda pair: pair[0])
        changed = position < len(self._weights) and self._weights[position][0] <= span.end
        return None if position == 0 or changed else self._weights[position - 1][1]


def _aborted(view: View, mode: Mode) -> Decision:
    """Return the decision about a release that Argo's controller has aborted, which may have left users with nobody."""
    reason = Reason(f"the controller aborted it: {view.phase.message}")
    action = {Mode.ENFORCE: Verdict.ROLLBACK, Mode.HOLD_ONLY: Verdict.HOLD, Mode.DRY_RUN: Verdict.CONTINUE}[mode]
    return Decision(Verdict.ROLLBACK, action, (reason,), page=True)


def _to_preflight(state: State, decision: Decision, now: float) -> State:
    return moved(state, Stage.PREFLIGHT, now) if decision.action is Verdict.ROLLBACK else state
