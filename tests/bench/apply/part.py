# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The part of the benchmark about applying an environment."""

from __future__ import annotations

from collections.abc import Callable

from tests.bench.apply import estate
from tests.bench.bench import Bench
from tests.bench.report import Report

ITEMS: dict[str, Callable[[Bench], Report]] = {"estate": estate.measure}
# Parts of the sandbox that would only take time from what is measured. The simulator stays: it serves the metrics APIs, and
# Kubernetes removes no namespace while an API that it has been told of does not answer.
NOT_NEEDED = ("prometheus",)
