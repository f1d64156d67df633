# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""One verb of the collection, independent of the door it is called through. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

# The shape of Ansible's own argument specs: option name -> its attributes.
ArgumentSpec = dict[str, dict[str, Any]]
Result = dict[str, Any]


@dataclass(frozen=True)
class Screen:
    """What can be shown where a task's lines appear; the default suits a log.

    Args:
        unicode: whether it shows more than ASCII.
        colour: whether it takes escape sequences for colours.
        redraws: whether what stands there can be drawn over.
    """

    unicode: bool = False
    colour: bool = False
    redraws: bool = False


class Show(Protocol):
    """Show lines that belong together, below a title (none when it is empty), without anything before each of them.

    With `over` they take the place of those before, as many of them as there is room for; only for a screen that redraws.
    """

    def __call__(self, title: str, lines: list[str], *, over: bool = False) -> None: ...


@dataclass(frozen=True)
class Call:
    """What a door hands to an operation.

    Args:
        params: validated parameters, defaults filled in.
        check_mode: whether every write must be a server-side dry run.
        diff_mode: whether the result should hold a diff.
        say: shows a line of progress at once (a module cannot: its lines are collected in the result).
        warn: shows a warning.
        show: shows a block of lines at once, as far as `say` can.
        screen: what can be shown.
    """

    params: dict[str, Any]
    check_mode: bool
    diff_mode: bool
    say: Callable[[str], None]
    warn: Callable[[str], None]
    show: Show
    screen: Screen = Screen()


@dataclass(frozen=True)
class Operation:
    """A verb: its options as data and the function that does it.

    The function returns the result of the task or raises DeliveryError. Options named in ``private`` may hold the values
    of Secrets: no door repeats them in a result.
    """

    run: Callable[[Call], Result]
    options: ArgumentSpec
    mutually_exclusive: list[tuple[str, ...]] = field(default_factory=list)
    required_one_of: list[tuple[str, ...]] = field(default_factory=list)
    required_together: list[tuple[str, ...]] = field(default_factory=list)
    required_by: dict[str, str] = field(default_factory=dict)
    private: tuple[str, ...] = ()

    def rules(self) -> dict[str, Any]:
        """Return what AnsibleModule and ArgumentSpecValidator take beside the argument spec."""
        return {
            "mutually_exclusive": self.mutually_exclusive,
            "required_one_of": self.required_one_of,
            "required_together": self.required_together,
            "required_by": self.required_by,
        }
