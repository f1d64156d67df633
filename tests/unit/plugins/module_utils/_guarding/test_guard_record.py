# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What several guards of one Rollout know of each other's work."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.recovery import Watch
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.state import State
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.record import (
    Record,
    Rollback,
    caught_up,
    from_data,
    to_data,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._words import Stage

OLD = State("uid", "old", "web", False, 1000.0, {})
NEW = State("uid", "new", "web", False, 2000.0, {})
ROLLBACK = Rollback(1500.0, "old", "good", "it failed", watch=Watch(counted={}))


def test_what_another_guard_has_done_counts() -> None:
    """This one saw the release begin; the other one has taken it back."""
    found = Record(replace(OLD, stage=Stage.VERIFYING, origin=1002.0), rollbacks=(ROLLBACK,), banned=("old",))
    assert caught_up(Record(OLD, paused=True), found) == found


@pytest.mark.parametrize("kept", [OLD, None])
def test_a_release_that_nobody_else_has_seen_stays(kept: State | None) -> None:
    """But the history is what the others have written."""
    found = Record(kept, paused=True, rollbacks=(ROLLBACK,), banned=("old",), paged="old")
    assert caught_up(Record(NEW), found) == Record(NEW, rollbacks=(ROLLBACK,), banned=("old",))


def test_a_release_that_is_over_does_not_hide_a_newer_one() -> None:
    """The other guard watches what this one has not seen."""
    assert caught_up(Record(OLD), Record(NEW)) == Record(NEW)
    assert caught_up(Record(), Record(NEW)) == Record(NEW)


def test_a_record_comes_back_as_it_was_kept() -> None:
    """With what was done about earlier releases."""
    record = Record(None, paused=True, rollbacks=(ROLLBACK,), banned=("old",), paged="old")
    assert from_data(to_data(record), "here") == record
