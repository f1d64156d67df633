# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables of plain text. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

NOTHING = "-"


@dataclass
class Table:
    """A title, what the columns are, and the rows; the first column is text, the others are figures."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)
    notes: Sequence[str] = ()

    def add(self, *cells: object) -> None:
        """Add a row; None stands for what was not measured.

        Raises:
            ValueError: it has another number of cells than there are columns.
        """
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self.rows.append(cells)

    def lines(self) -> list[str]:
        """Return the table as lines: figures to the right, so that their digits stand below each other."""
        texts = [[_text(cell) for cell in row] for row in [self.columns, *self.rows]]
        widths = [max(len(row[column]) for row in texts) for column in range(len(self.columns))]
        made = [_line(row, widths) for row in texts]
        rule = "  ".join("-" * width for width in widths)
        return [self.title, "", made[0], rule, *made[1:], *[f"  {note}" for note in self.notes]]


def _text(cell: object) -> str:
    return NOTHING if cell is None else str(cell)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    others = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "  ".join([first, *others]).rstrip()
