# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What outlives a guard comes back as it was, and damage is told."""

from __future__ import annotations

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._guard.cycle import begin
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.record import (
    Record,
    Rollback,
    from_data,
    to_data,
)

from tests.unit.plugins.module_utils._guard.guard_builders import POLICIES

STATE = begin(POLICIES, "web", uid="uid-1", revision="new", trading=True, origin=1000.0)
FULL = Record(
    state=STATE,
    paused=True,
    rollbacks=(Rollback(1.0, "bad", "good", "errors", seconds=0.5, pods=3, verdict="recovered"),),
    banned=("bad",),
    before="good",
    release="20261127T101000Z",
    holds=2,
    told={"version": 1, "channels": {}},
)


@pytest.mark.parametrize("record", [Record(), FULL], ids=["empty", "full"])
def test_it_comes_back_as_it_was(record: Record) -> None:
    assert from_data(to_data(record), "here") == record


def test_nothing_written_is_an_empty_record() -> None:
    assert from_data({}, "here") == Record()


@pytest.mark.parametrize(
    "data",
    [{"history": "{"}, {"history": "[]"}, {"history": '{"rollbacks": [{}]}'}, {"state": "{}"}, {"notifications": "{"}],
)
def test_damage_is_told_with_its_place(data: dict[str, str]) -> None:
    with pytest.raises(DeliveryError) as raised:
        from_data(data, "ConfigMap web-guard")
    assert raised.value.where == "ConfigMap web-guard"
