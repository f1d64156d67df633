# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What is read from the callback's lines, and the order of the contenders."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench.bench import rotated
from tests.bench.plays import Mark, entries_of, marks_of


def test_tasks_have_a_beginning_and_an_end() -> None:
    entries = [
        {"mark": "began", "task": "1", "time": 10.0},
        {"mark": "ok", "task": "1", "time": 10.5, "changed": True},
        {"mark": "began", "task": "2", "time": 10.6},
        {"mark": "failed", "task": "2", "time": 11.0},
        {"mark": "began", "task": "3", "time": 11.1},
    ]

    assert marks_of(entries) == [Mark("1", 10.0, 10.5, changed=True), Mark("2", 10.6, 11.0, changed=False)]


def test_a_line_under_way_is_not_read_yet(tmp_path: Path) -> None:
    file = tmp_path / "marks"
    whole = {"mark": "began", "task": "1", "time": 1.0}
    file.write_text(json.dumps(whole) + "\n" + '{"mark": "ok", "ta', encoding="utf-8")

    assert entries_of(file) == [whole]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    file = tmp_path / "marks"
    file.write_text("", encoding="utf-8")

    assert entries_of(file) == []


def test_each_round_begins_with_another_one() -> None:
    assert [rotated("abc", number) for number in range(4)] == [list("abc"), list("bca"), list("cab"), list("abc")]
    assert rotated([], 3) == []
