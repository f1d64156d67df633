# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Marks, branches and colours, as far as a screen has them. Pure functions. Private to this collection."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..._operation import Screen

# What a mark says, and which colour goes with it.
OK, BAD, BUSY, HELD, WARN, OFF = "ok", "bad", "busy", "held", "warn", "off"

_MARKS = {OK: "✔+", BAD: "✖x", BUSY: "◌o", HELD: "‖=", WARN: "⚠!", OFF: "•-"}
_COLOURS = {OK: "32", BAD: "31", BUSY: "36", HELD: "33", WARN: "33", OFF: "2", "bold": "1"}
# A child that is followed by others, what stands below it, the last child, what stands below that.
_BRANCHES = (("├─ ", "│  ", "└─ ", "   "), ("|- ", "|  ", "`- ", "   "))

_OF_PHASES = {
    "Healthy": OK,
    "Successful": OK,
    "Degraded": BAD,
    "Failed": BAD,
    "Error": BAD,
    "Paused": HELD,
    "Inconclusive": WARN,
    "ScaledDown": OFF,
    "ScalingDown": OFF,
}


def mark_of(phase: str) -> str:
    """Return which mark suits a phase or status; one that is none of the known goes on."""
    return _OF_PHASES.get(phase, BUSY)


@dataclass
class Node:
    """A line of a tree and what hangs below it; ``facts`` are lines of its own that come before its children."""

    line: str
    facts: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True)
class Pen:
    """Writes for one screen."""

    screen: Screen

    def mark(self, what: str) -> str:
        """Return a mark in its colour."""
        return self.paint(_MARKS[what][0 if self.screen.unicode else 1], what)

    def paint(self, text: str, what: str) -> str:
        """Return a text in the colour of a mark."""
        return f"\x1b[{_COLOURS[what]}m{text}\x1b[0m" if self.screen.colour and text else text

    def text(self, given: str) -> str:
        """Return what an object of the cluster says, so that it can do no harm to a terminal nor be more than it shows."""
        harmless = given.isprintable()
        shown = given if harmless else "".join(letter if letter.isprintable() else " " for letter in given)
        return shown if self.screen.unicode else shown.encode("ascii", "replace").decode("ascii")

    def bold(self, text: str) -> str:
        """Return a text that stands out."""
        return self.paint(text, "bold")

    def draw(self, node: Node) -> list[str]:
        """Return a tree as lines."""
        return self._lines(node, "", "")

    def _lines(self, node: Node, before: str, below: str) -> list[str]:
        fork, pipe, last, blank = _BRANCHES[0 if self.screen.unicode else 1]
        lines = [f"{before}{node.line}"]
        lines += [f"{below}{pipe if node.children else blank}{fact}".rstrip() for fact in node.facts]
        for child in node.children[:-1]:
            lines += self._lines(child, below + fork, below + pipe)
        for child in node.children[-1:]:
            lines += self._lines(child, below + last, below + blank)
        return lines


def columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows as lines whose columns line up."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
