# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is remembered of one Rollout while it is watched: every change is written at once. Private to this collection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._guard.stages import moved
from .._guard.state import State
from .._kube.client import Kube
from .._words import Stage
from . import keeping
from .record import Record, Rollback


class Kept:
    """The record of a Rollout. Written before anything is done that follows from it, so that nothing is done twice."""

    def __init__(self, kube: Kube, namespace: str, name: str) -> None:
        """Read it.

        Raises:
            DeliveryError: it is damaged; ApiFailure: it cannot be read.
        """
        self._kube, self._namespace, self._name = kube, namespace, name
        self.record = Record()
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
        self.record = keeping.load(self._kube, self._namespace, self._name)

    def change(self, **changes: Any) -> None:
        """Replace some of its fields, and write it.

        Raises:
            ApiFailure: it cannot be written.
        """
        record = replace(self.record, **changes)
        if record != self.record:
            keeping.save(self._kube, self._namespace, self._name, record)
            self.record = record

    def move(self, state: State, stage: Stage, now: float, **changes: Any) -> State:
        """Bring a state of the release to a stage, and write it with other changes. Raises as `change` does."""
        after = moved(state, stage, now)
        self.change(state=after, **changes)
        return after

    def change_rollback(self, state: State | None = None, **changes: Any) -> None:
        """Replace fields of the last rollback, and the state if it is given. Raises as `change` does."""
        rollbacks = (*self.record.rollbacks[:-1], replace(self.rollback, **changes))
        self.change(state=state or self.state, rollbacks=rollbacks)
