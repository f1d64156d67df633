# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Callback `marks`: writes when each task began and ended, and nothing of its result, which could be large."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: marks
type: aggregate
short_description: Writes when each task began and ended
description:
  - For the benchmark only. The file is named by the environment variable TRADESENSE_BENCH_MARKS.
requirements:
  - enable in configuration
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core is not typed
    """One line of JSON for the beginning and one for the end of every task."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "marks"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        # Line by line: the benchmark reads along, and a worker that is forked must not inherit half a line.
        self._file = open(os.environ["TRADESENSE_BENCH_MARKS"], "a", encoding="utf-8", buffering=1)  # noqa: SIM115

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._write("began", task)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write("ok", result.task, changed=bool(result.result.get("changed")))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write("failed", result.task)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write("skipped", result.task)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write("unreachable", result.task)

    def _write(self, mark: str, task: Any, **more: bool) -> None:
        entry = {"mark": mark, "task": task.get_name(), "time": time.time(), **more}
        self._file.write(json.dumps(entry) + "\n")
