# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The rollback of one release: whether it may be done, doing it, and whether it has helped. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from .._guard.cycle import take_in
from .._guard.decision import Decision
from .._guard.facts import Facts
from .._guard.policy import Policy
from .._guard.preflight import Outcome, Preflight, preflight
from .._guard.recovery import Verification, looked, verify
from .._guard.state import State
from .._kube.client import Kube
from .._rollouts.model import CANARY, View
from .._windows.model import ServiceWindow
from .._words import Recovery, Stage
from . import acting
from .capacity import room
from .kept import Kept
from .record import Rollback
from .rollback_facts import Around, missing, recovery_facts, rollback_facts, target_of, template_of

_NOBODY = Facts(serving=False, control=False)


class Rescue:
    """Takes a Rollout back, step by step; after each step the record says how far it has come, for a guard that comes after."""

    def __init__(
        self, kube: Kube, namespace: str, name: str, kept: Kept, say: Callable[[str], None], *, freeze: str
    ) -> None:
        """Prepare.

        Args:
            kube: an open connection; in check mode it never comes to a rollback.
            namespace: of the Rollout.
            name: its name.
            kept: what is remembered of it.
            say: shows a line about it.
            freeze: name of the freeze that is on; empty: none.
        """
        self._kube, self._namespace, self._name, self._kept, self._say = kube, namespace, name, kept, say
        self._freeze = freeze
        self.preflight: Preflight | None = None
        self.verification: Verification | None = None
        self.changed = False

    def begin(self, view: View, policy: Policy, state: State, decision: Decision, now: float) -> str:
        """Roll back if nothing is in the way; return what is, in a sentence, empty otherwise.

        Raises:
            DeliveryError: what was to be done could not be; the next look tries again.
        """
        if state.stage is Stage.BLOCKED:
            state = self._kept.move(state, Stage.PREFLIGHT, now)
        well = state.evidence.stable < policy.levels.hold
        facts = rollback_facts(view, self._kept.record, self._around(view), now=now, over_thresholds=not well)
        self.preflight = preflight(facts, policy.rollback)
        if not self.preflight.passed:
            return self._refuse(view, state, self.preflight, now)
        target = target_of(view, self._kept.record)
        rollback = Rollback(now, state.hash, target, decision.text, pods=view.replicas.updated)
        banned = (*(name for name in self._kept.record.banned if name != state.hash), state.hash)
        rollbacks = (*self._kept.record.rollbacks, rollback)
        self._kept.move(state, Stage.ROLLING_BACK, now, paused=False, rollbacks=rollbacks, banned=banned)
        self._say(f"rolled back to {target}: {decision.text}")
        self.changed = True
        self.carry_out(view)
        return ""

    def carry_out(self, view: View) -> None:
        """Roll back what the record says, and go on to the verification.

        A guard that was killed in between finds the record; whether the Rollout was touched already, it sees from its revision.

        Raises:
            DeliveryError: users were not moved in time.
        """
        state, rollback = self._kept.state, self._kept.rollback
        if state is None or state.stage is not Stage.ROLLING_BACK:
            return
        if view.current_hash == rollback.bad:
            acting.roll_back(self._kube, self._namespace, self._name, rollback.bad, rollback.target)
        elif view.current_hash == rollback.target and view.in_flight:
            # Killed when the template was back: it must not go through its steps again.
            acting.pass_steps(self._kube, self._namespace, self._name, rollback.target)
        now = time.time()
        seconds = round(now - rollback.at, 3)
        acting.ban(self._kube, self._namespace, self._name, self._kept.record.banned)
        self._kept.change_rollback(seconds=seconds)
        self._kept.move(state, Stage.VERIFYING, now)
        self._say(f"{rollback.target} serves all users again, {seconds:.1f} s after the decision; recovery is verified")

    def verify(self, view: View, policy: Policy, windows: Sequence[ServiceWindow], now: float) -> None:
        """Look whether a rollback has helped, after finishing one that was interrupted.

        Raises:
            DeliveryError: it could not be finished, or not be written down.
        """
        if self._kept.state and self._kept.state.stage is Stage.ROLLING_BACK:
            self.carry_out(view)
        state, rollback = self._kept.state, self._kept.rollback
        if state is None or state.stage is not Stage.VERIFYING:
            return
        watch = rollback.watch
        for window in windows:
            # A window that began before the rollback holds what was bad.
            if policy.clock(state.origin).span(window.index).start >= rollback.at:
                watch = looked(policy, watch, window)
        after, _decision = take_in(policy, state, windows, _NOBODY, now)
        self.verification = verify(policy, recovery_facts(view, rollback, now), watch)
        verdict = self.verification.verdict
        if not windows and verdict is Recovery.WAITING:
            return
        self._kept.change_rollback(after, watch=watch, verdict="" if verdict is Recovery.WAITING else verdict.value)
        if verdict is Recovery.RECOVERED:
            self._kept.move(after, Stage.RECOVERED, now)
            self._say(f"recovered: {rollback.target} serves all users and is well")
        elif verdict is Recovery.INEFFECTIVE:
            self._kept.move(after, Stage.INEFFECTIVE, now)
            self._say(f"the rollback has not helped: {self.verification.text}. Somebody has to look at once")
        else:
            self._say(f"recovery: {self.verification.text}")

    def _around(self, view: View) -> Around:
        # Stable's pods run beside the new revision; after promotion all of them have to start anew.
        target = target_of(view, self._kept.record)
        space = None if view.in_flight else room(self._kube, self._namespace, template_of(view, target))
        return Around(missing(self._kube, view, target), space, self._freeze)

    def _refuse(self, view: View, state: State, found: Preflight, now: float) -> str:
        """Do what can be done without a rollback: take the traffic off, which can be taken back."""
        waits = found.outcome is Outcome.WAIT
        self._kept.move(state, Stage.HOLDING if waits else Stage.BLOCKED, now)
        text = f"it is not rolled back: {found.text}"
        if found.traffic_off and view.strategy == CANARY and view.in_flight and not view.aborted:
            acting.take_traffic(self._kube, self._namespace, self._name, state.hash)
            self.changed = True
            text += f"; its traffic was taken off, {view.stable_hash} serves all users"
        return text
