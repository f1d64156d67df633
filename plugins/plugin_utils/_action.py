# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The action plugin's door: the only place that knows ActionBase. Private to this collection.

An action runs in Ansible's own worker: no interpreter to start, no module to pack, and its lines of progress appear at
once. It does so when the task runs on the controller; else the module of the same name is shipped to the host.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, ClassVar

from ansible.plugins.action import ActionBase
from ansible.utils import color

from ..module_utils._errors import DeliveryError
from ..module_utils._operation import Call, Operation
from ._filters import load_filters
from ._signals import whole
from ._terminal import Picture, Terminal, without_colours

# Looked at here, in the parent process: a worker has no terminal any more. Whether there are colours is for Ansible's own
# rules to say: ANSIBLE_NOCOLOR, NO_COLOR, ANSIBLE_FORCE_COLOR, and what the terminal can do.
_TERMINAL = Terminal.of(sys.stdout, os.environ, colour=bool(color.ANSIBLE_COLOR))

load_filters()


class DeliveryAction(ActionBase):  # type: ignore[misc]  # ansible-core is not typed
    """The in-process twin of a module: subclasses name the operation."""

    _supports_check_mode = True
    _supports_async = False
    _supports_diff = True
    TRANSFERS_FILES = False

    operation: ClassVar[Operation]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the options and run the operation, here or on the host."""
        super().run(tmp, task_vars)
        self._prepare(task_vars or {})
        if not self._runs_here():
            result: dict[str, Any] = self._execute_module(task_vars=task_vars)
            return result
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        # The worker process serves this one task, so its environment can be the task's.
        os.environ.update({key: str(value) for key, value in environment.items()})
        params = self.validate_argument_spec(self.operation.options, **self.operation.rules())[1]
        return self._call(_plain(params), task_vars or {})

    def _prepare(self, task_vars: dict[str, Any]) -> None:
        """Change the task's arguments where only the controller can, e.g. render templates."""

    def _runs_here(self) -> bool:
        return self._connection.transport == "local" and not self._connection.become

    def _call(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        warnings: list[str] = []
        host = str(task_vars.get("inventory_hostname", ""))
        # The lines of several hosts come in between each other's: then nothing can be drawn over.
        alone = len(task_vars.get("ansible_play_batch") or [host]) == 1
        picture = Picture(_TERMINAL)

        def say(line: str) -> None:
            self._print(_said(host, line))

        def show(title: str, lines: list[str], *, over: bool = False) -> None:
            shown = [*([_said(host, title)] if title else []), *lines]
            self._print(picture.over(shown) if over else "\n".join(shown), log=not over)

        call = Call(
            params=params,
            check_mode=bool(self._task.check_mode),
            diff_mode=bool(self._task.diff),
            say=say,
            warn=warnings.append,
            show=show,
            screen=_TERMINAL.screen(alone=alone),
        )
        try:
            result = self.operation.run(call)
        except DeliveryError as error:
            result = {"changed": False, **error.to_ansible(), "failed": True}
        for warning in warnings:
            self._display.warning(warning)
        return result

    def _print(self, text: str, *, log: bool = True) -> None:
        """Show a text at once and in one piece; Ansible's log file gets it without colours."""
        plain = without_colours(text)
        with whole():
            self._display.display(text, screen_only=text != plain or not log)
            if text != plain and log:
                self._display.display(plain, log_only=True)


def _said(host: str, line: str) -> str:
    return f"{time.strftime('%H:%M:%S')} [{host}] {line}"


def _plain(value: Any) -> Any:
    """Return a value without Ansible's tags: threads and JSON writers get plain strings."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str(value)
    return value
