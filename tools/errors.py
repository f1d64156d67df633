# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The one error the tools raise on purpose, and the one place that turns it into words and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable


class ToolError(Exception):
    """Something a user can act on: what happened, and what to do next.

    ``detail`` is supporting text such as the end of a log, shown between the two.
    """

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail

    def render(self) -> str:
        """Return the text to show, without a trailing newline."""
        lines = [f"error: {self.message}"]
        lines += [f"  | {line}" for line in self.detail.splitlines()]
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)


def run_main(main: Callable[[], int]) -> int:
    """Call ``main`` and return its exit code; expected failures become text on stderr instead of a traceback."""
    try:
        return main()
    except ToolError as error:
        print(error.render(), file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)
        return 130
