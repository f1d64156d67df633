# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The record of what was promoted, and of the release that changed a template last."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._rollouts.history import (
    PROMOTED,
    RELEASE,
    marked_rolled_back,
    promoted,
    promoted_after_change,
    release_of,
)
from ansible_collections.tradesense.delivery.plugins.module_utils._types import Obj


def rollout(stable: str, record: str) -> Obj:
    return {"metadata": {"annotations": {PROMOTED: record}}, "status": {"stableRS": stable}}


@pytest.mark.parametrize(
    ("stable", "record", "expected"),
    [
        ("", "", []),
        ("a", "", ["a"]),
        ("a", "a b", ["a", "b"]),
        ("b", "a b", ["b", "a"]),
        ("c", "a b", ["c", "a", "b"]),
        ("", "a b", ["a", "b"]),
    ],
)
def test_the_stable_revision_comes_first(stable: str, record: str, expected: list[str]) -> None:
    assert promoted(rollout(stable, record)) == expected


def test_a_new_object_has_no_record() -> None:
    assert promoted({}) == []
    assert promoted({"metadata": {"annotations": None}, "status": None}) == []
    assert release_of({}) == ""


def test_what_an_undo_leaves_is_struck() -> None:
    assert promoted_after_change(rollout("b", "b a"), leaving="b") == "a"
    assert promoted_after_change(rollout("b", "b a"), leaving="not-promoted") == "b a"


def test_the_record_does_not_grow_without_end() -> None:
    record = " ".join(f"h{number}" for number in range(30))
    assert promoted_after_change(rollout("new", record)).split() == ["new", *(f"h{number}" for number in range(9))]


def test_a_release_is_marked_once() -> None:
    assert release_of({"metadata": {"annotations": {RELEASE: "r1"}}}) == "r1"
    assert marked_rolled_back("r1") == "r1 rolled-back"
    assert marked_rolled_back(marked_rolled_back("r1")) == "r1 rolled-back"
