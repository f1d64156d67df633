# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What a part of the benchmark hands back: tables for people, goals, and everything as data. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import Series
from tests.bench.table import Table


@dataclass(frozen=True)
class Goal:
    """One goal of the design, and what was measured: met when it is at most the limit."""

    what: str
    limit: float
    measured: float
    unit: str = "ms"
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether what was measured keeps within the limit."""
        return self.measured <= self.limit

    def line(self) -> str:
        """Return the goal, the measurement and the verdict as one line."""
        verdict = "met" if self.met else "MISSED"
        note = f" ({self.note})" if self.note else ""
        return f"{verdict:6}  goal: {self.what} <= {self._with_unit(self.limit)}; measured {self._with_unit(self.measured)}{note}"

    def _with_unit(self, value: float) -> str:
        return f"{value:.3g} {self.unit}".rstrip() if value < 1000 else f"{value:.0f} {self.unit}".rstrip()


@dataclass
class Report:
    """Everything that one part (or one item of a part) found out."""

    tables: list[Table] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    def add(self, other: Report) -> None:
        """Take what another report holds into this one."""
        self.tables += other.tables
        self.goals += other.goals
        self.data.update(other.data)

    def lines(self) -> list[str]:
        """Return the report for people: the tables, then one line for each goal."""
        blocks = [[*table.lines(), ""] for table in self.tables]
        return [line for block in blocks for line in block] + [goal.line() for goal in self.goals]

    def to_json(self, part: str, machine: dict[str, Any]) -> str:
        """Return the report for programs: every single value, not only the medians."""
        goals = [
            {"what": goal.what, "limit": goal.limit, "measured": goal.measured, "unit": goal.unit, "met": goal.met}
            for goal in self.goals
        ]
        content = {"part": part, "machine": machine, "goals": goals, "values": self.data}
        return json.dumps(content, indent=2, default=_plain) + "\n"

    @property
    def missed(self) -> Sequence[Goal]:
        """The goals that were not met."""
        return [goal for goal in self.goals if not goal.met]


def _plain(value: object) -> object:
    if isinstance(value, Series):
        return {"median": value.median, "values": list(value.values)}
    raise TypeError(f"{type(value).__name__} is not for JSON")
