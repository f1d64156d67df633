# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables of plain text."""

from __future__ import annotations

import pytest

from tests.bench.table import Table


def test_text_stands_to_the_left_and_figures_to_the_right() -> None:
    table = Table("Title", ["", "ms"], notes=["a note"])
    table.add("action", 61.5)
    table.add("a longer name", None)

    assert table.lines() == [
        "Title",
        "",
        "                 ms",
        "-------------  ----",
        "action         61.5",
        "a longer name     -",
        "  a note",
    ]


def test_a_row_with_another_number_of_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table("Title", ["", "ms"]).add("action")
