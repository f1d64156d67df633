# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of the benchmark about applying an environment."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.apply import estate
from tests.bench.bench import Bench
from tests.bench.report import Report

ITEMS: dict[str, Callable[[Bench], Report]] = {"estate": estate.measure}
# Parts of the sandbox that would only take time from what is measured.
NOT_NEEDED = ("simulator", "prometheus")
