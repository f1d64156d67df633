# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""Callback `recorder`: writes the result of every task as a line of JSON, so that tests read data instead of text."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: recorder
type: aggregate
short_description: Writes the result of every task as a line of JSON
description:
  - For tests only. The file is named by the environment variable TRADESENSE_TEST_RECORD.
requirements:
  - enable in configuration
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core is not typed
    """One line a result: status, task, host, item, time and the result itself."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        hosts = sorted(stats.processed)
        self._append(
            {"status": "stats", "hosts": {host: stats.summarize(host) for host in hosts}, "custom": stats.custom}
        )

    def _write(self, status: str, result: Any) -> None:
        entry = {
            "status": status,
            "task": result.task.get_name(),
            "action": result.task.action,
            "host": result.host.get_name(),
            "time": time.time(),
            "data": result.result,
        }
        self._append(entry)

    def _append(self, entry: dict[str, Any]) -> None:
        with open(os.environ["TRADESENSE_TEST_RECORD"], "a", encoding="utf-8") as file:
            file.write(json.dumps(entry, default=str) + "\n")
