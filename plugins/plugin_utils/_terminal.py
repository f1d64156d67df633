# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What the terminal (or the file, or AWX) behind Ansible's output can show. Private to this collection."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..module_utils._operation import Screen

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_UP_AND_CLEAR = "\x1b[{}A\x1b[J"
# Of these, the last line is where the cursor stands.
_SPARE_ROWS = 2


@dataclass(frozen=True)
class Terminal:
    """Where the output goes.

    Args:
        unicode: whether its encoding has more than ASCII.
        colour: whether colours are wanted and shown.
        rows: its height, 0 when it is no terminal that can be drawn over.
        columns: its width.
    """

    unicode: bool = False
    colour: bool = False
    rows: int = 0
    columns: int = 0

    @classmethod
    def of(cls, stream: Any, environment: Mapping[str, str], *, colour: bool) -> Terminal:
        """Return what a stream leads to; `colour` is decided by who knows the settings."""
        encoding = str(getattr(stream, "encoding", None) or "ascii").lower().replace("_", "-")
        unicode = encoding in ("utf-8", "utf8", "utf-8-sig")
        isatty = getattr(stream, "isatty", None)
        if not (isatty and isatty()) or environment.get("TERM", "dumb") == "dumb":
            return cls(unicode, colour)
        size: os.terminal_size = shutil.get_terminal_size()
        return cls(unicode, colour, size.lines, size.columns)

    def screen(self, *, alone: bool) -> Screen:
        """Return what can be shown; only what is `alone` on a terminal can be drawn over."""
        return Screen(self.unicode, self.colour, redraws=alone and self.rows > _SPARE_ROWS + 1)


class Picture:
    """Lines that are drawn again and again in the same place."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._height = 0

    def over(self, lines: list[str]) -> str:
        """Return what to write so that lines take the place of those before, as many of them as there is room for."""
        room = self._terminal.rows - _SPARE_ROWS
        shown: list[str] = []
        height = 0
        for index, line in enumerate(lines):
            rows = self._rows(line)
            last = index == len(lines) - 1
            # What does not fit is told in the row that is left for it.
            if height + rows > room - (0 if last else 1):
                shown.append(f"({len(lines) - index} more lines)")
                height += 1
                break
            shown.append(line)
            height += rows
        before = _UP_AND_CLEAR.format(self._height) if self._height else ""
        self._height = height
        return before + "\n".join(shown)

    def _rows(self, line: str) -> int:
        length = len(without_colours(line))
        return max(-(-length // self._terminal.columns), 1) if self._terminal.columns else 1


def without_colours(text: str) -> str:
    """Return a text without the escape sequences of colours."""
    return _ESCAPES.sub("", text)
