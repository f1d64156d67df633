# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The file that says when the guard looked last."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.tradesense.delivery.plugins.module_utils._errors import DeliveryError
from ansible_collections.tradesense.delivery.plugins.module_utils._guarding.heartbeat import heartbeat


def test_each_beat_sets_the_time_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "alive"
    beat = heartbeat(str(file))
    assert not file.exists(), "it is there from the first look on"
    beat()
    os.utime(file, (1, 1))
    beat()
    assert time.time() - file.stat().st_mtime < 60


def test_without_a_path_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (None, ""):
        heartbeat(path)()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        heartbeat(str(tmp_path / "absent" / "alive"))()
    assert caught.value.reason == "BadOption"
    assert str(tmp_path) in caught.value.sentence()
