# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is remembered of one Rollout while it is watched, and when it is written down. Private to this collection."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

from .._guard.stages import moved
from .._guard.state import State
from .._kube.client import Kube
from .._words import Stage
from . import keeping
from .record import Record, Rollback

# Windows that may be taken in without a word being written: whoever comes after counts them again.
_UNWRITTEN = 4
# Stages in which nothing is done to a release.
_QUIET = frozenset({Stage.WARMUP, Stage.OBSERVING, Stage.BAKING})


class Kept:
    """The record of a Rollout. Written before anything is done that follows from it, so that nothing is done twice."""

    def __init__(self, kube: Kube, namespace: str, name: str) -> None:
        """Read it.

        Raises:
            DeliveryError: it is damaged; ApiFailure: it cannot be read.
        """
        self._kube, self._namespace, self._name = kube, namespace, name
        self.record = self._written = Record()
        # Not all at the same window: they would all be written at the same moment.
        self._turn = zlib.crc32(name.encode()) % _UNWRITTEN
        self.read()

    @property
    def state(self) -> State | None:
        """That of the release which is watched, or was last."""
        return self.record.state

    @property
    def rollback(self) -> Rollback:
        """The last rollback; there is one from stage ``rolling_back`` on."""
        return self.record.rollbacks[-1]

    def read(self) -> None:
        """Read it again, after another guard may have written it. Raises as the first time."""
        self.record = self._written = keeping.load(self._kube, self._namespace, self._name)

    def change(self, **changes: Any) -> None:
        """Replace some of its fields, and write it.

        Raises:
            ApiFailure: it cannot be written.
        """
        record = replace(self.record, **changes)
        if record != self._written:
            keeping.save(self._kube, self._namespace, self._name, record)
            self._written = record
        self.record = record

    def matters(self, state: State) -> bool:
        """Return whether a state is to be written at once, for something is done upon it."""
        written = self._written.state
        if written is None or (written.hash, written.holding) != (state.hash, state.holding):
            return True
        return state.stage is not written.stage and state.stage not in _QUIET

    def take(self, state: State, **changes: Any) -> None:
        """Replace the state after a look, and write it when it `matters`; else `catch_up` writes it.

        Raises:
            ApiFailure: it cannot be written.
        """
        if self.matters(state):
            self.change(state=state, **changes)
        else:
            self.record = replace(self.record, state=state, **changes)

    def catch_up(self) -> None:
        """Write what nothing is done upon, when it says something new or it is time: no decision has to wait for that.

        What was counted in a few windows need not be written, as Prometheus still has it. That keeps 200 releases from writing
        200 times at every window.

        Raises:
            ApiFailure: it cannot be written.
        """
        state, written = self.state, self._written.state
        if state is None or written is None:
            return
        due = state.seen != written.seen and (state.seen + self._turn) % _UNWRITTEN == 0
        if due or (state.stage, state.marks.keys()) != (written.stage, written.marks.keys()):
            self.change()

    def move(self, state: State, stage: Stage, now: float, **changes: Any) -> State:
        """Bring a state of the release to a stage, and write it with other changes. Raises as `change` does."""
        after = moved(state, stage, now)
        self.change(state=after, **changes)
        return after

    def change_rollback(self, state: State | None = None, **changes: Any) -> None:
        """Replace fields of the last rollback, and the state if it is given. Raises as `change` does."""
        rollbacks = (*self.record.rollbacks[:-1], replace(self.rollback, **changes))
        self.change(state=state or self.state, rollbacks=rollbacks)
